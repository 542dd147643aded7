// HTTP: routes from the table, headers, errors, the log. What an answer says is the database's business.
import { createHash, randomUUID } from 'node:crypto';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { authenticator } from './auth.js';
import type { Catalog, SqlFunction } from './catalog.js';
import type { Config } from './config.js';
import { toCsv } from './csv.js';
import { type Database, RequestError } from './database.js';
import { contractBody, HttpError, rpcBody, type Headers } from './errors.js';
import { readInput, type Body, type Query } from './input.js';
import { withPaths, type Document } from './openapi.js';
import { sections, type Line } from './routes.js';
import { asAccepted, checkProfile, findFunction, fromBody, fromQuery, single } from './rpc.js';
import { noValues, statementFor, type Format, type Values } from './statement.js';

const everyAnswer: Headers = [
    ['X-API-Version', '1'],
    ['Content-Security-Policy', "default-src 'self'"],
    ['X-Content-Type-Options', 'nosniff'],
    ['X-Frame-Options', 'DENY'],
    ['X-XSS-Protection', '1; mode=block'],
    ['Strict-Transport-Security', 'max-age=31536000; includeSubDomains'],
    ['Cache-Control', 'no-store'],
];

// They may say who somebody is, and functions need no more than the claims.
const secretHeaders = new Set(['authorization', 'cookie', 'apikey', 'proxy-authorization']);

const rpcPaths: readonly string[] = ['/rpc/:function', '/rest/v1/rpc/:function'];

type Methods = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
const allMethods: readonly Methods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

interface Work {
    readonly functions: readonly SqlFunction[];
    readonly values: Values;
    readonly format: Format;
    readonly readOnly: boolean;
}

function requestId(given: string | string[] | undefined): string {
    return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}

function setHeaders(reply: FastifyReply, headers: Headers): void {
    for (const [name, value] of headers) {
        if (/^[\w-]+$/.test(name) && !/[\r\n]/.test(value)) reply.header(name, value);
    }
}

/** Whether the caller has this very answer (RFC 9110, 13.1.2). Its own few lines: @fastify/etag says 304 to POST and to errors too. */
function hasAlready(request: FastifyRequest, etag: string): boolean {
    const known = request.headers['if-none-match'];
    return known !== undefined && known.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')));
}

export interface Options {
    readonly config: Config;
    readonly database: Database;
    /** Asked for each request, so that a reload is seen. */
    readonly catalog: () => Catalog;
}

