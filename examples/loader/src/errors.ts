// Errors: SQLSTATE to HTTP status as PostgREST maps it, and the two forms of a body.
import { DatabaseError } from 'pg';

export type Headers = readonly (readonly [string, string])[];

/** An answer that is no success. */
export class HttpError extends Error {
    constructor(
        readonly status: number,
        message: string,
        readonly sqlstate: string | undefined = undefined,
        readonly detail: string | undefined = undefined,
        readonly hint: string | undefined = undefined,
        readonly headers: Headers = [],
        readonly code: string | undefined = undefined,
    ) {
        super(message);
    }
}

const byClass: Readonly<Record<string, number>> = { '08': 503, '09': 500, '0L': 403, '0P': 403, '25': 500, '28': 403, '38': 500, '39': 500, '3B': 500, '40': 500, '53': 503, '54': 500, '55': 500, '57': 500, '58': 500, F0: 500, HV: 500, P0: 500, XX: 500 };
const byState: Readonly<Record<string, number>> = { '21000': 500, '23503': 409, '23505': 409, '25006': 405, '42501': 403, '42883': 404, '42P01': 404, '42P17': 500, '53400': 500, '57P01': 503, P0001: 400 };

/** @param authenticated who has shown neither token nor key is asked for one where rights are missing */
export function statusOf(sqlstate: string, authenticated: boolean): number {
    if (/^PT[45]\d\d$/.test(sqlstate)) return Number(sqlstate.slice(2));
    if (sqlstate === '42501' && !authenticated) return 401;
    return byState[sqlstate] ?? byClass[sqlstate.slice(0, 2)] ?? 400;
}

function object(text: string | undefined): Record<string, unknown> {
    try {
        const value: unknown = JSON.parse(text ?? '');
        return typeof value === 'object' && value !== null ? { ...value } : {};
    } catch {
        return {};
    }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** SQLSTATE PGRST: message and detail are JSON and say everything themselves. */
function fromPgrst(error: DatabaseError): HttpError {
    const message = object(error.message);
    const detail = object(error.detail);
    const headers = Object.entries(object(JSON.stringify(detail['headers'] ?? {})));
    const status = detail['status'];
    return new HttpError(
        typeof status === 'number' && status >= 400 && status <= 599 ? status : 500,
        textOf(message['message']) ?? 'error',
        undefined,
        textOf(message['details']),
        textOf(message['hint']),
        headers.map(([name, value]) => [name, String(value)] as const),
        textOf(message['code']),
    );
}

/** A connection that was lost, in the words of node-postgres and of the system. */
function isLost(error: unknown): error is Error {
    if (!(error instanceof Error)) return false;
    const code = 'code' in error ? error.code : undefined;
    return /^Connection terminated|not queryable/.test(error.message) || (typeof code === 'string' && /^E[A-Z]+$/.test(code));
}

export function fromDatabase(error: unknown, authenticated: boolean): unknown {
    if (isLost(error)) return new HttpError(503, error.message);
    if (!(error instanceof DatabaseError)) return error;
    const state = error.code ?? 'XX000';
    if (state === 'PGRST') return fromPgrst(error);
    return new HttpError(statusOf(state, authenticated), error.message, state, error.detail, error.hint);
}

const words: Readonly<Record<number, readonly [string, string]>> = {
    400: ['invalid_request', 'VALIDATION_ERROR'],
    401: ['unauthorized', 'AUTH_REQUIRED'],
    403: ['forbidden', 'FORBIDDEN'],
    404: ['not_found', 'NOT_FOUND'],
    405: ['method_not_allowed', 'VALIDATION_ERROR'],
    409: ['conflict', 'CONFLICT'],
    413: ['payload_too_large', 'VALIDATION_ERROR'],
    415: ['unsupported_media_type', 'VALIDATION_ERROR'],
    429: ['rate_limit_exceeded', 'RATE_LIMIT_EXCEEDED'],
    503: ['unavailable', 'DATABASE_ERROR'],
};

/** What a client is told: of a failure of ours no more than that there was one; the log has the rest. */
export function publicMessage(error: HttpError): string {
    if (error.status < 500) return error.message;
    if (error.sqlstate === '57014') return 'The answer took too long';
    return error.status === 503 ? 'The database is not available' : 'Internal error';
}

function header(headers: Headers, name: string): string | undefined {
    return headers.find(([key]) => key.toLowerCase() === name)?.[1];
}

const number = (text: string | undefined): number | null => (text !== undefined && /^\d+$/.test(text) ? Number(text) : null);

/** The form of the paths: error, message, code, details, request_id, timestamp. */
export function contractBody(error: HttpError, requestId: string): Record<string, unknown> {
    const known = words[error.status];
    const [word, code] = known ?? (error.status < 500 ? ['invalid_request', 'VALIDATION_ERROR'] : ['internal_error', error.sqlstate !== undefined && !error.sqlstate.startsWith('XX') ? 'DATABASE_ERROR' : 'INTERNAL_ERROR']);
    const open = error.status < 500;
    const details = open && (error.detail ?? error.hint ?? error.sqlstate) !== undefined
        ? { sqlstate: error.sqlstate ?? null, detail: error.detail ?? null, hint: error.hint ?? null }
        : null;
    const body = { error: word, message: publicMessage(error), code, details, request_id: requestId, timestamp: new Date().toISOString() };
    if (error.status !== 429) return body;
    const wait = number(header(error.headers, 'retry-after'));
    return {
        ...body,
        retry_after_seconds: wait,
        retry_after: wait,
        limit: number(header(error.headers, 'x-ratelimit-limit')),
        window: number(/ in (\d+) seconds/.exec(error.detail ?? '')?.[1]),
    };
}

/** PostgREST's form, which its clients expect under /rpc. */
export function rpcBody(error: HttpError): Record<string, unknown> {
    const open = error.status < 500;
    return {
        code: error.code ?? error.sqlstate ?? `LOADER${error.status}`,
        message: publicMessage(error),
        details: open ? (error.detail ?? null) : null,
        hint: open ? (error.hint ?? null) : null,
    };
}
