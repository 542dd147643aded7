// Many at once over few connections, and what happens when something breaks or ends meanwhile.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { asOf, connect, send, startLoader } from './setup.js';

const client = await connect();
let loader;
before(async () => {
    // Tenant crowd-17 has 18 orders in the last hour.
    await client.query(`INSERT INTO analytics_data.orders (tenant_id, order_id, created_at, total_amount)
        SELECT 'crowd-' || t, 'order-' || n, $1::timestamptz - n * interval '1 second', 1 FROM generate_series(0, 99) t, generate_series(1, t + 1) n ON CONFLICT DO NOTHING`, [asOf]);
    await client.query(`CREATE OR REPLACE FUNCTION analytics.wait_for_tests(seconds double precision) RETURNS text LANGUAGE sql VOLATILE
        AS $$ SELECT 'waited' FROM (SELECT pg_sleep(seconds)) s $$`);
    await client.query('GRANT EXECUTE ON FUNCTION analytics.wait_for_tests TO anon');
    loader = await startLoader({ LOADER_POOL_SIZE: '3', LOADER_STATEMENT_TIMEOUT_MS: '1500' });
});
after(async () => {
    await loader.stop();
    await client.query('DROP FUNCTION analytics.wait_for_tests');
    await client.end();
});
const wait = (seconds, url = loader.url) => send(url, '/rpc/wait_for_tests', { method: 'POST', body: { seconds } });

test('100 tenants at once over 3 connections, errors and strangers among them: nothing is mixed', async () => {
    for (let round = 0; round < 2; round++) {
        const answers = await Promise.all(Array.from({ length: 100 }, async (_, i) => {
            const tenant = `crowd-${i}`;
            const [summary, own, broken, stranger] = await Promise.all([
                send(loader.url, `/api/analytics/dashboard/summary?as_of=${asOf}`, { role: 'authenticated', tenant }),
                send(loader.url, '/rpc/current_tenant', { role: i % 2 ? 'service_role' : 'authenticated', tenant }),
                i % 5 ? undefined : send(loader.url, '/api/analytics/dashboard/trends?hours=0', { role: 'authenticated', tenant }),
                i % 7 ? undefined : send(loader.url, '/rpc/current_tenant'),
            ]);
            return { i, summary, own, broken, stranger };
        }));
        for (const { i, summary, own, broken, stranger } of answers) {
            assert.equal(summary.body.orders_last_hour, i + 1);
            assert.equal(own.body, `crowd-${i}`);
            if (broken) assert.equal(broken.status, 400);
            if (stranger) assert.equal(stranger.body, 'default');
        }
    }
});

describe('the role does not outlive a request', () => {
    test('neither after an answer nor after an error', async () => {
        for (const path of ['/api/analytics/dashboard/summary', '/api/analytics/dashboard/trends?hours=0']) {
            await Promise.all(Array.from({ length: 9 }, () => send(loader.url, path, { role: 'service_role' })));
            for (let i = 0; i < 9; i++) assert.equal((await send(loader.url, '/api/analytics/dashboard/summary')).status, 401);
        }
        const { rows } = await client.query("SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'agent_analytics loader' AND state <> 'idle'");
        assert.equal(rows[0].n, 0, 'no transaction stays open');
    });
});

describe('when something breaks', () => {
    test('too slow: 500, and the log says why', async () => {
        const response = await wait(30);
        assert.equal(response.status, 500);
        assert.equal(response.body.code, '57014');
        assert.equal(response.body.message, 'The answer took too long');
        await loader.logged(/57014/);
    });
    test('more requests than connections wait their turn', async () => {
        const answers = await Promise.all(Array.from({ length: 12 }, () => wait(0.1)));
        assert.ok(answers.every(({ status }) => status === 200));
    });
    test('a connection that the server ends: 503 for its request, the next one is answered', async () => {
        const under_way = wait(1.2);
        await new Promise((resolve) => setTimeout(resolve, 300));
        await client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'agent_analytics loader'");
        const response = await under_way;
        assert.equal(response.status, 503, response.text);
        assert.equal(response.body.message, 'The database is not available');
        for (let i = 0; i < 5; i++) assert.equal((await wait(0)).status, 200);
    });
});

test('SIGHUP reads the catalog again', async () => {
    const call = () => send(loader.url, '/rpc/made_later', { method: 'POST', body: {} });
    assert.equal((await call()).status, 404);
    await client.query("CREATE FUNCTION analytics.made_later() RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'here' $$");
    try {
        assert.equal((await call()).status, 404);
        loader.process.kill('SIGHUP');
        await loader.logged(/catalog read again/);
        assert.equal((await call()).body, 'here');
    } finally {
        await client.query('DROP FUNCTION analytics.made_later');
    }
});

test('SIGTERM: what is under way is answered, then it ends', async () => {
    const ending = await startLoader();
    const under_way = wait(1, ending.url);
    await new Promise((resolve) => setTimeout(resolve, 300));
    ending.process.kill('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 200));
    await assert.rejects(send(ending.url, '/rpc/current_tenant'), 'no new connection');
    assert.equal((await under_way).body, 'waited');
    assert.equal(await ending.stop(), 0);
    const { rows } = await client.query("SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'agent_analytics loader'");
    assert.ok(rows[0].n <= 3, 'its connections are closed');
});
