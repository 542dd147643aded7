// What the hook does, seen through the loader: limits to the exact request, API keys, blocked addresses.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connect, send, startLoader } from './setup.js';

const client = await connect();
const limits = { anon: 3, dashboard: 5, ingest: 4, pro: 6 };
let loader;
before(async () => {
    for (const [name, limit] of Object.entries(limits)) await client.query(`ALTER DATABASE api SET agent_analytics.limit_${name} = ${limit}`);
    await client.query('ALTER DATABASE api SET agent_analytics.trusted_proxies = 2'); // the loader, and one before it
    loader = await startLoader();
});
after(async () => {
    await loader.stop();
    await client.query('ALTER DATABASE api RESET ALL');
    await client.end();
});
const summary = '/api/analytics/dashboard/summary';
const ask = (tenant, path = summary, options = {}) => send(loader.url, path, { role: 'authenticated', tenant, ...options });

function assertRefused(response, limit) {
    assert.equal(response.status, 429, response.text);
    const { body, headers } = response;
    assert.equal(body.error, 'rate_limit_exceeded');
    assert.equal(body.code, 'RATE_LIMIT_EXCEEDED');
    assert.equal(body.limit, limit);
    assert.equal(body.window, 60);
    assert.equal(body.retry_after_seconds, Number(headers.get('retry-after')));
    assert.equal(body.retry_after, body.retry_after_seconds);
    assert.ok(body.retry_after >= 1 && body.retry_after <= 60);
    assert.equal(headers.get('x-ratelimit-limit'), String(limit));
    assert.equal(headers.get('x-ratelimit-remaining'), '0');
    assert.equal(headers.get('cache-control'), 'no-store');
}

describe('limits', () => {
    test('the sixth of five is refused, and tells when to come again', async () => {
        for (let left = limits.dashboard - 1; left >= 0; left--) {
            const { status, headers } = await ask('limited');
            assert.equal(status, 200);
            assert.equal(headers.get('x-ratelimit-limit'), '5');
            assert.equal(headers.get('x-ratelimit-remaining'), String(left));
            assert.ok(Math.abs(Number(headers.get('x-ratelimit-reset')) - Date.now() / 1000) < 120, 'Unix seconds');
        }
        assertRefused(await ask('limited'), limits.dashboard);
        assertRefused(await ask('limited', '/api/v1/analytics/trends'), limits.dashboard);
        assert.equal((await ask('not-limited')).status, 200, 'another tenant has its own');
    });
    test('parallel requests get the tokens to the last one', async () => {
        const answers = await Promise.all(Array.from({ length: 40 }, () => ask('parallel')));
        assert.equal(answers.filter(({ status }) => status === 200).length, limits.dashboard);
        assert.equal(answers.filter(({ status }) => status === 429).length, 40 - limits.dashboard);
    });
    test('an error that the function raises costs a token and has the headers', async () => {
        const response = await ask('erring', '/api/analytics/dashboard/trends?hours=0');
        assert.equal(response.status, 400);
        assert.equal(response.headers.get('x-ratelimit-remaining'), '4');
    });
    test('under /rpc in the form of PostgREST', async () => {
        for (let i = 0; i < limits.dashboard; i++) await ask('by-rpc', '/rpc/get_dashboard_summary');
        const response = await ask('by-rpc', '/rpc/get_dashboard_summary');
        assert.equal(response.status, 429);
        assert.deepEqual(Object.keys(response.body), ['code', 'message', 'details', 'hint']);
        assert.equal(response.body.code, 'RATE_LIMIT_EXCEEDED');
        assert.ok(Number(response.headers.get('retry-after')) >= 1);
    });
    test('anonymous callers are counted by their address', async () => {
        const from = (address) => send(loader.url, '/openapi.json', { headers: { 'x-forwarded-for': address } });
        for (let i = 0; i < limits.anon; i++) assert.equal((await from('198.51.100.7')).status, 200);
        assertRefused(await from('198.51.100.7'), limits.anon);
        assertRefused(await from('192.0.2.77, 198.51.100.7'), limits.anon); // what a client writes before it does not count
        assert.equal((await from('198.51.100.8')).status, 200);
    });
    test('a write that is over the limit is not made', async () => {
        const post = (id) => send(loader.url, '/rpc/record_order', { role: 'analytics_writer', tenant: 'ingest', method: 'POST', body: { order_id: id, total_amount: 1 } });
        for (let i = 0; i < limits.ingest; i++) assert.equal((await post(`o${i}`)).status, 200);
        assert.equal((await post('one too many')).status, 429);
        const { rows } = await client.query("SELECT count(*)::int AS n FROM analytics_data.orders WHERE tenant_id = 'ingest'");
        assert.equal(rows[0].n, limits.ingest);
    });
});

