// Tokens: who is let in as whom, and which are refused.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { exportJWK, generateKeyPair, exportSPKI } from 'jose';
import { claimsOf, secret, send, startLoader, token } from './setup.js';

const path = '/rpc/current_tenant';
const summary = '/api/analytics/dashboard/summary';
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('HS256', () => {
    let loader;
    before(async () => { loader = await startLoader(); });
    after(() => loader.stop());

    test('a good token is its tenant', async () => {
        for (const tenant of ['north', 'south']) {
            const response = await send(loader.url, path, { role: 'authenticated', tenant });
            assert.equal(response.status, 200);
            assert.equal(response.body, tenant);
        }
    });
    test('app_metadata may hold the tenant', async () => {
        const bearer = await token({ role: 'authenticated', app_metadata: { tenant_id: 'south' } });
        assert.equal((await send(loader.url, path, { bearer })).body, 'south');
    });
    test('without a token one is anon', async () => {
        const response = await send(loader.url, summary);
        assert.equal(response.status, 401);
        assert.equal(response.body.code, 'AUTH_REQUIRED');
        assert.equal(response.headers.get('www-authenticate'), 'Bearer');
    });

    const refused = {
        'an expired token': () => token(claimsOf('authenticated'), { expires: Math.floor(Date.now() / 1000) - 3600 }),
        'a token of the future': () => token({ ...claimsOf('authenticated'), nbf: Math.floor(Date.now() / 1000) + 3600 }),
        'another secret': () => token(claimsOf('authenticated'), { key: new TextEncoder().encode('x'.repeat(40)) }),
        'no signature (alg none)': async () => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claimsOf('service_role'))}.`,
        'alg none with a signature': async () => `${encode({ alg: 'none' })}.${encode(claimsOf('service_role'))}.c2ln`,
        'another algorithm of the same family': () => token(claimsOf('authenticated'), { alg: 'HS512', key: new TextEncoder().encode(secret + secret) }),
        'claims changed after signing': async () => (await token(claimsOf('authenticated'))).split('.').map((part, i) => (i === 1 ? encode(claimsOf('service_role')) : part)).join('.'),
        'no token at all': async () => 'nonsense',
        'two dots': async () => '..',
        'a role that is none': () => token(claimsOf('nobody_at_all')),
        'the role "none"': () => token(claimsOf('none')),
        'the role "NONE"': () => token(claimsOf('NONE')),
        'a role that is no text': () => token({ role: 7, tenant_id: 'north' }),
        'an empty role': () => token({ role: '', tenant_id: 'north' }),
    };
    for (const [what, make] of Object.entries(refused)) {
        test(`${what}: 401`, async () => {
            for (const url of [summary, path]) {
                const response = await send(loader.url, url, { bearer: await make() });
                assert.equal(response.status, 401, response.text);
                assert.match(response.headers.get('www-authenticate'), /^Bearer/);
                if (url === summary) assert.equal(response.body.code, 'AUTH_REQUIRED');
            }
        });
    }
    test('a role that the login role is no member of: 403', async () => {
        const response = await send(loader.url, summary, { role: 'postgres' });
        assert.equal(response.status, 403, response.text);
        assert.equal(response.body.code, 'FORBIDDEN');
    });
    test('another scheme: 401', async () => {
        const response = await send(loader.url, summary, { headers: { authorization: 'Basic YTpi' } });
        assert.equal(response.status, 401);
    });
    test('a clock may be 30 seconds off', async () => {
        const bearer = await token(claimsOf('authenticated'), { expires: Math.floor(Date.now() / 1000) - 5 });
        assert.equal((await send(loader.url, path, { bearer })).status, 200);
    });
    test('no token is in the log', async () => {
        const bearer = await token(claimsOf('authenticated'));
        await send(loader.url, `${summary}?token=hidden-in-the-query`, { bearer, headers: { apikey: 'hidden-in-a-header', cookie: 'session=hidden-in-a-cookie' } });
        await send(loader.url, summary, { bearer: `${bearer}x` });
        await send(loader.url, '/the/last/one');
        await loader.logged(/"path":"none"/);
        const log = loader.log.join('\n');
        assert.ok(log.includes('/dashboard/summary'), 'requests are in the log');
        for (const part of [bearer, bearer.split('.')[2], secret, 'hidden-in']) assert.ok(!log.includes(part), `${part.slice(0, 20)} is in the log`);
    });
});

describe('issuer and audience', () => {
    let loader;
    before(async () => { loader = await startLoader({ JWT_ISSUER: 'https://issuer.example', JWT_AUDIENCE: 'analytics' }); });
    after(() => loader.stop());
    const good = { ...claimsOf('authenticated'), iss: 'https://issuer.example', aud: 'analytics' };
    for (const [what, claims, status] of [['both right', good, 200], ['audience in a list', { ...good, aud: ['x', 'analytics'] }, 200], ['another issuer', { ...good, iss: 'https://other.example' }, 401],
        ['another audience', { ...good, aud: 'x' }, 401], ['no issuer', { ...good, iss: undefined }, 401], ['no audience', { ...good, aud: undefined }, 401]]) {
        test(`${what}: ${status}`, async () => assert.equal((await send(loader.url, path, { bearer: await token(claims) })).status, status));
    }
});

describe('RS256 by JWKS', () => {
    let loader, server, mine, other;
    before(async () => {
        mine = await generateKeyPair('RS256');
        other = await generateKeyPair('RS256');
        const keys = { keys: [{ ...(await exportJWK(mine.publicKey)), kid: 'first', alg: 'RS256', use: 'sig' }] };
        server = createServer((_request, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify(keys))).listen(0, '127.0.0.1');
        await once(server, 'listening');
        loader = await startLoader({ JWT_JWKS_URL: `http://127.0.0.1:${server.address().port}/jwks.json` });
    });
    after(async () => { await loader.stop(); server.close(); });
    const by = (pair, kid = 'first') => token(claimsOf('authenticated', 'south'), { key: pair.privateKey, alg: 'RS256', kid });

    test('the right key', async () => {
        const response = await send(loader.url, path, { bearer: await by(mine) });
        assert.equal(response.status, 200, response.text);
        assert.equal(response.body, 'south');
    });
    test('HS256 beside it, where a secret is set', async () => assert.equal((await send(loader.url, path, { role: 'authenticated' })).status, 200));
    test('another key: 401', async () => assert.equal((await send(loader.url, path, { bearer: await by(other) })).status, 401));
    test('an unknown key id: 401', async () => assert.equal((await send(loader.url, path, { bearer: await by(mine, 'second') })).status, 401));
    test('the public key as a shared secret: 401', async () => {
        const key = new TextEncoder().encode(await exportSPKI(mine.publicKey));
        assert.equal((await send(loader.url, path, { bearer: await token(claimsOf('service_role'), { key, kid: 'first' }) })).status, 401);
    });
    test('keys that cannot be had: 503, not 401', async () => {
        const lost = await startLoader({ JWT_JWKS_URL: 'http://127.0.0.1:9/jwks.json' });
        assert.equal((await send(lost.url, path, { bearer: await by(mine) })).status, 503);
        await lost.stop();
    });
});

test('a short secret does not start', async () => {
    await assert.rejects(startLoader({ JWT_SECRET: 'short' }), /at least 32 bytes/);
});
