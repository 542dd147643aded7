-- A run as a tree: its spans with their own times, and what made it slow or dear. C++ beside this file.

CREATE OR REPLACE FUNCTION analytics.get_run_spans(run_id text, row_limit integer DEFAULT 1000, row_offset integer DEFAULT 0,
    as_of timestamptz DEFAULT NULL)
RETURNS TABLE (span_id text, parent_span_id text, operation_name text, kind text, start_time_us bigint, finish_time_us bigint,
    duration_ms numeric, self_time_ms numeric, depth integer, status text, error_message text, model text, cost numeric, attributes jsonb,
    trace_id text)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 1000 AS 'MODULE_PATHNAME', 'analytics_get_run_spans';
COMMENT ON FUNCTION analytics.get_run_spans(text, integer, integer, timestamptz) IS
'The spans of a run as a tree: each before its children, siblings by their start, with the time that was its own.
run_id: of list_runs. row_limit: 1 to 10000. row_offset: 0 to 1000000 spans of the tree to leave out. as_of: NULL means now; then the run is shown as it stood: a span that ended later is open, its status unset, its cost not known.
Result: start_time_us and finish_time_us in microseconds since 1970 (finish NULL while it is open); duration_ms, of an open span up to as_of, or up to the run''s last end where all roots have ended; self_time_ms, the part of it that no child covers (children may overlap and outlive the span); both in milliseconds with 3 decimals. depth: 0 for a root. A span is a root too where its parent is not among the run''s spans of its trace, and where its parents led back to itself: of such a circle the span that started first is the root. A span that ended before its start took no time. cost in US dollars, NULL where the span carries none. Siblings that started together come by span_id.
Errors: PT404 for an unknown run, 22023 for a missing run_id, a number out of range or a run of more than 1000000 spans.';

CREATE OR REPLACE FUNCTION analytics.get_run_bottlenecks(run_id text, row_limit integer DEFAULT 5, as_of timestamptz DEFAULT NULL)
RETURNS jsonb
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 AS 'MODULE_PATHNAME', 'analytics_get_run_bottlenecks';
COMMENT ON FUNCTION analytics.get_run_bottlenecks(text, integer, timestamptz) IS
'Why a run took so long and cost so much: its slowest and dearest spans, and the chain of spans that it waited for.
run_id: of list_runs. row_limit: 1 to 100 slowest and as many dearest spans. as_of: NULL means now; then the run is shown as it stood.
Result: {duration_ms, cost, slowest_spans, expensive_spans, critical_path}. duration_ms: from the first start to the last end, of a running run to as_of; cost: of all spans, US dollars, NULL where none carries one. slowest_spans [{span_id, trace_id, operation_name, duration_ms, self_time_ms, percent_of_total, self_percent, on_critical_path}]: by self_time_ms, the part of a span that no child covers, so a parent that only waits is not slow; percent_of_total and self_percent are shares of the run''s duration_ms. The root is left out; of several the one that ended last. expensive_spans [{span_id, trace_id, operation_name, cost, model, percent_of_total}]: those that cost something; percent_of_total is the share of the run''s cost. critical_path [{span_id, trace_id, operation_name, duration_ms}]: from the root''s end backwards, at each moment the last finishing of the children at work, and of its children again; the time each span was waited for itself, in the order in which it first was. They sum to the root''s duration, to the microsecond; of several roots to the time at which any of them was at work. All times in milliseconds with 3 decimals, shares 0..100 with 2 decimals (NULL of nothing); what is equal comes by span_id. Open spans, lost parents and circles are treated as by get_run_spans.
Errors: PT404 for an unknown run, 22023 for a missing run_id, a row_limit out of range or a run of more than 1000000 spans.';
