// What the tests share: the loader as a process, callers with tokens, and the same question asked of the database directly.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SignJWT } from 'jose';
import pg from 'pg';

export const secret = 'a secret of the tests, longer than 32 bytes';
export const asOf = '2026-03-02T10:07:00Z';
const program = fileURLToPath(new URL('../../examples/loader/dist/main.js', import.meta.url));

/** Starts a loader; its log is kept. Settings as in examples/loader/README.md. */
export async function startLoader(settings = {}) {
    const child = spawn(process.execPath, [program], {
        env: { ...process.env, PGUSER: 'authenticator', LOADER_PORT: '0', JWT_SECRET: secret, ...settings },
        stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = [];
    createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
    const lines = createInterface({ input: child.stdout });
    const url = await new Promise((resolve, reject) => {
        child.once('exit', (code) => reject(new Error(`the loader ended with ${code}:\n${log.join('\n')}`)));
        lines.on('line', (line) => {
            log.push(line);
            const found = /Server listening at (http:\/\/[\d.]+:\d+)/.exec(line);
            if (found) resolve(found[1]);
        });
    });
    return {
        url,
        log,
        process: child,
        /** Resolves when a line of the log matches: it comes by a pipe, maybe after the answer. */
        async logged(pattern) {
            for (let i = 0; i < 200; i++) {
                if (log.some((line) => pattern.test(line))) return;
                await new Promise((done) => setTimeout(done, 25));
            }
            throw new Error(`${pattern} does not come in the log:\n${log.slice(-20).join('\n')}`);
        },
        async stop() {
            if (child.exitCode === null) {
                child.kill('SIGTERM');
                await once(child, 'exit');
            }
            return child.exitCode;
        },
    };
}

export function token(claims, { key = new TextEncoder().encode(secret), alg = 'HS256', kid, expires = '1h' } = {}) {
    const jwt = new SignJWT(claims).setProtectedHeader({ alg, ...(kid && { kid }) }).setIssuedAt();
    return (expires === null ? jwt : jwt.setExpirationTime(expires)).sign(key);
}

/** Who asks: a role of the database and a tenant. Without a role it is anon, and no token is sent. */
export const claimsOf = (role, tenant = 'north') => ({ role, tenant_id: tenant, sub: 'somebody' });

export async function send(url, path, { role, tenant, method = 'GET', body, headers = {}, bearer } = {}) {
    const jwt = bearer ?? (role ? await token(claimsOf(role, tenant)) : undefined);
    const response = await fetch(url + path, {
        method,
        headers: {
            ...(jwt && { authorization: `Bearer ${jwt}` }),
            ...(body !== undefined && { 'content-type': 'application/json' }),
            ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = /json/.test(response.headers.get('content-type') ?? '') && text !== '';
    return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : text };
}

export async function connect() {
    const client = new pg.Client();
    await client.connect();
    return client;
}

/** PostgREST's statuses, written down a second time on purpose: test and loader must not share a mistake. */
export function statusOf(state, authenticated) {
    if (/^PT\d\d\d$/.test(state)) return Number(state.slice(2));
    if (state === '42501') return authenticated ? 403 : 401;
    if (/^(28|0L|0P)/.test(state)) return 403;
    if (state === '42883' || state === '42P01') return 404;
    if (state === '25006') return 405;
    if (state === '23503' || state === '23505') return 409;
    if (/^(08|53)/.test(state) && state !== '53400') return 503;
    if (/^(25|38|40|54|55|57|58|F0|HV|XX|P0)/.test(state) && state !== 'P0001') return 500;
    return ['21000', '42P17', '53400'].includes(state) ? 500 : 400;
}

const quoted = (name) => `"${name}"`;

/**
 * The answer of plain SQL as this role and tenant, in a transaction that is rolled back: {value} or {sqlstate, message}.
 * Arguments are JSON values.
 */
export async function plain(client, fn, args, { role = 'anon', tenant = 'north' } = {}) {
    const names = Object.keys(args);
    const values = fn.takes_body ? [JSON.stringify(args)] : names.map((name) => (typeof args[name] === 'object' && args[name] !== null && !fn.types[name].endsWith('[]') ? JSON.stringify(args[name]) : args[name]));
    const call = fn.takes_body ? `analytics.${quoted(fn.name)}($1::jsonb)` : `analytics.${quoted(fn.name)}(${names.map((name, i) => `${quoted(name)} => $${i + 1}::${fn.types[name]}`).join(', ')})`;
    await client.query('BEGIN');
    try {
        await client.query("SELECT set_config('request.jwt.claims', $1, true), set_config('TimeZone', 'UTC', true)", [JSON.stringify(role === 'anon' ? { role } : claimsOf(role, tenant))]);
        await client.query(`SET LOCAL ROLE ${quoted(role)}`);
        const { rows } = await client.query(fn.set ? `SELECT coalesce(json_agg(r), '[]')::text AS value FROM ${call} r` : fn.composite ? `SELECT row_to_json(r)::text AS value FROM ${call} r` : fn.type === 'void' ? `SELECT NULL AS value FROM ${call} r` : `SELECT to_json(r)::text AS value FROM ${call} r`, values);
        return { value: rows[0].value === null ? null : JSON.parse(rows[0].value) };
    } catch (error) {
        return { sqlstate: error.code, message: error.message };
    } finally {
        await client.query('ROLLBACK');
    }
}

/** An answer without what the clock says in it: when a check was made, and how old what it found is. */
export function timeless(value) {
    if (Array.isArray(value)) return value.map(timeless);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'checked_at' && key !== 'age_s')
        .map(([key, part]) => [key, key === 'detail' && 'age_s' in value ? 'of that age' : timeless(part)]));
}

/** The functions of the schema as the tests see them, by name. */
export async function functionsOf(client) {
    const { rows } = await client.query(`
        SELECT p.proname AS name, p.provolatile <> 'v' AS stable, p.proretset AS set, t.typname AS type, t.typtype = 'd' AND t.typname LIKE '%/%' OR t.typname = 'bytea' AS file,
               t.typtype = 'c' OR t.typname = 'record' AS composite, p.pronargs AS count, p.pronargs = 1 AND p.proargnames IS NULL AND p.proargtypes[0] IN ('json'::regtype, 'jsonb'::regtype) AS takes_body, p.pronargs - p.pronargdefaults AS required, e.access, e.limit_class, e.max_age, e.stale_while_revalidate AS stale,
               coalesce(p.proargnames[1:p.pronargs], '{}') AS names,
               (SELECT coalesce(json_object_agg(p.proargnames[i], format_type(p.proargtypes[i - 1], NULL)), '{}') FROM generate_series(1, p.pronargs) i WHERE p.proargnames[i] <> '') AS types
        FROM pg_proc p JOIN pg_type t ON t.oid = p.prorettype JOIN analytics_internal.endpoints() e ON e.name = p.proname
        WHERE p.pronamespace = 'analytics'::regnamespace AND p.prokind = 'f' AND (t.typtype <> 'p' OR t.typname IN ('void', 'record'))
        ORDER BY p.proname`);
    return new Map(rows.filter((fn) => fn.takes_body || (fn.names.length === fn.count && Object.keys(fn.types).length === fn.count)).map((fn) => [fn.name, fn]));
}

const samples = { text: 'check', uuid: '00000000-0000-0000-0000-000000000001', inet: '192.0.2.1', date: '2026-03-01', integer: 5, bigint: 5, numeric: 5, boolean: false, interval: '1 hour', jsonb: {}, 'double precision': 5, 'double precision[]': [1, 2, 3, 4, 5, 6, 7, 8], 'text[]': ['check'], 'integer[]': [2], regclass: 'analytics_data.orders', name: 'check' };

/** Arguments to call a function with: its example where the database has one, else a value of each type that is required. */
export async function argumentsOf(client, functions) {
    const known = (await client.query("SELECT to_regprocedure('analytics_internal.examples()') IS NOT NULL AS known")).rows[0].known;
    const examples = known ? (await client.query('SELECT analytics_internal.examples() AS examples')).rows[0].examples : {};
    return new Map([...functions.values()].map((fn) => {
        const args = Object.fromEntries(fn.names.slice(0, fn.required).map((name) => [name, /timestamp/.test(fn.types[name]) ? asOf : (samples[fn.types[name]] ?? 'check')]));
        if (fn.names.includes('as_of')) args.as_of = asOf;
        return [fn.name, { ...args, ...(examples[fn.name]?.arguments ?? {}) }];
    }));
}