export function makeServer({ config, database, catalog }: Options): FastifyInstance {
    const app = fastify({
        logger: { level: config.logLevel },
        disableRequestLogging: true, // its lines would hold whole URLs; ours is below
        bodyLimit: config.bodyLimit,
        routerOptions: { maxParamLength: 1000 },
        genReqId: (request) => requestId(request.headers['x-request-id']),
        forceCloseConnections: 'idle',
    });
    const authenticate = authenticator(config);

    app.removeAllContentTypeParsers();
    app.addContentTypeParser(/^application\/(.+\+)?json\b/, { parseAs: 'string' }, (_request, body, done) => {
        const text = body.toString();
        if (text.trim() === '') return done(null, undefined);
        try {
            done(null, { kind: 'json', text, value: JSON.parse(text) } satisfies Body);
        } catch {
            done(new HttpError(400, 'the body is not JSON', '22023', undefined, 'Send a JSON object.'));
        }
    });
    app.addContentTypeParser(/^text\/plain\b/, { parseAs: 'string' }, (_request, body, done) => done(null, { kind: 'text', text: body.toString() } satisfies Body));
    app.addContentTypeParser(/^application\/octet-stream\b/, { parseAs: 'buffer' }, (_request, body, done) => done(null, { kind: 'bytes', bytes: Buffer.from(body) } satisfies Body));

    app.addHook('onRequest', (request, reply, done) => {
        setHeaders(reply, everyAnswer);
        reply.header('X-Request-Id', request.id);
        done();
    });
    // A client keeps its connection for the next request, and closing would wait for it.
    let closing = false;
    app.addHook('preClose', (done) => {
        closing = true;
        done();
    });
    app.addHook('onSend', (_request, reply, _payload, done) => {
        if (closing) reply.header('Connection', 'close');
        done();
    });
    app.addHook('onResponse', (request, reply, done) => {
        request.log.info({ method: request.method, path: request.routeOptions.url ?? 'none', status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10 }, 'request');
        done();
    });

    const send = (reply: FastifyReply, work: Work, body: string | Buffer, status: number | undefined, headers: Headers): FastifyReply => {
        const [fn] = work.functions;
        if (fn === undefined) return reply.code(500).send();
        const text = work.format === 'csv' ? toCsv(fn, body.toString()) : body;
        const file = work.format === 'as declared' && (fn.shape === 'text file' || fn.shape === 'binary file');
        const type = work.format === 'csv' ? 'text/csv' : file ? (fn.mediaType ?? 'application/octet-stream') : 'application/json';
        reply.header('Content-Type', /^text\/|json$/.test(type) ? `${type}; charset=utf-8` : type);
        reply.header('Cache-Control', fn.cacheControl);
        setHeaders(reply, headers);
        if (/^(GET|HEAD)$/.test(reply.request.method) && (status ?? 200) === 200 && fn.cacheControl !== 'no-store') {
            const etag = `"${createHash('sha256').update(text).digest('base64url')}"`;
            reply.header('ETag', etag);
            if (hasAlready(reply.request, etag)) return reply.removeHeader('content-type').code(304).send();
        }
        if (work.format === 'as declared' && fn.shape === 'nothing') return reply.removeHeader('content-type').code(status ?? 204).send();
        return reply.code(status ?? 200).send(text);
    };

    const perform = async (request: FastifyRequest, reply: FastifyReply, prepare: () => Work): Promise<{ work: Work; body: string | Buffer; status: number | undefined; headers: Headers }> => {
        const caller = await authenticate(request.headers.authorization);
        const known = catalog();
        if (request.headers['x-api-key'] !== undefined && !known.hasPreRequest)
            throw new HttpError(401, 'API keys are not accepted here', undefined, 'The database has no analytics.pre_request().', 'Send a token: Authorization: Bearer <JWT>.');
        const work = prepare();
        const name = work.functions[0]?.name ?? '';
        try {
            const answer = await database.run({
                caller,
                method: request.method,
                path: `/rpc/${name}`,
                headers: forwarded(request),
                readOnly: work.readOnly,
                statement: statementFor(work.functions, work.values, work.format),
            }, known.hasPreRequest);
            return { work, ...answer };
        } catch (error) {
            if (!(error instanceof RequestError)) throw error;
            setHeaders(reply, error.headers);
            throw error.cause;
        }
    };

    app.setErrorHandler((thrown, request, reply) => {
        const error = toHttpError(thrown);
        if (error.status >= 500) request.log.error({ sqlstate: error.sqlstate, detail: error.detail, reason: thrown instanceof Error ? thrown.message : 'unknown' }, 'failed');
        reply.header('Cache-Control', 'no-store');
        setHeaders(reply, error.headers);
        if (error.status === 401 && !reply.hasHeader('WWW-Authenticate')) reply.header('WWW-Authenticate', 'Bearer');
        const rpc = rpcPaths.some((path) => path === request.routeOptions.url);
        return reply.code(error.status).header('Content-Type', 'application/json; charset=utf-8')
            .send(JSON.stringify(rpc ? rpcBody(error) : contractBody(error, request.id)));
    });
    app.setNotFoundHandler(() => {
        throw new HttpError(404, 'There is no such path');
    });

    const serve = (line: Line, path: string): void => {
        app.route({
            method: line.method,
            url: path.replace(/\{(\w+)\}/g, ':$1'),
            handler: async (request: FastifyRequest<{ Params: Query; Querystring: Query }>, reply) => {
                const { work, body, status, headers } = await perform(request, reply, () => {
                    const functions = line.functions.map((name) => catalog().functions.get(name)).filter((fn) => fn !== undefined);
                    if (functions.length !== line.functions.length)
                        throw new HttpError(404, 'This database does not answer this path', undefined, `It has no function ${line.functions.join(' or ')}.`);
                    const readOnly = line.method === 'GET' ? line.extras.writes !== true : functions.every((fn) => fn.readOnly);
                    return { functions, readOnly, ...readInput(line, functions, request.params, request.query, request.body as Body | undefined) };
                });
                return send(reply, work, body, status, headers);
            },
        });
    };

    const served = new Map<string, Set<Methods>>();
    for (const section of sections) {
        for (const prefix of section.prefixes) {
            for (const line of section.lines) {
                const path = prefix + line.path;
                serve(line, path);
                const methods = served.get(path) ?? new Set();
                methods.add(line.method);
                if (line.method === 'GET') methods.add('HEAD');
                served.set(path, methods);
            }
        }
    }

    // supabase-js puts /rest/v1 before.
    for (const url of rpcPaths) app.route({
        method: ['GET', 'POST'],
        url,
        handler: async (request: FastifyRequest<{ Params: { function: string }; Querystring: Query }>, reply) => {
            const get = request.method !== 'POST';
            const { work, body, status, headers } = await perform(request, reply, () => {
                const profile = request.headers[get ? 'accept-profile' : 'content-profile'];
                checkProfile(typeof profile === 'string' ? profile : undefined);
                const fn = findFunction(catalog(), request.params.function);
                if (get && !fn.readOnly)
                    throw new HttpError(405, `cannot call ${fn.name} by ${request.method}: it writes`, '25006', undefined, 'Use POST.', [['Allow', 'POST']]);
                if (!get && Object.keys(request.query).length > 0) throw new HttpError(400, 'a POST takes its arguments in the body', undefined, undefined, 'Filters are not served here.', [], 'PGRST100');
                return { functions: [asAccepted(fn, request.headers.accept)], values: get ? fromQuery(fn, request.query) : fromBody(fn, request.body as Body | undefined), format: 'as declared', readOnly: get || fn.readOnly };
            });
            const [fn] = work.functions;
            return send(reply, work, fn !== undefined && typeof body === 'string' ? single(fn, request.headers.accept, body) : body, status, headers);
        },
    });
    for (const url of rpcPaths) served.set(url, new Set(['GET', 'HEAD', 'POST']));

    app.get('/openapi.json', async (request, reply) => {
        const { work, body, status, headers } = await perform(request, reply, () => {
            const fn = catalog().functions.get('get_openapi');
            if (fn === undefined) throw new HttpError(404, 'This database does not describe itself', undefined, 'It has no function get_openapi.');
            return { functions: [fn], values: noValues, format: 'as declared', readOnly: true };
        });
        return send(reply, work, JSON.stringify(withPaths(JSON.parse(body.toString()) as Document)), status, headers);
    });
    served.set('/openapi.json', new Set(['GET', 'HEAD']));

    // What a path does not take is 405 and says what it takes.
    for (const [path, methods] of served) {
        const allow = [...methods].join(', ');
        app.route({
            method: allMethods.filter((method) => !methods.has(method)),
            url: path.replace(/\{(\w+)\}/g, ':$1'),
            handler: (request) => {
                throw new HttpError(405, `${request.method} is not allowed here`, undefined, undefined, `Allowed: ${allow}.`, [['Allow', allow]]);
            },
        });
    }
    return app;
}

/** What the functions see as request.headers: one text a name. As each proxy does, we append whom we hear from. */
function forwarded(request: FastifyRequest): Record<string, string> {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers)) {
        if (value !== undefined && !secretHeaders.has(name)) headers[name] = Array.isArray(value) ? value.join(', ') : value;
    }
    const before = headers['x-forwarded-for'];
    return { ...headers, 'x-forwarded-for': before === undefined ? request.ip : `${before}, ${request.ip}`, 'x-request-id': request.id };
}

function toHttpError(thrown: unknown): HttpError {
    if (thrown instanceof HttpError) return thrown;
    // Fastify's own: a body that is too large, of an unknown type, a broken header.
    if (thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number' && thrown.statusCode < 500)
        return new HttpError(thrown.statusCode, thrown.message);
    return new HttpError(500, 'Internal error');
}
