// OpenAPI 3.1: what the database says of its functions (analytics.get_openapi, as the caller may see it), and the table's
// paths, whose parameters, bodies and answers are those of their functions.
import { pathArguments, queryParameters, sections, type Line } from './routes.js';

type Json = Readonly<Record<string, unknown>>;

interface Parameter {
    readonly name?: string;
    readonly in?: string;
    readonly required?: boolean;
    readonly schema?: Json;
    readonly description?: string;
}

interface Schema {
    readonly required?: readonly string[];
    readonly properties?: Readonly<Record<string, Json>>;
}

interface Media {
    readonly schema?: Schema & Json;
    readonly example?: unknown;
}

interface Answer {
    readonly description?: string;
    readonly content?: Readonly<Record<string, Media>>;
}

interface Operation {
    readonly summary?: string;
    readonly description?: string;
    readonly security?: readonly Json[];
    readonly parameters?: readonly Parameter[];
    readonly requestBody?: { readonly required?: boolean; readonly content: Readonly<Record<string, Media>> };
    readonly responses: Readonly<Record<string, Answer>>;
}

type Operations = Readonly<Record<string, Operation>>;

export interface Document {
    readonly tags?: readonly Json[];
    readonly paths: Readonly<Record<string, Operations>>;
    readonly components: Readonly<Record<string, Json>>;
}

const json = 'application/json';
const nullable = { type: ['string', 'null'] };

const pathError: Json = {
    type: 'object',
    required: ['error', 'message', 'code', 'details', 'request_id', 'timestamp'],
    properties: {
        error: { type: 'string', description: 'code as a word: invalid_request, unauthorized, forbidden, not_found, conflict, rate_limit_exceeded, internal_error.' },
        message: { type: 'string' },
        code: { type: 'string', enum: ['AUTH_REQUIRED', 'FORBIDDEN', 'NOT_FOUND', 'VALIDATION_ERROR', 'CONFLICT', 'RATE_LIMIT_EXCEEDED', 'DATABASE_ERROR', 'INTERNAL_ERROR'] },
        details: { type: ['object', 'null'], properties: { sqlstate: nullable, detail: nullable, hint: nullable } },
        request_id: { type: 'string', description: 'As in X-Request-Id and in the log.' },
        timestamp: { type: 'string', format: 'date-time' },
        retry_after_seconds: { type: ['integer', 'null'], description: 'With 429.' },
        retry_after: { type: ['integer', 'null'], description: 'The same.' },
        limit: { type: ['integer', 'null'], description: 'With 429: requests in a window.' },
        window: { type: ['integer', 'null'], description: 'With 429: seconds.' },
    },
};

const errors: Readonly<Record<string, string>> = {
    400: 'A bad argument: the message names it and what is allowed.',
    401: 'No token or key, or one that is not valid.',
    403: 'The role may not ask this.',
    404: 'An unknown id.',
    409: 'The state forbids it.',
    429: 'Too many requests.',
    500: 'Cancelled, or a fault.',
};

const errorAnswers: Json = Object.fromEntries(Object.entries(errors).map(([status, description]) =>
    [status, { description, content: { [json]: { schema: { $ref: '#/components/schemas/PathError' } } } }]));

/** The arguments of a function as parameters: as its GET has them, or from the body of its POST. */
function argumentsOf(operations: Operations): Parameter[] {
    if (operations['get'] !== undefined) return (operations['get'].parameters ?? []).filter((parameter) => parameter.name !== undefined);
    const schema = operations['post']?.requestBody?.content[json]?.schema;
    return Object.entries(schema?.properties ?? {}).map(([name, property]) => ({ name, schema: property, required: schema?.required?.includes(name) ?? false }));
}

const successes = (operation: Operation): [string, Answer][] => Object.entries(operation.responses).filter(([status]) => status.startsWith('2'));

function answersOf(line: Line, operations: readonly Operation[]): Json {
    const [first] = operations;
    if (first === undefined) return {};
    const keys = line.extras.as;
    if (keys !== undefined) {
        const schemas = operations.map((operation) => successes(operation)[0]?.[1].content?.[json]?.schema ?? {});
        const schema = { type: 'object', required: keys, properties: Object.fromEntries(keys.map((key, i) => [key, schemas[i] ?? {}])) };
        return { 200: { description: 'The answer.', content: { [json]: { schema } } } };
    }
    return Object.fromEntries(successes(first).map(([status, answer]) =>
        [status, line.extras.csv === true ? { ...answer, content: { ...answer.content, 'text/csv': {} } } : answer]));
}

