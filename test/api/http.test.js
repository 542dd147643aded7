// What HTTP asks for: errors in their form, methods, bodies, headers.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { asOf, connect, send, startLoader } from './setup.js';

const client = await connect();
let loader;
before(async () => { loader = await startLoader({ LOADER_BODY_LIMIT: '65536' }); });
after(async () => { await loader.stop(); await client.end(); });
const role = 'service_role';
const summary = '/api/analytics/dashboard/summary';

function assertForm(response, error, code) {
    assert.deepEqual(Object.keys(response.body).slice(0, 6), ['error', 'message', 'code', 'details', 'request_id', 'timestamp']);
    assert.equal(response.body.error, error);
    assert.equal(response.body.code, code);
    assert.equal(response.body.request_id, response.headers.get('x-request-id'));
    assert.ok(Math.abs(new Date(response.body.timestamp) - Date.now()) < 60_000);
    assert.equal(response.headers.get('cache-control'), 'no-store');
    assert.match(response.headers.get('content-type'), /^application\/json/);
}

describe('errors on paths', () => {
    const bad = {
        'no number': ['/api/analytics/dashboard/trends?hours=abc', /^hours must be a whole number/],
        'out of range': ['/api/analytics/dashboard/trends?hours=0', /hours_back must be between 1 and 168/],
        'not in the list': ['/api/v1/analytics/trends?metric=nonsense', /metric/],
        'no instant': [`${summary}?as_of=yesterdayish`, /timestamp/],
        'unknown parameter': [`${summary}?hours=3`, /unknown query parameter/],
        'given twice': ['/api/analytics/dashboard/trends?hours=3&hours=4', /more than once/],
        'empty': ['/api/analytics/dashboard/trends?hours=', /whole number/],
        'too large for its type': ['/api/v1/analytics/forecast?horizon_days=99999999999', /out of range|integer/],
    };
    for (const [what, [path, message]] of Object.entries(bad)) {
        test(`${what}: 400`, async () => {
            const response = await send(loader.url, path, { role });
            assert.equal(response.status, 400, response.text);
            assertForm(response, 'invalid_request', 'VALIDATION_ERROR');
            assert.match(response.body.message, message);
        });
    }
    test('a bad argument comes with its hint', async () => {
        const { body } = await send(loader.url, '/api/analytics/dashboard/trends?hours=0', { role });
        assert.equal(body.details.sqlstate, '22023');
        assert.ok(body.details.hint.length > 5);
    });
    test('unknown id: 404', async () => {
        const response = await send(loader.url, '/api/v1/analytics/forecast?budget_id=nowhere', { role });
        assert.equal(response.status, 404, response.text);
        assertForm(response, 'not_found', 'NOT_FOUND');
    });
    test('unknown path: 404', async () => {
        const response = await send(loader.url, '/api/v1/analytics/nothing', { role });
        assert.equal(response.status, 404);
        assertForm(response, 'not_found', 'NOT_FOUND');
    });
    test('no token: 401; no right: 403', async () => {
        assertForm(await send(loader.url, summary), 'unauthorized', 'AUTH_REQUIRED');
        const response = await send(loader.url, summary, { role: 'analytics_writer' });
        assert.equal(response.status, 403);
        assertForm(response, 'forbidden', 'FORBIDDEN');
    });
    test('another method: 405 with Allow', async () => {
        for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
            const response = await send(loader.url, summary, { role, method, body: {} });
            assert.equal(response.status, 405, method);
            assert.equal(response.headers.get('allow'), 'GET, HEAD');
            assertForm(response, 'method_not_allowed', 'VALIDATION_ERROR');
        }
    });
});