describe('API keys', () => {
    const make = async (tenant, scopes) => {
        const { status, body, text } = await send(loader.url, '/rpc/create_api_key', { role: 'service_role', tenant, method: 'POST', body: { name: 'test', scopes } });
        assert.equal(status, 200, text);
        return body;
    };
    const by = (key, path, options = {}) => send(loader.url, path, { ...options, headers: { 'x-api-key': key } });

    test('a key is its tenant, within its scopes', async () => {
        const { api_key: reading } = await make('keys', ['read']);
        const { api_key: writing } = await make('keys', ['write']);
        const order = { method: 'POST', body: { order_id: 'by key', total_amount: 5, created_at: '2026-05-01T00:00:00Z' } };
        const refused = await by(reading, '/rpc/record_order', order);
        assert.equal(refused.status, 403, refused.text);
        assert.equal((await by(writing, '/rpc/record_order', order)).status, 200);
        const seen = await by(reading, `${summary}?as_of=2026-05-01T00:30:00Z`);
        assert.equal(seen.status, 200, seen.text);
        assert.equal(seen.body.orders_last_hour, 1);
        assert.equal((await by(writing, summary)).status, 403);
    });
    test('no key, a wrong one, a revoked one: 401', async () => {
        const { api_key: key, key_id } = await make('revoked', ['read']);
        assert.equal((await by(key, summary)).status, 200);
        const wrong = await by(`${key.slice(0, -4)}0000`, summary);
        assert.equal(wrong.status, 401, wrong.text);
        assert.equal(wrong.body.code, 'AUTH_REQUIRED');
        assert.match(wrong.headers.get('www-authenticate'), /ApiKey/);
        assert.equal((await by('nonsense', summary)).status, 401);
        assert.equal((await send(loader.url, '/rpc/revoke_api_key', { role: 'service_role', tenant: 'revoked', method: 'POST', body: { key_id } })).status, 204);
        assert.equal((await by(key, summary)).status, 401);
    });
    test('its tier is its limit', async () => {
        const { api_key: key } = await make('tier', ['read']);
        for (let i = 0; i < limits.pro; i++) assert.equal((await by(key, summary)).status, 200);
        assertRefused(await by(key, summary), limits.pro);
    });
    test('it is in no log', async () => {
        const { api_key: key } = await make('logged', ['read']);
        await by(key, summary);
        await by(`${key}x`, summary);
        await by(key, '/the/last/one');
        await loader.logged(/"path":"none"/);
        assert.ok(!loader.log.join('\n').includes(key.slice(-30)));
    });
    test('without the hook a key opens nothing', async () => {
        await client.query('ALTER FUNCTION analytics.pre_request() RENAME TO pre_request_away');
        const bare = await startLoader();
        try {
            const { status, body } = await send(bare.url, summary, { role: 'authenticated', headers: { 'x-api-key': 'aa_1_2' } });
            assert.equal(status, 401);
            assert.match(body.message, /not accepted/);
            assert.equal((await send(bare.url, summary, { role: 'authenticated' })).status, 200);
        } finally {
            await client.query('ALTER FUNCTION analytics.pre_request_away() RENAME TO pre_request');
            await bare.stop();
        }
    });
});

test('a blocked address is refused', async () => {
    const asAdmin = (path, body) => send(loader.url, path, { role: 'service_role', tenant: 'blocking', method: 'POST', body });
    const from = (address) => ask('blocking', '/rpc/current_tenant', { headers: { 'x-forwarded-for': address } });
    assert.equal((await from('203.0.113.9')).status, 200);
    assert.equal((await asAdmin('/v1/security/blocked-ips/203.0.113.9/block', { reason: 'test', duration: '1 hour' })).status, 200);
    const refused = await from('203.0.113.9');
    assert.equal(refused.status, 403, refused.text);
    assert.equal((await from('203.0.113.10')).status, 200);
    assert.equal((await from('203.0.113.9, 203.0.113.10')).status, 200, 'what stands before the trusted entry is hearsay');
    assert.equal((await asAdmin('/v1/security/blocked-ips/203.0.113.9/unblock')).status, 200);
    assert.equal((await from('203.0.113.9')).status, 200);
});
