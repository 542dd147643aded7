// Exports over HTTP: made by a GET, fetched byte by byte with their type and name, by those who may.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { claimsOf, send, startLoader, token } from './setup.js';

let loader;
const role = 'service_role', tenant = 'exports';
const types = { json: /^application\/json/, jsonl: /^application\/x-ndjson/, csv: /^text\/csv; charset=utf-8/, xlsx: /spreadsheetml\.sheet/ };

async function bytes(path, as = { role, tenant }) {
    const response = await fetch(loader.url + path, { headers: { authorization: `Bearer ${await token(claimsOf(as.role, as.tenant))}` } });
    return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
}

before(async () => {
    loader = await startLoader();
    const items = Array.from({ length: 40 }, (_, i) => ({ conversation_id: `c${i}`, input_text: `Mail jane${i}@example.com: "=1+1"`, model_draft: '=1+1', confidence: 60 + i }));
    const { status, text } = await send(loader.url, '/rpc/record_batch', { role, tenant, method: 'POST', body: { kind: 'training_example', items } });
    assert.equal(status, 200, text);
});
after(() => loader.stop());

describe('exports', () => {
    for (const [format, type] of Object.entries(types)) {
        test(`${format}: made by GET, fetched as it was written`, async () => {
            const made = await send(loader.url, `/v1/agent-analytics/training/export?format=${format}&days=1`, { role, tenant });
            assert.equal(made.status, 200, made.text);
            assert.equal(made.body.row_count, 30);
            assert.equal(made.headers.get('cache-control'), 'no-store');
            for (const path of [made.body.download_url, `/v1/agent-analytics/downloads/${made.body.export_id}`]) {
                const file = await bytes(path);
                assert.equal(file.status, 200, file.body.toString());
                assert.match(file.headers.get('content-type'), type);
                assert.match(file.headers.get('content-disposition'), new RegExp(`^attachment; filename="training-\\d{8}-\\d{6}\\.${format}"$`));
                assert.equal(file.headers.get('cache-control'), 'no-store');
                assert.equal(file.body.length, made.body.file_size_bytes);
                assert.equal(createHash('sha256').update(file.body).digest('hex'), made.body.content_sha256);
                if (format !== 'xlsx') assert.ok(file.body.includes('[EMAIL]') && !file.body.includes('example.com'));
            }
            assert.equal((await bytes(made.body.download_url, { role: 'authenticated', tenant })).status, 403);
            assert.equal((await bytes(made.body.download_url, { role, tenant: 'north' })).status, 404);
        });
    }
    test('personal data only where they are asked for', async () => {
        const made = await send(loader.url, '/v1/agent-analytics/training/export?format=jsonl&days=1&include_pii=true', { role, tenant });
        assert.ok((await bytes(made.body.download_url)).body.includes('jane30@example.com'));
    });
    test('who may not: 403; what is not: 400, 404', async () => {
        assert.equal((await send(loader.url, '/v1/agent-analytics/training/export?format=csv', { role: 'authenticated', tenant })).status, 403);
        assert.equal((await send(loader.url, '/v1/agent-analytics/training/export?format=pdf', { role, tenant })).status, 400);
        assert.equal((await send(loader.url, '/v1/agent-analytics/training/export?format=parquet', { role, tenant })).status, 400);
        assert.equal((await bytes('/v1/agent-analytics/downloads/00000000-0000-0000-0000-000000000001')).status, 404);
    });
    test('rows as JSON and as CSV', async () => {
        const ask = (body) => send(loader.url, '/api/analytics/export/training-data', { role, tenant, method: 'POST', body });
        const rows = await ask({});
        assert.equal(rows.body.length, 40, rows.text);
        assert.ok(rows.body.every((row) => row.input_text.startsWith('Mail [EMAIL]')));
        const csv = await ask({ format: 'csv', include_pii: true });
        assert.match(csv.headers.get('content-type'), /^text\/csv/);
        assert.ok(csv.text.includes('jane1@example.com') && !/,=1\+1/.test(csv.text));
    });
});