describe('errors under /rpc have the form of PostgREST', () => {
    const form = (response, status, code) => {
        assert.equal(response.status, status, response.text);
        assert.deepEqual(Object.keys(response.body), ['code', 'message', 'details', 'hint']);
        if (code) assert.equal(response.body.code, code);
    };
    const post = (path, body, options = {}) => send(loader.url, path, { role, method: 'POST', body, ...options });
    test('bad argument, unknown id, conflict', async () => {
        form(await post('/rpc/get_hourly_trends', { hours_back: 0 }), 400, '22023');
        form(await post('/rpc/get_budget_status', { budget_id: 'nowhere' }), 404, 'PT404');
        const call = { call_id: 'twice', model: 'm', input_tokens: 1, cost_usd: 1, created_at: asOf };
        assert.equal((await post('/rpc/record_llm_call', call, { tenant: 'conflict' })).status, 200);
        assert.equal((await post('/rpc/record_llm_call', call, { tenant: 'conflict' })).status, 200, 'the same again is no error');
        form(await post('/rpc/record_llm_call', { ...call, input_tokens: 2 }, { tenant: 'conflict' }), 409, '23505');
    });
    test('a state that forbids the act: 409 PT409', async () => {
        await client.query("INSERT INTO analytics_data.budgets (tenant_id, budget_id, amount_usd, period) VALUES ('settled', 'default', 10, 'month') ON CONFLICT DO NOTHING");
        const reserved = await post('/rpc/reserve_budget', { amount_usd: 1, reservation_id: 'r' }, { tenant: 'settled' });
        assert.equal(reserved.status, 200, reserved.text);
        assert.equal((await post('/rpc/settle_reservation', { reservation_id: 'r', actual_usd: 1 }, { tenant: 'settled' })).status, 200);
        form(await post('/rpc/settle_reservation', { reservation_id: 'r', actual_usd: 2 }, { tenant: 'settled' }), 409, 'PT409');
    });
    test('a failed write leaves nothing', async () => {
        const response = await post('/rpc/record_order', { order_id: 'half', total_amount: 1, created_at: asOf, status: 'nonsense' }, { tenant: 'half' });
        assert.equal(response.status, 400, response.text);
        assert.equal((await client.query("SELECT count(*)::int AS n FROM analytics_data.orders WHERE tenant_id = 'half'")).rows[0].n, 0);
    });
    test('a GET of what writes: 405, and nothing is written', async () => {
        form(await send(loader.url, `/rpc/record_order?order_id=by-get&total_amount=1`, { role, tenant: 'by-get' }), 405, '25006');
        assert.equal((await client.query("SELECT count(*)::int AS n FROM analytics_data.orders WHERE tenant_id = 'by-get'")).rows[0].n, 0);
    });
    test('another schema: 406', async () => form(await post('/rpc/get_trends', {}, { headers: { 'content-profile': 'public' } }), 406, 'PGRST106'));
    test('one object: a single row, else 406', async () => {
        const headers = { accept: 'application/vnd.pgrst.object+json' };
        const one = await send(loader.url, `/rpc/get_hourly_trends?hours_back=1&as_of=${asOf}`, { role, headers });
        assert.equal(one.status, 200);
        assert.equal(one.body.hour_start, '2026-03-02T09:00:00+00:00');
        form(await send(loader.url, `/rpc/get_hourly_trends?hours_back=2&as_of=${asOf}`, { role, headers }), 406, 'PGRST116');
    });
});

describe('bodies', () => {
    const post = (body, headers) => send(loader.url, '/rpc/record_batch', { role, tenant: 'bodies', method: 'POST', body, headers });
    test('too large: 413', async () => {
        const response = await post(JSON.stringify({ kind: 'order', items: [{ order_id: 'x'.repeat(70_000) }] }));
        assert.equal(response.status, 413, response.text);
    });
    test('no JSON: 400', async () => assert.equal((await post('{"kind": ')).status, 400));
    test('no object: 400', async () => { for (const body of ['[]', '1', 'null', '"x"']) assert.equal((await post(body)).status, 400, body); });
    test('another type: 415', async () => assert.equal((await post('<a/>', { 'content-type': 'text/xml' })).status, 415));
    test('an empty body is no argument', async () => assert.equal((await send(loader.url, '/rpc/get_trends', { role, method: 'POST', body: '' })).status, 200));
    test('keys of objects that JavaScript has itself', async () => assert.equal((await post('{"__proto__": {"kind": "order"}, "constructor": 1}')).status, 404));
    test('a text with a NUL: 400', async () => assert.equal((await post('{"kind": "or\\u0000der", "items": []}')).status, 400));
});

