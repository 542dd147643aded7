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

/** Asks one path for a while; the milliseconds of each answer. With `rate`, so often a second. */
async function ask(path, connections, rate) {
    const times = [], from = performance.now() + opening * 1000;
    const generator = autocannon({ url: loader.url + path, headers, connections, duration: opening + seconds, timeout: 30, ...(rate && { overallRate: rate }) });
    generator.on('response', (_client, status, _bytes, ms) => { if (status === 200 && performance.now() >= from) times.push(ms); });
    const result = await generator;
    return { path, times, failed: result.errors + result.timeouts + result.non2xx };
}

const share = (i) => Math.floor(users / served.length) + (i < users % served.length ? 1 : 0);

/** A generator a user, started one after the other within a second: users do not all ask at the same moment. */
const paced = () => Promise.all(Array.from({ length: users }, async (_, i) => {
    await new Promise((resolve) => setTimeout(resolve, i * 1000 / users));
    return ask(served[i % served.length][0], 1, 1);
}));
const unpaced = () => Promise.all(served.map(([path], i) => ask(path, share(i))));

async function round(title, generators) {
    const results = await generators();
    console.log(`\n${title}, ${seconds} s\n\n| path | users | answers | p50 ms | p95 ms | p99 ms | errors | goal p50 / p95 / p99 |\n|---|---|---|---|---|---|---|---|`);
    let answers = 0, failed = 0;
    served.forEach(([path, goal], i) => {
        const own = results.filter((result) => result.path === path);
        const times = own.flatMap((result) => result.times).sort((a, b) => a - b);
        const percentile = (p) => (times[Math.ceil(times.length * p / 100) - 1] ?? NaN).toFixed(1);
        const errors = own.reduce((sum, result) => sum + result.failed, 0);
        answers += times.length;
        failed += errors;
        console.log(`| \`${path}\` | ${share(i)} | ${times.length} | ${percentile(50)} | ${percentile(95)} | ${percentile(99)} | ${errors} | ${goal ? goal.join(' / ') : ''} |`);
    });
    console.log(`\n${Math.round(answers / seconds)} answers a second, ${failed} errors.`);
    return failed;
}

let failed = await round('100 users, each asks once a second', paced);
failed += await round('100 users, each asks again as soon as it is answered', unpaced);
await loader.stop();
process.exitCode = failed === 0 ? 0 : 1;