/** The body without what stands in the path. */
function bodyOf(line: Line, operation: Operation): Json | undefined {
    const body = operation.requestBody;
    const media = body?.content[json];
    if (body === undefined || media?.schema?.properties === undefined) return body === undefined ? undefined : { ...body };
    const inPath = pathArguments(line.path);
    const without = (object: object): Record<string, unknown> => Object.fromEntries(Object.entries(object).filter(([name]) => !inPath.includes(name)));
    const required = (media.schema.required ?? []).filter((name) => !inPath.includes(name));
    const properties = { ...without(media.schema.properties), ...(line.extras.csv === true && { format: { type: 'string', enum: ['json', 'csv'], default: 'json' } }) };
    const { required: _required, ...schema } = media.schema;
    return {
        required: required.length > 0 && line.extras.queryOrBody !== true,
        content: {
            [json]: {
                schema: { ...schema, properties, ...(required.length > 0 && line.extras.queryOrBody !== true && { required }) },
                ...(typeof media.example === 'object' && media.example !== null && { example: without(media.example) }),
            },
        },
    };
}

function operationOf(tag: string, line: Line, path: string, functions: readonly Operations[]): Json {
    const operations = functions.flatMap((each) => each[line.method === 'GET' ? 'get' : 'post'] ?? each['post'] ?? each['get'] ?? []);
    const [first] = operations;
    if (first === undefined) return {};
    const known = functions.flatMap(argumentsOf);
    const find = (name: string): Parameter | undefined => known.find((parameter) => parameter.name === name);
    const query = line.method === 'GET'
        ? queryParameters(line, (name) => find(name) !== undefined)
        : line.extras.queryOrBody === true ? known.map(({ name = '' }) => ({ name, argument: name })) : [];
    const parameters = [
        ...pathArguments(line.path).map((name) => ({ ...find(name), name, in: 'path', required: true })),
        ...query.map(({ name, argument }) => ({ ...find(argument), name, in: 'query', ...(line.method !== 'GET' && { required: false }) })),
    ];
    const body = line.method === 'GET' ? undefined : bodyOf(line, first);
    return {
        operationId: `${line.method.toLowerCase()}_${path.replace(/\W+/g, '_').replace(/^_|_$/g, '')}`,
        tags: [tag],
        summary: first.summary,
        description: first.description,
        security: first.security,
        parameters,
        ...(body !== undefined && { requestBody: body }),
        responses: { ...answersOf(line, operations), ...errorAnswers },
    };
}

/** Rows are not filtered here, so what PostgREST offers for that goes. */
function plainFunction(operations: Operations): Json {
    return Object.fromEntries(Object.entries(operations).map(([method, operation]) =>
        [method, operation.parameters === undefined ? operation : { ...operation, parameters: operation.parameters.filter((parameter) => parameter.name !== undefined) }]));
}

export function withPaths(document: Document): Json {
    const paths: Record<string, Json> = {};
    for (const section of sections) {
        for (const prefix of section.prefixes) {
            for (const line of section.lines) {
                const functions = line.functions.map((name) => document.paths[`/rpc/${name}`]).filter((each) => each !== undefined);
                if (functions.length !== line.functions.length) continue;
                const path = prefix + line.path;
                paths[path] = { ...paths[path], [line.method.toLowerCase()]: operationOf(section.title, line, path, functions) };
            }
        }
    }
    for (const [path, operations] of Object.entries(document.paths)) if (path.startsWith('/rpc/')) paths[path] = plainFunction(operations);
    const { parameters: _filters, ...components } = document.components;
    return {
        ...document,
        servers: [{ url: '/' }],
        tags: [...sections.map((section) => ({ name: section.title })), ...(document.tags ?? []).filter((tag) => tag['name'] !== 'views')],
        paths,
        components: { ...components, schemas: { ...components['schemas'], PathError: pathError } },
    };
}
