// OpenAPI 3.1 of the paths that this database answers: parameters and results from the catalog, texts from the comments.
import type { Argument, Catalog, SqlFunction } from './catalog.js';
import { pathArguments, queryParameters, sections, type Line, type Section } from './routes.js';

type Json = Readonly<Record<string, unknown>>;

function schemaOf(type: string): Json {
    if (type.endsWith('[]')) return { type: 'array', items: schemaOf(type.slice(0, -2)) };
    switch (type) {
        case 'smallint':
        case 'integer':
        case 'bigint':
            return { type: 'integer' };
        case 'numeric':
        case 'real':
        case 'double precision':
            return { type: 'number' };
        case 'boolean':
            return { type: 'boolean' };
        case 'timestamp with time zone':
            return { type: 'string', format: 'date-time' };
        case 'date':
            return { type: 'string', format: 'date' };
        case 'uuid':
            return { type: 'string', format: 'uuid' };
        case 'json':
        case 'jsonb':
            return {};
        default:
            return { type: 'string' };
    }
}

const orNull = (schema: Json): Json => (typeof schema['type'] === 'string' ? { ...schema, type: [schema['type'], 'null'] } : schema);

function rowOf(fn: SqlFunction): Json {
    return {
        type: 'object',
        properties: Object.fromEntries(fn.columns.map((column) => [column.name, orNull(schemaOf(column.type))])),
        required: fn.columns.map((column) => column.name),
    };
}

function resultOf(fn: SqlFunction): Json {
    switch (fn.shape) {
        case 'rows':
            return { type: 'array', items: fn.columns.length > 0 ? rowOf(fn) : schemaOf(fn.resultType.replace(/^setof /i, '')) };
        case 'row':
            return fn.columns.length > 0 ? rowOf(fn) : { type: 'object' };
        case 'scalar':
            return orNull(schemaOf(fn.resultType));
        default:
            return {};
    }
}

function answerOf(functions: readonly SqlFunction[], line?: Line): Json {
    const [fn] = functions;
    if (fn === undefined || fn.shape === 'nothing') return { 204: { description: 'Done.' } };
    const keys = line?.extras.as;
    const schema = keys === undefined
        ? resultOf(fn)
        : { type: 'object', properties: Object.fromEntries(functions.map((each, i) => [keys[i] ?? each.name, resultOf(each)])), required: keys };
    const file = keys === undefined && (fn.shape === 'text file' || fn.shape === 'binary file');
    const content: Record<string, unknown> = file ? { [fn.mediaType ?? 'application/octet-stream']: {} } : { 'application/json': { schema } };
    if (line?.extras.csv === true) content['text/csv'] = {};
    return { 200: { description: fn.summary || 'The answer.', content } };
}

const errorsOf = (form: string): Json =>
    Object.fromEntries([['400', 'A bad argument'], ['401', 'A token is missing or not valid'], ['403', 'Not allowed'], ['404', 'Not there'], ['409', 'Not in this state'], ['429', 'Too many requests']].map(([status, description]) => [status, { description, content: { 'application/json': { schema: { $ref: `#/components/schemas/${form}` } } } }]));

function parameter(place: 'path' | 'query', name: string, argument: Argument): Json {
    return {
        name,
        in: place,
        required: place === 'path' || argument.required,
        schema: schemaOf(argument.type),
        ...(place === 'query' && argument.type.endsWith('[]') && { style: 'form', explode: false }),
    };
}

function bodyOf(fn: SqlFunction, without: readonly string[], csv: boolean): Json | undefined {
    if (fn.takesBody) {
        const type = fn.arguments[0]?.type;
        const media = type === 'json' || type === 'jsonb' ? 'application/json' : type === 'bytea' ? 'application/octet-stream' : 'text/plain';
        return { required: true, content: { [media]: { schema: schemaOf(type ?? 'text') } } };
    }
    const taken = fn.arguments.filter((argument) => !without.includes(argument.name));
    if (taken.length === 0 && !csv) return undefined;
    const required = taken.filter((argument) => argument.required).map((argument) => argument.name);
    const properties = {
        ...Object.fromEntries(taken.map((argument) => [argument.name, orNull(schemaOf(argument.type))])),
        ...(csv && { format: { type: 'string', enum: ['json', 'csv'] } }),
    };
    return {
        required: required.length > 0,
        content: { 'application/json': { schema: { type: 'object', properties, required, additionalProperties: false } } },
    };
}

