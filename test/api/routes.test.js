// Each path of the table, and each function under /rpc, against the same question in plain SQL as the same role and tenant.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { withPaths } from '../../examples/loader/dist/docs.js';
import { pathArguments, sections } from '../../examples/loader/dist/routes.js';
import { argumentsOf, asOf, connect, functionsOf, plain, send, startLoader, statusOf, timeless } from './setup.js';

const client = await connect();
const functions = await functionsOf(client);
const examples = await argumentsOf(client, functions);
let loader;
before(async () => { loader = await startLoader(); });
after(async () => { await loader.stop(); await client.end(); });

const role = 'service_role'; // may call all; its tenant is the token's
const inQuery = (value) => (Array.isArray(value) ? `{${value.join(',')}}` : typeof value === 'object' ? JSON.stringify(value) : String(value));

/** HTTP and SQL must agree: the same value, or the error's status and message. */
function compare(response, expected, what) {
    if ('sqlstate' in expected) {
        assert.equal(response.status, statusOf(expected.sqlstate, true), `${what}: ${expected.sqlstate} ${expected.message}, but ${response.text}`);
        if (response.status < 500) assert.equal(response.body.message, expected.message, what);
    } else if (expected.value === null && response.status === 204) {
        assert.equal(response.text, '');
    } else {
        assert.equal(response.status, 200, `${what}: ${response.text}`);
        assert.deepEqual(timeless(response.body), timeless(expected.value), what);
    }
}

const promised = readFileSync(new URL('paths.txt', import.meta.url), 'utf8').split('\n')
    .filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(' '));
const served = sections.flatMap((section) => section.prefixes.flatMap((prefix) => section.lines
    .filter((line) => line.functions.every((name) => functions.has(name)))
    .map((line) => ({ line, path: prefix + line.path }))));