describe('files', () => {
    const file = (format) => send(loader.url, '/rpc/export_answer', { role, method: 'POST', body: { function: 'get_hourly_trends', arguments: { hours_back: 3, as_of: asOf }, format } });
    test('come with their own type, byte by byte', async () => {
        const csv = await file('csv');
        assert.equal(csv.status, 200, csv.text);
        assert.match(csv.headers.get('content-type'), /^text\/csv/);
        assert.match(csv.text, /^hour_start,total_orders,/);
        assert.equal(csv.text.trim().split(/\r?\n/).length, 4);
        const { rows } = await client.query("SELECT set_config('request.jwt.claims', '{\"tenant_id\": \"north\"}', false), encode(sha256(analytics.export_answer('get_hourly_trends', jsonb_build_object('hours_back', 3, 'as_of', $1::text), 'csv')), 'hex') AS hash", [asOf]);
        assert.equal(createHash('sha256').update(csv.text).digest('hex'), rows[0].hash);
        const book = await file('xlsx');
        assert.match(book.headers.get('content-type'), /spreadsheetml/);
        assert.ok(book.text.startsWith('PK'));
    });
    test('a text of its own type is JSON to who asks for no other', async () => {
        await client.query('CREATE DOMAIN public."text/plain" AS text');
        await client.query(`CREATE FUNCTION analytics.plain_for_tests() RETURNS public."text/plain" LANGUAGE sql STABLE AS $$ SELECT 'a "text"'::public."text/plain" $$`);
        const own = await startLoader();
        try {
            const ask = (accept) => send(own.url, '/rpc/plain_for_tests', { headers: { accept } });
            const raw = await ask('text/plain');
            assert.match(raw.headers.get('content-type'), /^text\/plain/);
            assert.equal(raw.text, 'a "text"');
            const json = await ask('application/json');
            assert.match(json.headers.get('content-type'), /^application\/json/);
            assert.equal(json.body, 'a "text"');
        } finally {
            await own.stop();
            await client.query('DROP FUNCTION analytics.plain_for_tests; DROP DOMAIN public."text/plain"');
        }
    });
});

describe('headers', () => {
    test('of every answer', async () => {
        const expected = { 'x-api-version': '1', 'content-security-policy': "default-src 'self'", 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'x-xss-protection': '1; mode=block', 'strict-transport-security': 'max-age=31536000; includeSubDomains' };
        for (const path of [`${summary}?as_of=${asOf}`, '/nowhere', '/rpc/no_such', '/openapi.json', `${summary}?bad=1`]) {
            const response = await send(loader.url, path, { role });
            for (const [name, value] of Object.entries(expected)) assert.equal(response.headers.get(name), value, `${path} ${name}`);
            assert.ok(response.headers.get('x-request-id'));
            assert.equal(response.headers.get('x-powered-by'), null);
        }
    });
    test('X-Request-Id is the client\'s where it is a harmless one', async () => {
        const ask = (id) => send(loader.url, summary, { role, headers: { 'x-request-id': id } });
        assert.equal((await ask('trace-1.a:b')).headers.get('x-request-id'), 'trace-1.a:b');
        assert.match((await ask('<script>')).headers.get('x-request-id'), /^[0-9a-f-]{36}$/);
        assert.match((await ask('x'.repeat(200))).headers.get('x-request-id'), /^[0-9a-f-]{36}$/);
    });
    test('HEAD has the headers of GET and no body', async () => {
        const get = await send(loader.url, `${summary}?as_of=${asOf}`, { role });
        const head = await send(loader.url, `${summary}?as_of=${asOf}`, { role, method: 'HEAD' });
        assert.equal(head.status, 200);
        assert.equal(head.text, '');
        for (const name of ['cache-control', 'content-type', 'content-length']) assert.equal(head.headers.get(name), get.headers.get(name), name);
    });
    test('an answer that the caller has is not sent again', async () => {
        const path = `/api/analytics/dashboard/trends?hours=6&as_of=${asOf}`;
        const first = await send(loader.url, path, { role });
        const etag = first.headers.get('etag');
        assert.match(etag, /^"[\w-]{43}"$/);
        for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
            const again = await send(loader.url, path, { role, headers: { 'if-none-match': known } });
            assert.equal(again.status, 304, known);
            assert.equal(again.text, '');
            assert.equal(again.headers.get('etag'), etag);
            assert.equal(again.headers.get('cache-control'), first.headers.get('cache-control'));
        }
        const other = await send(loader.url, path, { role, headers: { 'if-none-match': '"other"' } });
        assert.deepEqual([other.status, other.text], [200, first.text]);
        assert.notEqual((await send(loader.url, path, { role, tenant: 'south' })).headers.get('etag'), etag, 'another answer has another');
        assert.equal((await send(loader.url, `${path}x`, { role, headers: { 'if-none-match': '*' } })).status, 400, 'an error is an error');
        assert.equal((await send(loader.url, '/rpc/get_hourly_trends', { role, method: 'POST', body: { as_of: asOf }, headers: { 'if-none-match': '*' } })).status, 200, 'POST is answered');
    });
    test('what writes is not kept', async () => {
        const response = await send(loader.url, '/rpc/record_order', { role, tenant: 'kept', method: 'POST', body: { order_id: 'o', total_amount: 1, created_at: asOf } });
        assert.equal(response.headers.get('cache-control'), 'no-store');
    });
});
