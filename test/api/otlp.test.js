// OpenTelemetry's own SDK and exporter post spans to the loader, as JSON; what is stored is compared with what was recorded.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { claimsOf, connect, send, startLoader, token } from './setup.js';

const client = await connect();
let loader;
before(async () => { loader = await startLoader(); });
after(async () => { await loader.stop(); await client.end(); });

const tenant = 'otlp';
async function providerFor(role) {
    const headers = role ? { authorization: `Bearer ${await token(claimsOf(role, tenant))}` } : {};
    const exporter = new OTLPTraceExporter({ url: `${loader.url}/v1/traces`, headers });
    const failures = [];
    const send = exporter.export.bind(exporter);
    exporter.export = (spans, done) => send(spans, (result) => { if (result.error) failures.push(result.error); done(result); });
    const provider = new BasicTracerProvider({
        resource: resourceFromAttributes({ 'service.name': 'support bot', 'session.id': 'thread 7' }),
        spanProcessors: [new BatchSpanProcessor(exporter)],
    });
    return { provider, failures };
}
const stored = async (traceId) => (await client.query(
    'SELECT *, extract(epoch FROM end_time - start_time)::float8 AS seconds FROM analytics_data.spans WHERE tenant_id = $1 AND trace_id = $2 ORDER BY start_time, span_id', [tenant, traceId])).rows;

test('the SDK exports a run', async () => {
    const { provider, failures } = await providerFor('service_role');
    const tracer = provider.getTracer('bot', '1.2.3');
    const start = Date.UTC(2026, 2, 2, 10);
    const root = tracer.startSpan('invoke_agent helper', { startTime: start, attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.usage.input_tokens': 1000 } }, ROOT_CONTEXT);
    const inside = trace.setSpan(ROOT_CONTEXT, root);
    const call = tracer.startSpan('chat gpt-4o', {
        kind: SpanKind.CLIENT, startTime: start + 100,
        attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-4o', 'gen_ai.usage.input_tokens': 1000, 'gen_ai.usage.output_tokens': 200, 'gen_ai.request.temperature': 0.5, 'gen_ai.response.finish_reasons': ['stop'], streamed: true },
    }, inside);
    call.end(start + 1350);
    const tool = tracer.startSpan('execute_tool search', { startTime: start + 1400, attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' } }, inside);
    tool.recordException(new Error('no network'));
    tool.setStatus({ code: SpanStatusCode.ERROR });
    tool.end(start + 1500);
    root.end(start + 2000);
    await provider.forceFlush();
    assert.deepEqual(failures, []);

    const { traceId, spanId } = root.spanContext();
    const rows = await stored(traceId);
    assert.deepEqual(rows.map((r) => [r.span_id, r.parent_span_id, r.operation_name, r.kind, r.status, r.error_message, r.model, r.tool_name, r.input_tokens, r.output_tokens, r.thread_id, r.seconds]), [
        [spanId, null, 'invoke_agent helper', 'internal', 'unset', null, null, null, null, null, 'thread 7', 2],
        [call.spanContext().spanId, spanId, 'chat gpt-4o', 'client', 'unset', null, 'gpt-4o', null, '1000', '200', 'thread 7', 1.25],
        [tool.spanContext().spanId, spanId, 'execute_tool search', 'internal', 'error', 'no network', null, 'search', null, null, 'thread 7', 0.1],
    ]);
    assert.equal(rows[0].start_time.getTime(), start);
    const { attributes } = rows[1];
    assert.equal(attributes['gen_ai.request.temperature'], 0.5);
    assert.equal(attributes.streamed, true);
    assert.deepEqual(attributes['gen_ai.response.finish_reasons'], ['stop']);
    assert.equal(attributes.resource['service.name'], 'support bot');
    assert.deepEqual(attributes.scope, { name: 'bot', version: '1.2.3' });
    const price = (await client.query("SELECT input_usd_per_mtok * 1000 / 1000000 + output_usd_per_mtok * 200 / 1000000 AS cost FROM analytics_data.model_prices WHERE tenant_id = '*' AND model = 'gpt-4o' AND provider IS NULL")).rows;
    assert.equal(price.length, 1);
    assert.equal(Number(rows[1].cost_usd), Number(price[0].cost));
    assert.deepEqual([rows[0].cost_usd, rows[2].cost_usd], [null, null]);
    await provider.shutdown();
});

test('without a token the exporter is refused', async () => {
    const { provider, failures } = await providerFor(undefined);
    const span = provider.getTracer('bot').startSpan('answer');
    span.end();
    await provider.forceFlush().catch(() => undefined);
    assert.equal(failures.length, 1);
    assert.equal(failures[0].code, 401);
    assert.deepEqual(await stored(span.spanContext().traceId), []);
    await provider.shutdown();
});

test('both paths answer as the protocol says', async () => {
    const body = { resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: 'x', spanId: 'y', name: 'bad' }] }] }] };
    for (const path of ['/v1/traces', '/rpc/ingest_otlp_traces']) {
        const response = await send(loader.url, path, { method: 'POST', role: 'service_role', tenant, body });
        assert.equal(response.status, 200);
        assert.equal(response.body.partialSuccess.rejectedSpans, '1');
        assert.match(response.body.partialSuccess.errorMessage, /traceId must be/);
        assert.equal((await send(loader.url, path, { method: 'POST', role: 'service_role', tenant, body: [] })).status, 400);
    }
});
