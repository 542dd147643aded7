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

    /** @throws RequestError with what PostgreSQL said */
    async run(request: Request, hasPreRequest: boolean): Promise<Answer> {
        let client: PoolClient;
        try {
            client = await this.pool.connect();
        } catch (error) {
            throw new RequestError(new HttpError(503, error instanceof Error ? error.message : 'no connection'), []);
        }
        let headers: Headers = [];
        try {
            await client.query(request.readOnly ? 'BEGIN READ ONLY' : 'BEGIN');
            await this.identify(client, request);
            if (hasPreRequest) headers = parseHeaders((await client.query<Row>({ name: 'hook', text: hook })).rows[0]?.headers);
            const { rows } = await client.query<Row>({ ...this.named(request.statement.text), values: [...request.statement.values] });
            await client.query('COMMIT');
            client.release();
            const row = rows[0];
            const status = Number(row?.status || NaN);
            return { body: row?.body ?? '', headers: parseHeaders(row?.headers), status: status >= 200 && status <= 599 ? status : undefined };
        } catch (error) {
            // A connection that cannot even roll back is thrown away: its next user must not inherit a role.
            await client.query('ROLLBACK').then(() => client.release(), () => client.release(true));
            const authenticated = request.caller.hasToken || 'x-api-key' in request.headers;
            throw new RequestError(fromDatabase(error, authenticated), headers);
        }
    }

    private async identify(client: PoolClient, request: Request): Promise<void> {
        const values = [request.caller.claims, JSON.stringify(request.headers), request.method, request.path, request.caller.role];
        try {
            await client.query({ name: 'settings', text: settings, values });
        } catch (error) {
            const failure = fromDatabase(error, true);
            // A role that is none, or that the login role is not a member of, is the token's fault.
            if (failure instanceof HttpError && failure.status < 500)
                throw new HttpError(failure.status === 403 ? 403 : 401, 'The token\'s role is not accepted', failure.sqlstate);
            throw failure;
        }
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

/** The setting response.headers: an array of objects with one key each. */
function parseHeaders(text: string | null | undefined): Headers {
    if (text === null || text === undefined || text === '') return [];
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list)) throw new HttpError(500, 'response.headers is not an array');
    return list.flatMap((item: unknown) => (typeof item === 'object' && item !== null ? Object.entries(item) : []))
        .map(([name, value]) => [name, String(value)] as const);
}
