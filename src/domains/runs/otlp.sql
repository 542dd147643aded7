-- OpenTelemetry: spans as exporters send them.

CREATE OR REPLACE FUNCTION analytics.ingest_otlp_traces(jsonb) RETURNS jsonb
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'analytics_ingest_otlp_traces';
COMMENT ON FUNCTION analytics.ingest_otlp_traces(jsonb) IS
'Records the spans of an OTLP/HTTP trace export request in JSON, so that an OpenTelemetry SDK or collector can post straight to it.
The argument is the body: resourceSpans, their scopeSpans (or instrumentationLibrarySpans, as they were called), their spans; at most 10,000 spans, 1 MB of text a span, attributes nested at most 32 deep. Ids are hexadecimal, times nanoseconds since 1970 as numbers or strings; unknown members are ignored.
Attributes fill model, tool_name, thread_id (session.id, gen_ai.conversation.id), run_id (run.id, else the trace is the run), input_tokens and output_tokens (input includes cached tokens) and cost_usd by the names of OpenTelemetry''s conventions for generative AI, of OpenInference, OpenLLMetry and the Vercel AI SDK; docs/otlp.md lists them. A call of a model without a cost gets the one that model_prices says; an agent or workflow span, which repeats what the calls below it used, gets neither tokens nor cost. attributes keeps all attributes by their names, and resource, scope, events and links.
A span may come first open and later complete, any number of times, in any order: what is given replaces what is stored, what is missing keeps it.
Result: {"partialSuccess": {}}; where spans were refused, with rejectedSpans (a number as a string, as OTLP writes it) and errorMessage, which says where and why; the others are kept. errorMessage without rejectedSpans warns of attributes that were not understood.
Errors: 22023 when the body is no trace export request or holds too many spans. Nothing is kept then.';
