// The clients that users have: supabase-js and postgrest-js, against the loader's /rpc.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PostgrestClient } from '@supabase/postgrest-js';
import { createClient } from '@supabase/supabase-js';
import { argumentsOf, asOf, claimsOf, connect, functionsOf, plain, send, startLoader, statusOf, timeless, token } from './setup.js';

const client = await connect();
const functions = await functionsOf(client);
const examples = await argumentsOf(client, functions);
let loader;
before(async () => { loader = await startLoader(); });
after(async () => { await loader.stop(); await client.end(); });

// Its realtime part wants a WebSocket below Node.js 22, though nothing is subscribed to here.
class NoSocket {}
async function supabase(role, tenant = 'north', headers = {}) {
    const key = await token(claimsOf(role, tenant));
    return createClient(loader.url, key, { db: { schema: 'analytics' }, auth: { persistSession: false, autoRefreshToken: false }, global: { headers }, realtime: { transport: NoSocket } });
}
const postgrest = async (role, tenant = 'north') => new PostgrestClient(loader.url, { schema: 'analytics', headers: role ? { authorization: `Bearer ${await token(claimsOf(role, tenant))}` } : {} });
// The client makes text of an argument of a GET by itself, but not of an object.
const forGet = (args) => Object.fromEntries(Object.entries(args).map(([name, value]) => [name, typeof value === 'object' && !Array.isArray(value) && value !== null ? JSON.stringify(value) : value]));

const clients = { 'anon by postgrest-js': () => postgrest(), 'authenticated by supabase-js': () => supabase('authenticated'), 'service_role by supabase-js': () => supabase('service_role'), 'analytics_writer by postgrest-js': () => postgrest('analytics_writer') };

const may = { anon: ['everyone', 'public'], authenticated: ['everyone', 'public', 'reader'], analytics_writer: ['everyone', 'public', 'writer'], service_role: ['everyone', 'public', 'reader', 'writer', 'admin'] };

for (const [who, make] of Object.entries(clients)) {
    const role = who.split(' ')[0];
    describe(who, () => {
        let api;
        before(async () => { api = await make(); });
        for (const fn of functions.values()) {
            if (fn.access === 'owner' || fn.file || fn.name === 'pre_request') continue;
            test(fn.name, async () => {
                const args = examples.get(fn.name);
                // Who may not call it learns just that, whatever the arguments; plain SQL may stumble over these first.
                const expected = may[role].includes(fn.access) ? await plain(client, fn, args, { role })
                    : { sqlstate: '42501', message: `permission denied for function ${fn.name}` };
                const agree = ({ data, error, status }, what) => {
                    if ('sqlstate' in expected) {
                        assert.equal(error?.code, expected.sqlstate, `${what}: ${JSON.stringify(error)}`);
                        assert.equal(error.message, expected.message, what);
                        assert.equal(status, statusOf(expected.sqlstate, role !== 'anon'), what);
                    } else {
                        assert.equal(error, null, `${what}: ${JSON.stringify(error)}`);
                        if (fn.stable && (fn.names.includes('as_of') || fn.max_age > 0)) assert.deepEqual(timeless(data), timeless(expected.value), what);
                    }
                };
                agree(await api.rpc(fn.name, args), 'POST');
                if (fn.stable) agree(await api.rpc(fn.name, forGet(args), { get: true }), 'GET');
                else assert.equal((await api.rpc(fn.name, forGet(args), { get: true })).status, 405);
            });
        }
    });
}

describe('what else these clients do', () => {
    test('single() and maybeSingle()', async () => {
        const api = await supabase('authenticated');
        const one = await api.rpc('get_hourly_trends', { hours_back: 1, as_of: asOf }).single();
        assert.equal(one.error, null);
        assert.equal(one.data.hour_start, '2026-03-02T09:00:00+00:00');
        const two = await api.rpc('get_hourly_trends', { hours_back: 2, as_of: asOf }).single();
        assert.equal(two.status, 406);
        assert.equal(two.error.code, 'PGRST116');
    });
    test('head', async () => {
        const { status, data } = await (await supabase('authenticated')).rpc('get_hourly_trends', { hours_back: 1 }, { head: true });
        assert.equal(status, 200);
        assert.equal(data, null);
    });
    test('another schema is refused', async () => {
        const { error, status } = await (await supabase('authenticated')).schema('public').rpc('get_trends');
        assert.equal(status, 406);
        assert.equal(error.code, 'PGRST106');
    });
    test('filters are refused, not ignored', async () => {
        const { status, error } = await (await supabase('authenticated')).rpc('get_hourly_trends', { hours_back: 5, as_of: asOf }).gt('total_orders', 0);
        assert.equal(status, 400, JSON.stringify(error));
    });
    test('throwOnError', async () => {
        const api = await supabase('authenticated');
        await assert.rejects(async () => api.rpc('get_hourly_trends', { hours_back: 0 }).throwOnError(), { code: '22023', hint: 'Pass between 1 and 168.' });
    });
    test('an API key, and none', async () => {
        const { body } = await send(loader.url, '/rpc/create_api_key', { role: 'service_role', tenant: 'south', method: 'POST', body: { name: 'client' } });
        const api = new PostgrestClient(loader.url, { schema: 'analytics', headers: { 'x-api-key': body.api_key } });
        assert.equal((await api.rpc('current_tenant')).data, 'south');
        assert.equal((await api.rpc('get_dashboard_summary')).error, null);
        assert.equal((await api.rpc('record_order', { order_id: 'x', total_amount: 1 })).status, 403);
        const wrong = new PostgrestClient(loader.url, { schema: 'analytics', headers: { 'x-api-key': 'aa_000000000000_0' } });
        assert.equal((await wrong.rpc('get_dashboard_summary')).status, 401);
    });
    test('over the limit: 429', async () => {
        await client.query('ALTER DATABASE api SET agent_analytics.limit_dashboard = 2');
        const limited = await startLoader();
        try {
            const api = createClient(limited.url, await token(claimsOf('authenticated', 'over')), { db: { schema: 'analytics' }, auth: { persistSession: false, autoRefreshToken: false }, realtime: { transport: NoSocket } });
            assert.equal((await api.rpc('get_dashboard_summary')).status, 200);
            assert.equal((await api.rpc('get_dashboard_summary', {}, { get: true })).status, 200);
            const { status, error } = await api.rpc('get_dashboard_summary');
            assert.equal(status, 429);
            assert.equal(error.code, 'RATE_LIMIT_EXCEEDED');
        } finally {
            await client.query('ALTER DATABASE api RESET ALL');
            await limited.stop();
        }
    });
});