describe('paths', () => {
    for (const { line, path } of served.filter(({ line }) => line.method === 'GET')) {
        test(`GET ${path}`, async () => {
            const fns = line.functions.map((name) => functions.get(name));
            const inPath = pathArguments(line.path);
            const rename = new Map(line.query.map(({ name, argument }) => [argument, name]));
            const usable = (name) => inPath.includes(name) || rename.has(name) || name === 'as_of';
            const values = Object.fromEntries(Object.entries(Object.assign({}, ...line.functions.map((name) => examples.get(name)))).filter(([name]) => usable(name)));
            if (fns.some((fn) => fn.names.includes('as_of'))) values.as_of ??= asOf;
            const url = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(values[name]));
            const query = new URLSearchParams(Object.entries(values).filter(([name]) => !inPath.includes(name)).map(([name, value]) => [rename.get(name) ?? name, inQuery(value)]));
            const response = await send(loader.url, `${url}?${query}`, { role });
            const answers = [];
            for (const fn of fns) answers.push(await plain(client, fn, Object.fromEntries(Object.entries(values).filter(([name]) => fn.names.includes(name))), { role }));
            if (fns[0].file) return compareFile(response, answers[0]);
            const failed = answers.find((answer) => 'sqlstate' in answer);
            if (failed === undefined && response.status === 200 && volatile(fns[0])) return;
            if (failed === undefined && line.extras.writes) {  // it makes another one each time
                assert.equal(response.status, 200, response.text);
                assert.deepEqual(Object.keys(response.body).sort(), Object.keys(answers[0].value).sort());
                return;
            }
            compare(response, failed ?? { value: line.extras.as ? Object.fromEntries(line.extras.as.map((key, i) => [key, answers[i].value])) : answers[0].value }, path);
            if (failed === undefined) {
                const [fn] = fns;
                assert.equal(response.headers.get('cache-control'), fn.max_age === 0 ? 'no-store' : `private, max-age=${fn.max_age}${fn.stale > 0 ? `, stale-while-revalidate=${fn.stale}` : ''}`);
            }
        });
    }
    // What looks at the clock or at the server itself says something else a moment later.
    function volatile(fn) { return !fn.names.includes('as_of') && /health|version|metrics|database|status|performance/.test(fn.name); }
    function compareFile(response, expected) {
        if ('sqlstate' in expected) return compare(response, expected, 'file');
        assert.equal(response.status, 200, response.text);
        assert.doesNotMatch(response.headers.get('content-type'), /^application\/json/);
    }

    test('there are paths to serve', () => assert.ok(served.length >= 9, `${served.length} lines`));

    test('hours above 168 count as 168', async () => {
        const most = await send(loader.url, `/api/analytics/dashboard/trends?hours=168&as_of=${asOf}`, { role });
        const more = await send(loader.url, `/api/analytics/dashboard/trends?hours=100000&as_of=${asOf}`, { role });
        assert.equal(most.body.length, 168);
        assert.deepEqual(more.body, most.body);
    });

    test('a path whose function is not there is 404 and says so', async () => {
        const missing = sections.flatMap((section) => section.prefixes.flatMap((prefix) => section.lines.filter((line) => line.method === 'GET' && !line.functions.every((name) => functions.has(name))).map((line) => ({ line, path: prefix + line.path }))));
        for (const { line, path } of missing) {
            const response = await send(loader.url, path.replace(/\{\w+\}/g, 'x'), { role });
            assert.equal(response.status, 404, path);
            assert.ok(line.functions.some((name) => response.body.details.detail.includes(name)), response.text);
        }
    });

    // paths.txt says the same without a word of the table's code.
    test('the table has the paths that clients rely on, and no others', () => {
        const query = (line) => line.extras.queryOrBody ? 'query-or-body' : line.method !== 'GET' ? 'body'
            : line.query.map(({ name, argument }) => (name === argument ? name : `${name}:${argument}`)).join(',') || '-';
        const table = sections.flatMap((section) => section.prefixes.flatMap((prefix) => section.lines.map((line) =>
            [line.method, prefix + line.path, line.functions.join('+'), query(line)].join(' '))));
        assert.deepEqual(table.sort(), promised.map((line) => line.slice(0, 4).join(' ')).sort());
    });
    test('each is counted and kept as promised', () => {
        const known = promised.filter(([, , name]) => name.split('+').every((each) => functions.has(each)));
        assert.ok(known.length >= 30, `${known.length} paths`);
        for (const [method, path, name, , limitClass, maxAge] of known) {
            for (const each of name.split('+')) {
                const fn = functions.get(each);
                assert.equal(fn.limit_class, limitClass, `${method} ${path}`);
                if (maxAge !== '-') assert.equal(fn.max_age, Number(maxAge), `${method} ${path}`);
            }
        }
    });

    test('each argument that a line names is one of its function', () => {
        for (const { line, path } of served) {
            // /metrics/health and /metrics/summary take what /metrics/json takes, and ignore it.
            if (/\/metrics\/(health|summary)$/.test(path)) continue;
            const names = new Set(line.functions.flatMap((name) => functions.get(name).names));
            for (const { argument } of line.query) assert.ok(names.has(argument), `${path}: ${argument}`);
            for (const argument of pathArguments(line.path)) assert.ok(names.has(argument), `${path}: ${argument}`);
        }
    });
});

