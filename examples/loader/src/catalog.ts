// What the database offers: the functions of the schema `analytics`, asked of its catalog, and how each may be cached.
import type { Pool, PoolClient } from 'pg';

export interface Argument {
    readonly name: string;
    /** As SQL writes it, qualified where it is not PostgreSQL's own. */
    readonly type: string;
    readonly required: boolean;
}

export interface Column {
    readonly name: string;
    readonly type: string;
}

/** How an answer becomes a body: rows an array, a row an object, a document itself, a file its own media type. */
export type Shape = 'rows' | 'row' | 'scalar' | 'document' | 'nothing' | 'text file' | 'binary file';

export interface SqlFunction {
    readonly name: string;
    readonly arguments: readonly Argument[];
    /** Its one argument has no name: the whole body of a POST. */
    readonly takesBody: boolean;
    readonly columns: readonly Column[];
    readonly shape: Shape;
    readonly mediaType: string | undefined;
    readonly readOnly: boolean;
    readonly cacheControl: string;
}

export interface Catalog {
    readonly functions: ReadonlyMap<string, SqlFunction>;
    /** The hook that authenticates keys, counts requests and sets headers. */
    readonly hasPreRequest: boolean;
}

// format_type leaves out the schema of what search_path shows, so that is emptied first.
const question = `
SELECT p.proname AS name, p.provolatile <> 'v' AS read_only, p.proretset AS is_set,
       t.typname AS result_name, t.typtype AS result_kind,
       format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL) AS result_base,
       p.pronargdefaults AS defaults,
       coalesce(a.arguments, '[]') AS arguments, coalesce(a.columns, '[]') AS columns,
       coalesce(e.max_age, 0) AS max_age, coalesce(e.stale_while_revalidate, 0) AS stale
FROM pg_proc p
JOIN pg_type t ON t.oid = p.prorettype
LEFT JOIN analytics_internal.endpoints() e ON e.name = p.proname
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_object('name', coalesce(x.name, ''), 'type', format_type(x.type, NULL)) ORDER BY x.place)
               FILTER (WHERE x.mode IN ('i', 'b', 'v')) AS arguments,
           json_agg(json_build_object('name', coalesce(x.name, ''), 'type', format_type(x.type, NULL)) ORDER BY x.place)
               FILTER (WHERE x.mode IN ('o', 'b', 't')) AS columns
    FROM (SELECT u.place, u.type, p.proargnames[u.place] AS name, coalesce(p.proargmodes[u.place], 'i') AS mode
          FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY u(type, place)) x) a ON true
WHERE p.pronamespace = 'analytics'::regnamespace AND p.prokind = 'f' AND t.typname NOT IN ('trigger', 'event_trigger', 'internal', 'cstring')
ORDER BY p.proname`;

interface Row {
    name: string;
    read_only: boolean;
    is_set: boolean;
    result_name: string;
    result_kind: string;
    result_base: string;
    defaults: number;
    arguments: Column[];
    columns: Column[];
    max_age: number;
    stale: number;
}

function shapeOf(row: Row): Shape {
    if (row.is_set) return 'rows';
    if (row.result_name === 'void') return 'nothing';
    if (row.result_base === 'bytea') return 'binary file';
    if (row.result_kind === 'd' && row.result_name.includes('/')) return 'text file';
    if (row.result_kind === 'c' || row.result_name === 'record') return 'row';
    return row.result_name === 'json' || row.result_name === 'jsonb' ? 'document' : 'scalar';
}

function cacheControl(maxAge: number, stale: number): string {
    if (maxAge === 0) return 'no-store';
    return `private, max-age=${maxAge}${stale > 0 ? `, stale-while-revalidate=${stale}` : ''}`;
}

function toFunction(row: Row): SqlFunction | undefined {
    const named = row.arguments.every((argument) => argument.name !== '');
    const takesBody = row.arguments.length === 1 && row.arguments[0]?.name === '';
    if (!named && !takesBody) return undefined; // a type's own function: called by position, not by a client
    const firstDefault = row.arguments.length - row.defaults;
    return {
        name: row.name,
        arguments: row.arguments.map((argument, place) => ({ ...argument, required: place < firstDefault })),
        takesBody,
        columns: row.columns,
        shape: shapeOf(row),
        // `*/*` leaves it to the header that the function sets.
        mediaType: row.result_kind === 'd' && row.result_name.includes('/') && row.result_name !== '*/*' ? row.result_name : undefined,
        readOnly: row.read_only,
        cacheControl: row.read_only ? cacheControl(row.max_age, row.stale) : 'no-store',
    };
}

async function read(client: PoolClient, anonRole: string): Promise<Catalog> {
    await client.query('BEGIN READ ONLY');
    // The login role has no rights of its own (NOINHERIT): what anybody may see is enough here.
    await client.query("SELECT set_config('role', $1, true), set_config('search_path', '', true)", [anonRole]);
    const { rows } = await client.query<Row>(question);
    await client.query('COMMIT');
    const functions = new Map<string, SqlFunction>();
    for (const row of rows) {
        const made = toFunction(row);
        if (made !== undefined) functions.set(made.name, made);
    }
    return { functions, hasPreRequest: functions.has('pre_request') };
}

export async function readCatalog(pool: Pool, anonRole: string): Promise<Catalog> {
    const client = await pool.connect();
    try {
        const catalog = await read(client, anonRole);
        client.release();
        return catalog;
    } catch (error) {
        client.release(true);
        throw error;
    }
}