function securityOf(fn: SqlFunction): Json[] {
    return fn.access === 'public' || fn.access === 'everyone' ? [{}, { bearer: [] }, { apiKey: [] }] : [{ bearer: [] }, { apiKey: [] }];
}

function operation(section: Section, line: Line, prefix: string, functions: readonly SqlFunction[]): Json {
    const [fn] = functions;
    if (fn === undefined) return {};
    const find = (name: string): Argument | undefined => functions.flatMap((each) => each.arguments).find((argument) => argument.name === name);
    const inPath = pathArguments(line.path);
    const parameters = [
        ...inPath.flatMap((name) => {
            const argument = find(name);
            return argument === undefined ? [] : [parameter('path', name, argument)];
        }),
        ...queryParameters(line, (name) => find(name) !== undefined).flatMap(({ name, argument }) => {
            const found = find(argument);
            return found === undefined || (line.method !== 'GET' && line.extras.queryOrBody !== true) ? [] : [parameter('query', name, found)];
        }),
    ];
    const body = line.method === 'GET' ? undefined : bodyOf(fn, inPath, line.extras.csv === true);
    return {
        operationId: `${line.method.toLowerCase()}_${(prefix + line.path).replace(/\W+/g, '_').replace(/^_|_$/g, '')}`,
        tags: [section.title],
        summary: fn.summary,
        description: fn.description,
        parameters,
        ...(body !== undefined && { requestBody: body }),
        security: securityOf(fn),
        responses: { ...answerOf(functions, line), ...errorsOf('Error') },
    };
}

function rpcPath(fn: SqlFunction): Json {
    const common = { tags: ['rpc'], summary: fn.summary, description: fn.description, security: securityOf(fn), responses: { ...answerOf([fn]), ...errorsOf('RpcError') } };
    const body = bodyOf(fn, [], false);
    return {
        ...(fn.readOnly && !fn.takesBody && {
            get: { operationId: `get_rpc_${fn.name}`, ...common, parameters: fn.arguments.map((argument) => parameter('query', argument.name, argument)) },
        }),
        post: { operationId: `post_rpc_${fn.name}`, ...common, ...(body !== undefined && { requestBody: body }) },
    };
}

const nullable = { type: ['string', 'null'] };
const schemas: Json = {
    Error: {
        type: 'object',
        required: ['error', 'message', 'code', 'details', 'request_id', 'timestamp'],
        properties: {
            error: { type: 'string' },
            message: { type: 'string' },
            code: { type: 'string', enum: ['AUTH_REQUIRED', 'FORBIDDEN', 'NOT_FOUND', 'VALIDATION_ERROR', 'CONFLICT', 'RATE_LIMIT_EXCEEDED', 'DATABASE_ERROR', 'INTERNAL_ERROR'] },
            details: { type: ['object', 'null'], properties: { sqlstate: nullable, detail: nullable, hint: nullable } },
            request_id: { type: 'string' },
            timestamp: { type: 'string', format: 'date-time' },
            retry_after_seconds: { type: ['integer', 'null'] },
            retry_after: { type: ['integer', 'null'] },
            limit: { type: ['integer', 'null'] },
            window: { type: 'integer' },
        },
    },
    RpcError: {
        type: 'object',
        required: ['code', 'message', 'details', 'hint'],
        properties: { code: { type: 'string' }, message: { type: 'string' }, details: nullable, hint: nullable },
    },
};

export function openApi(catalog: Catalog): Json {
    const paths: Record<string, Record<string, unknown>> = {};
    for (const section of sections) {
        for (const prefix of section.prefixes) {
            for (const line of section.lines) {
                const functions = line.functions.map((name) => catalog.functions.get(name)).filter((fn) => fn !== undefined);
                if (functions.length !== line.functions.length) continue;
                const path = prefix + line.path;
                paths[path] = { ...paths[path], [line.method.toLowerCase()]: operation(section, line, prefix, functions) };
            }
        }
    }
    for (const fn of catalog.functions.values()) {
        if (fn.access !== 'owner') paths[`/rpc/${fn.name}`] = rpcPath(fn);
    }
    return {
        openapi: '3.1.0',
        info: { title: 'agent_analytics', version: '1', description: 'The paths that this database answers.' },
        paths,
        components: {
            schemas,
            securitySchemes: {
                bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
                apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
            },
        },
    };
}
