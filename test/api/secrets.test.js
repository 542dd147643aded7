// No secret is anywhere but where it belongs: keys, tokens and what clients send in headers are searched for in the server's log, in the
// loader's, in every table, in pg_stat_activity while a request waits, and in the answers.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { claimsOf, connect, secret, send, startLoader, token } from './setup.js';

const client = await connect();
let loader;
before(async () => {
    // Every statement is logged, as docs/security.md says: without its parameters, of which the headers of a request are one.
    await client.query('ALTER SYSTEM SET log_min_duration_statement = 0');
    await client.query('ALTER SYSTEM SET log_parameter_max_length = 0');
    await client.query('SELECT pg_reload_conf()');
    loader = await startLoader({ LOADER_LOG_LEVEL: 'trace', LOADER_STATEMENT_TIMEOUT_MS: '1500' });
});
after(async () => {
    await client.query('ALTER SYSTEM RESET log_min_duration_statement');
    await client.query('ALTER SYSTEM RESET log_parameter_max_length');
    await client.query('SELECT pg_reload_conf()');
    await loader.stop();
    await client.end();
});

describe('secrets', () => {
    const secrets = { 'the secret of tokens': secret };
    const answers = [];
    const ask = async (path, options) => {
        const answer = await send(loader.url, path, options);
        answers.push(answer.text + JSON.stringify([...answer.headers]));
        return answer;
    };
    const activity = [];

    test('requests of each kind', async () => {
        const admin = { role: 'service_role', tenant: 'secrets', method: 'POST' };
        const made = await send(loader.url, '/rpc/create_api_key', { ...admin, body: { name: 'one', scopes: ['read', 'write'] } });
        const { key_id: id, api_key: key } = made.body;
        assert.match(key, /^aa_[0-9a-f]{12}_[0-9a-f]{64}$/);
        secrets['an API key'] = key.split('_')[2];
        const withKey = { headers: { 'x-api-key': key } };
        assert.equal((await ask('/rpc/get_dashboard_summary', withKey)).status, 200);
        assert.equal((await ask('/rpc/get_hourly_trends?hours_back=0', withKey)).status, 400);
        assert.equal((await ask('/rpc/record_order', { ...withKey, method: 'POST', body: { order_id: '', total_amount: 1 } })).status, 400);
        assert.equal((await ask('/rpc/list_api_keys', withKey)).status, 403);
        assert.equal((await ask('/rpc/list_api_keys', { role: 'service_role', tenant: 'secrets' })).status, 200);
        assert.equal((await ask('/rpc/revoke_api_key', { ...admin, body: { key_id: id } })).status, 204);
        assert.equal((await ask('/rpc/get_dashboard_summary', withKey)).status, 401);
        secrets['a wrong key'] = 'f0'.repeat(32);
        assert.equal((await ask('/rpc/get_trends', { headers: { 'x-api-key': `aa_0123456789ab_${secrets['a wrong key']}` } })).status, 401);
        secrets['no key at all'] = 'hunter2-hunter2-hunter2';
        assert.equal((await ask('/rpc/get_trends', { headers: { 'x-api-key': secrets['no key at all'] } })).status, 401);

        const good = await token(claimsOf('authenticated', 'secrets'));
        const old = await token(claimsOf('authenticated', 'secrets'), { expires: '-1h' });
        const foreign = await token(claimsOf('nobody_knows_this_role', 'secrets'));
        for (const [name, bearer, status] of [['a token', good, 200], ['an old token', old, 401], ['a token of no role', foreign, 401]]) {
            secrets[name] = bearer.split('.')[2];
            assert.equal((await ask('/rpc/get_dashboard_summary', { bearer })).status, status, name);
        }
        secrets['a cookie'] = 'session-0f8fad5b-d9cb-469f';
        secrets['an apikey of a gateway'] = 'gateway-7c9e6679-7425-40de';
        await ask('/rpc/get_trends?metric=nonsense', { bearer: good, headers: { cookie: `sid=${secrets['a cookie']}`, apikey: secrets['an apikey of a gateway'] } });
    });

    test('a request that waits, and is ended', async () => {
        const key = (await send(loader.url, '/rpc/create_api_key', { role: 'service_role', tenant: 'secrets', method: 'POST', body: { name: 'two', scopes: ['write'] } })).body.api_key;
        secrets['the key of who waits'] = key.split('_')[2];
        const holder = await connect();
        await holder.query('BEGIN');
        await holder.query('LOCK TABLE analytics_data.orders IN ACCESS EXCLUSIVE MODE');
        const waiting = ask('/rpc/record_order', { headers: { 'x-api-key': key }, method: 'POST', body: { order_id: 'w', total_amount: 1 } });
        for (let i = 0; i < 40 && !activity.some((row) => row.includes('record_order')); i++) {
            const { rows } = await client.query("SELECT a::text AS row FROM pg_stat_activity a WHERE application_name LIKE '%loader%'");
            activity.push(...rows.map(({ row }) => row));
            await new Promise((done) => setTimeout(done, 25));
        }
        assert.equal((await waiting).status, 500);
        await holder.query('ROLLBACK');
        await holder.end();
        assert.ok(activity.some((row) => row.includes('record_order')), 'it was seen waiting');
    });

    const nowhere = (text, place) => {
        assert.ok(Object.keys(secrets).length >= 10);
        for (const [name, value] of Object.entries(secrets)) assert.ok(!text.includes(value), `${name} is in ${place}: ${text.slice(Math.max(0, text.indexOf(value) - 300), text.indexOf(value) + 40)}`);
    };
    test('the server logs none, though it logs statements', () => {
        const log = readFileSync(process.env.SERVER_LOG, 'utf8');
        assert.match(log, /analytics"?\."?record_order/);
        nowhere(log, 'the log of the server');
    });
    test('nor does the loader', () => nowhere(loader.log.join('\n'), 'the log of the loader'));
    test('no answer has one, but the one that made it', () => nowhere(answers.join('\n'), 'an answer'));
    test('nor pg_stat_activity', () => nowhere(activity.join('\n'), 'pg_stat_activity'));
    test('nor any table', async () => {
        await client.query('SELECT analytics_internal.flush_requests()');
        const { rows } = await client.query("SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('analytics_data', 'analytics_store')");
        assert.ok(rows.length > 20);
        for (const { name } of rows) {
            const { rows: [{ all }] } = await client.query(`SELECT coalesce(string_agg(t::text, E'\\n'), '') AS all FROM ${name} t`);
            nowhere(all, name);
        }
    });
});