describe('/rpc', () => {
    for (const fn of functions.values()) {
        if (fn.access === 'owner' || fn.file || fn.name === 'pre_request') continue;
        test(`POST ${fn.name}${fn.stable ? ' and GET' : ''}`, async () => {
            const args = examples.get(fn.name);
            const expected = await plain(client, fn, args, { role });
            const post = await send(loader.url, `/rpc/${fn.name}`, { role, method: 'POST', body: args });
            // Where something is written or the clock is read, that it is answered alike must do.
            if (fn.stable && (fn.names.includes('as_of') || fn.max_age > 0)) compare(post, expected, `POST ${fn.name}`);
            else assert.equal(post.status, 'sqlstate' in expected ? statusOf(expected.sqlstate, true) : expected.value === null && fn.type === 'void' ? 204 : 200, `${expected.message ?? ''} ${post.text}`);
            const get = await send(loader.url, `/rpc/${fn.name}?${new URLSearchParams(Object.entries(args).map(([name, value]) => [name, inQuery(value)]))}`, { role });
            if (fn.stable) compare(get, expected, `GET ${fn.name}`);
            else {
                assert.equal(get.status, 405);
                assert.equal(get.headers.get('allow'), 'POST');
            }
        });
    }

    test('numbers pass through with every digit', async () => {
        const amount = '999999999999999.87'; // a JavaScript number would make 1000000000000000 of it
        const made = await send(loader.url, '/rpc/record_order', { role, tenant: 'digits', method: 'POST', body: `{"order_id": "exact", "created_at": "${asOf}", "total_amount": ${amount}}` });
        assert.equal(made.status, 200, made.text);
        const { rows } = await client.query("SELECT total_amount::text AS amount FROM analytics_data.orders WHERE tenant_id = 'digits'");
        assert.equal(rows[0].amount, amount);
        const summary = await send(loader.url, `/rpc/get_dashboard_summary?as_of=${asOf}`, { role, tenant: 'digits' });
        assert.match(summary.text, new RegExp(`"revenue_last_24h":${amount.replace('.', '\\.')}`));
    });

    test('unknown function, unknown and missing arguments are 404 PGRST202', async () => {
        for (const [path, body] of [['/rpc/no_such', {}], ['/rpc/get_hourly_trends', { hours: 3 }], ['/rpc/record_order', {}]]) {
            const response = await send(loader.url, path, { role, method: 'POST', body });
            assert.equal(response.status, 404);
            assert.equal(response.body.code, 'PGRST202');
        }
    });
});

describe('documentation', () => {
    test('README.md lists the paths of the table', () => {
        const readme = readFileSync(new URL('../../examples/loader/README.md', import.meta.url), 'utf8');
        assert.equal(readme, withPaths(readme), 'run: npm run docs (in examples/loader)');
    });

    const document = async (role) => (await send(loader.url, '/openapi.json', { ...(role && { role }) })).body;

    test('/openapi.json is valid and has each path and function', async () => {
        const body = await document(role);
        const result = await new Validator().validate(structuredClone(body));
        assert.ok(result.valid, JSON.stringify(result.errors)?.slice(0, 2000));
        for (const fn of functions.values()) {
            if (!['public', 'reader', 'writer', 'admin'].includes(fn.access) || fn.name === 'pre_request') continue;
            assert.ok(body.paths[`/rpc/${fn.name}`]?.post, fn.name);
            assert.equal(body.paths[`/rpc/${fn.name}`].get !== undefined, fn.stable, fn.name);
        }
        for (const { line, path } of served) assert.ok(body.paths[path]?.[line.method.toLowerCase()], path);
        const extra = Object.keys(body.paths).filter((path) => !path.startsWith('/rpc/') && !served.some((each) => each.path === path));
        assert.deepEqual(extra, []);
        const ids = Object.values(body.paths).flatMap((path) => Object.values(path).map((operation) => operation.operationId));
        assert.equal(new Set(ids).size, ids.length, 'operationId is unique');
        // References lead somewhere.
        for (const [, place] of JSON.stringify(body).matchAll(/"\$ref":"#\/([^"]+)"/g)) assert.ok(place.split('/').reduce((node, key) => node?.[key], body), place);
    });
    test('its parameters are the paths\' own', async () => {
        const { paths } = await document(role);
        const trends = paths['/api/analytics/dashboard/trends'].get;
        assert.deepEqual(trends.parameters.map((parameter) => parameter.name), ['hours', 'as_of']);
        assert.equal(trends.parameters[0].schema.minimum, 1);
        assert.equal(trends.responses[200].content['application/json'].schema.type, 'array');
        assert.equal(trends.responses[400].content['application/json'].schema.$ref, '#/components/schemas/PathError');
        assert.equal(paths['/rpc/get_hourly_trends'].get.responses[400].$ref, '#/components/responses/BadArgument');
    });
    test('it shows a caller what that caller may ask', async () => {
        const reader = await document('authenticated');
        assert.ok(reader.paths['/api/analytics/dashboard/summary']);
        assert.equal(reader.paths['/rpc/record_order'], undefined);
        assert.equal((await document()).paths['/api/analytics/dashboard/summary'], undefined);
    });
});
