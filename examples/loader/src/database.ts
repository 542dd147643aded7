// One request is one transaction: its role, its claims, the hook, the function.
import { Pool, type PoolClient } from 'pg';
import type { Caller } from './auth.js';
import type { Config } from './config.js';
import { fromDatabase, HttpError, type Headers } from './errors.js';
import type { Statement } from './statement.js';

export interface Request {
    readonly caller: Caller;
    readonly method: string;
    /** As PostgREST names it: /rpc/<function>. */
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly readOnly: boolean;
    readonly statement: Statement;
}

export interface Answer {
    readonly body: string | Buffer;
    readonly status: number | undefined;
    readonly headers: Headers;
}

/** The headers of a hook that has let a request pass belong to a later error too. */
export class RequestError extends Error {
    constructor(
        override readonly cause: unknown,
        readonly headers: Headers,
    ) {
        super('request failed');
    }
}

export function makePool(config: Config): Pool {
    const pool = new Pool({
        ...(config.databaseUrl !== undefined && { connectionString: config.databaseUrl }),
        max: config.poolSize,
        pipeline: true,
        connectionTimeoutMillis: 10_000,
        idleTimeoutMillis: 60_000,
        application_name: 'agent_analytics loader',
        statement_timeout: config.statementTimeoutMs,
        idle_in_transaction_session_timeout: 10_000,
        options: '-c timezone=UTC -c search_path=analytics,public',
    });
    // A connection that the server ends while a request has it: the request's statement fails, which is enough.
    pool.on('connect', (client) => client.on('error', () => undefined));
    return pool;
}

const settings = `SELECT pg_catalog.set_config('request.jwt.claims', $1, true), pg_catalog.set_config('request.headers', $2, true),
    pg_catalog.set_config('request.method', $3, true), pg_catalog.set_config('request.path', $4, true),
    pg_catalog.set_config('role', $5, true)`;
const hook = `SELECT pg_catalog.current_setting('response.headers', true) AS headers FROM analytics.pre_request() AS hook`;

interface Row {
    body: string | Buffer | null;
    headers: string | null;
    status: string | null;
}

export class Database {
    // A statement that comes again is planned once a connection. Which arguments a client leaves out makes another
    // statement, so their number is bounded.
    private readonly names = new Map<string, string>();
    private static readonly mostNames = 500;

    constructor(private readonly pool: Pool) {}

    /**
     * The five statements go out together and cost one round trip. Where one fails, PostgreSQL refuses those after it, and
     * COMMIT rolls back.
     * @throws RequestError with what PostgreSQL said
     */
    async run(request: Request, hasPreRequest: boolean): Promise<Answer> {
        let client: PoolClient;
        try {
            client = await this.pool.connect();
        } catch (error) {
            throw new RequestError(new HttpError(503, error instanceof Error ? error.message : 'no connection'), []);
        }
        const { caller, headers, method, path, statement } = request;
        const begun = client.query(request.readOnly ? 'BEGIN READ ONLY' : 'BEGIN');
        const identified = client.query({ name: 'settings', text: settings, values: [caller.claims, JSON.stringify(headers), method, path, caller.role] });
        const hooked = hasPreRequest ? client.query<Row>({ name: 'hook', text: hook }) : undefined;
        const asked = client.query<Row>({ ...this.named(statement.text), values: [...statement.values] });
        const ended = client.query('COMMIT');
        const [begin, identity, before, answer, end] = await Promise.allSettled([begun, identified, hooked, asked, ended]);
        // A connection whose transaction did not end is thrown away: its next user must not inherit a role.
        client.release(end.status === 'rejected');
        const ofHook = before.status === 'fulfilled' ? parseHeaders(before.value?.rows[0]?.headers) : [];
        if (identity.status === 'rejected' && begin.status === 'fulfilled') throw new RequestError(refusedRole(identity.reason), []);
        for (const step of [begin, before, answer, end]) {
            if (step.status === 'rejected') throw new RequestError(fromDatabase(step.reason, caller.hasToken || 'x-api-key' in headers), ofHook);
        }
        const row = answer.status === 'fulfilled' ? answer.value.rows[0] : undefined;
        const status = Number(row?.status || NaN);
        return { body: row?.body ?? '', headers: parseHeaders(row?.headers), status: status >= 200 && status <= 599 ? status : undefined };
    }

    private named(text: string): { text: string; name?: string } {
        let name = this.names.get(text);
        if (name === undefined) {
            if (this.names.size >= Database.mostNames) return { text };
            name = `call_${this.names.size}`;
            this.names.set(text, name);
        }
        return { text, name };
    }
}

/** A role that is none, or that the login role is not a member of, is the token's fault. */
function refusedRole(error: unknown): unknown {
    const failure = fromDatabase(error, true);
    if (!(failure instanceof HttpError) || failure.status >= 500) return failure;
    return new HttpError(failure.status === 403 ? 403 : 401, 'The token\'s role is not accepted', failure.sqlstate);
}

/** The setting response.headers: an array of objects with one key each. */
function parseHeaders(text: string | null | undefined): Headers {
    if (text === null || text === undefined || text === '') return [];
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list)) throw new HttpError(500, 'response.headers is not an array');
    return list.flatMap((item: unknown) => (typeof item === 'object' && item !== null ? Object.entries(item) : []))
        .map(([name, value]) => [name, String(value)] as const);
}
