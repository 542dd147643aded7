// The load of test/bench/load: 100 users over a mix of paths, first each asking once a second, then as fast as they are answered.
import autocannon from 'autocannon';
import { claimsOf, send, startLoader, token } from './setup.js';

const seconds = Number(process.argv[2]);
const opening = 5; // seconds in which connections are opened and statements planned: not counted
const users = 100;
// Path, and its goals on hardware of the server's own: p50, p95, p99 in ms.
const mix = [
    ['/api/analytics/dashboard/summary', [15, 30, 50]],
    ['/api/analytics/dashboard/trends', [25, 50, 100]],
    ['/api/analytics/dashboard/anomalies', [15, 30, 50]],
    ['/api/analytics/agent/queue', [30, 60, 100]],
    ['/api/analytics/agent/accuracy', [30, 60, 100]],
    ['/api/analytics/agent/quality', [30, 60, 100]],
    ['/api/analytics/agent/summary', [20, 40, 80]],
    ['/api/v1/analytics/overview', undefined],
    ['/api/v1/analytics/trends', undefined],
    ['/rpc/get_metric_series?metric=revenue', undefined],
];

const loader = await startLoader({ LOADER_POOL_SIZE: '16', LOADER_LOG_LEVEL: 'info', LOADER_STATEMENT_TIMEOUT_MS: '60000' });
const headers = { authorization: `Bearer ${await token({ ...claimsOf('authenticated', 'default'), sub: undefined })}` };
const served = [];
for (const [path, goal] of mix) {
    const { status } = await send(loader.url, path, { headers });
    if (status === 200) served.push([path, goal]);
    else console.log(`${path}: ${status}, left out`);
}

/** One load generator a path, all at once, so that each path has times of its own. */
async function ask([path, goal], users, rate) {
    const times = [], from = performance.now() + opening * 1000;
    const generator = autocannon({ url: loader.url + path, headers, connections: users, duration: opening + seconds, timeout: 30, ...(rate && { overallRate: users * rate }) });
    generator.on('response', (_client, status, _bytes, ms) => { if (status === 200 && performance.now() >= from) times.push(ms); });
    const result = await generator;
    times.sort((a, b) => a - b);
    const percentile = (p) => (times[Math.ceil(times.length * p / 100) - 1] ?? NaN).toFixed(1);
    const failed = result.errors + result.timeouts + result.non2xx;
    console.log(`| \`${path}\` | ${users} | ${times.length} | ${percentile(50)} | ${percentile(95)} | ${percentile(99)} | ${failed} | ${goal ? goal.join(' / ') : ''} |`);
    return { answers: times.length, failed };
}

async function round(title, rate) {
    console.log(`\n${title}, ${seconds} s\n\n| path | users | answers | p50 ms | p95 ms | p99 ms | errors | goal p50 / p95 / p99 |\n|---|---|---|---|---|---|---|---|`);
    const share = (i) => Math.floor(users / served.length) + (i < users % served.length ? 1 : 0);
    const results = await Promise.all(served.map((line, i) => ask(line, share(i), rate)));
    const sum = (key) => results.reduce((total, result) => total + result[key], 0);
    console.log(`\n${Math.round(sum('answers') / seconds)} answers a second, ${sum('failed')} errors.`);
    return sum('failed');
}

let failed = await round('100 users, each asks once a second', 1);
failed += await round('100 users, each asks again as soon as it is answered');
await loader.stop();
process.exitCode = failed === 0 ? 0 : 1;
