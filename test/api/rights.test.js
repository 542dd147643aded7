// Tenants kept apart, and each role in its class.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { argumentsOf, asOf, connect, functionsOf, send, startLoader } from './setup.js';

const client = await connect();
const functions = await functionsOf(client);
const examples = await argumentsOf(client, functions);
let loader;
before(async () => { loader = await startLoader(); });
after(async () => { await loader.stop(); await client.end(); });

const may = { anon: ['everyone', 'public'], authenticated: ['everyone', 'public', 'reader'], analytics_writer: ['everyone', 'public', 'writer'], service_role: ['everyone', 'public', 'reader', 'writer', 'admin'] };

describe('classes', () => {
    for (const [role, classes] of Object.entries(may)) {
        test(role, async () => {
            for (const fn of functions.values()) {
                if (fn.name === 'pre_request') continue;
                const response = await send(loader.url, `/rpc/${fn.name}`, { ...(role !== 'anon' && { role }), tenant: 'classes', method: 'POST', body: examples.get(fn.name) });
                // create_rollup may be called, and then wants the owner of the table.
                if (classes.includes(fn.access)) assert.doesNotMatch(response.text, /permission denied for (function|schema)/, `${role} may call ${fn.name}`);
                else {
                    assert.equal(response.status, role === 'anon' ? 401 : 403, `${role} must not call ${fn.name}: ${response.text}`);
                    assert.equal(response.body.code, '42501');
                }
            }
        });
    }
});

describe('tenants', () => {
    const ask = (path, options) => send(loader.url, path, { role: 'authenticated', ...options });

    test('each sees its own sums', async () => {
        const { rows } = await client.query(`SELECT tenant_id, count(*)::int AS orders FROM analytics_data.orders
            WHERE created_at > $1::timestamptz - interval '24 hours' AND created_at <= $1 AND status <> 'cancelled' GROUP BY 1`, [asOf]);
        for (const tenant of ['north', 'south']) {
            const { body } = await ask(`/api/analytics/dashboard/summary?as_of=${asOf}`, { tenant });
            assert.equal(body.orders_last_24h, rows.find((row) => row.tenant_id === tenant).orders);
        }
    });
    test('nothing that a client sends names another tenant', async () => {
        const plain = await ask(`/api/analytics/dashboard/summary?as_of=${asOf}`, { tenant: 'north' });
        for (const headers of [{ 'x-tenant-id': 'south' }, { 'request.jwt.claims': '{"tenant_id":"south"}' }, { 'x-forwarded-user': 'south' }, { prefer: 'params=single-object' }]) {
            const { body } = await ask(`/api/analytics/dashboard/summary?as_of=${asOf}`, { tenant: 'north', headers });
            assert.deepEqual(body, plain.body);
        }
        const named = await ask(`/api/analytics/dashboard/summary?as_of=${asOf}&tenant_id=south`, { tenant: 'north' });
        assert.equal(named.status, 400);
    });
    test('what one writes the other does not see', async () => {
        const order = { order_id: 'of north', total_amount: 10, created_at: '2026-04-01T12:00:00Z', customer_id: 'c' };
        const made = await send(loader.url, '/rpc/record_order', { role: 'analytics_writer', tenant: 'isolated-a', method: 'POST', body: order });
        assert.equal(made.status, 200, made.text);
        const of = async (tenant) => (await ask('/api/analytics/dashboard/summary?as_of=2026-04-01T12:30:00Z', { tenant })).body.orders_last_hour;
        assert.equal(await of('isolated-a'), 1);
        assert.equal(await of('isolated-b'), 0);
    });
    test('an injected statement is a text', async () => {
        for (const text of ["x'; DROP TABLE analytics_data.orders; --", '$1', '\\', '"', "' OR true --", '{"a":1}', '%00']) {
            const { status } = await ask(`/api/v1/analytics/trends?metric=${encodeURIComponent(text)}`, {});
            assert.equal(status, 400, text);
            const post = await send(loader.url, '/rpc/get_trends', { role: 'authenticated', method: 'POST', body: { metric: text } });
            assert.equal(post.status, 400, text);
        }
        assert.ok((await client.query('SELECT count(*)::int AS n FROM analytics_data.orders')).rows[0].n > 1000);
    });
    test('argument names are not text of a statement either', async () => {
        const response = await send(loader.url, '/rpc/get_trends', { role: 'authenticated', method: 'POST', body: { 'period" => 1); --': 'x' } });
        assert.equal(response.status, 404);
    });
});
