-- Metrics: definitions, shared by all tenants, and the functions that ask them. C++ beside this file.
CREATE OR REPLACE FUNCTION analytics_internal.install_metrics() RETURNS SETOF text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regclass('analytics_store.metrics') IS NULL THEN
        CREATE TABLE analytics_store.metrics (
            name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]{0,62}$'),
            rollup text NOT NULL,
            expression text NOT NULL,
            unit text,
            direction text NOT NULL DEFAULT 'neutral' CHECK (direction IN ('up', 'down', 'neutral')),
            fill text NOT NULL CHECK (fill IN ('zero', 'null', 'last')),
            description text
        );
        COMMENT ON TABLE analytics_store.metrics IS
            'Metrics: named expressions over the measures of a rollup. Definitions, not facts: shared by all tenants. Written by analytics.define_metric; DELETE removes one.';
        GRANT SELECT ON analytics_store.metrics TO PUBLIC;
        RETURN NEXT 'table analytics_store.metrics';
    END IF;
    RETURN QUERY SELECT analytics_internal.ensure_registry_policy('analytics_store.metrics');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_store.metrics', jsonb_build_object(
        'name', 'What callers ask for.',
        'rollup', 'The rollup whose measures the expression uses.',
        'expression', 'Arithmetic over measures, as define_metric explains it.',
        'unit', 'For readers, and for rounding: ms, s, ratio, percent, or anything else (USD, tokens).',
        'direction', 'Where better lies: up, down, or neutral.',
        'fill', 'What a bucket without rows shows: zero, null, or the last state.',
        'description', 'One sentence for readers.'));
END $$;
COMMENT ON FUNCTION analytics_internal.install_metrics() IS
'Makes the table of metrics: a step of analytics.install().';

CREATE OR REPLACE FUNCTION analytics.define_metric(name text, rollup text, expression text, unit text DEFAULT NULL,
    direction text DEFAULT 'neutral', description text DEFAULT NULL, fill text DEFAULT NULL) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME', 'analytics_define_metric';
COMMENT ON FUNCTION analytics.define_metric(text, text, text, text, text, text, text) IS
'Defines a metric, or defines it anew, and returns its name.
name: a lower-case letter, then lower-case letters, digits and underscores; at most 63. rollup: whose measures the expression uses.
expression: numbers, measures, + - * / and parentheses, nullif(a, b), coalesce(a, ...), greatest(a, ...), least(a, ...), abs(a), round(a, decimals), quantile(measure, probability); at most 1000 bytes and 32 levels. In it a sum or a count without rows is 0, any other measure without rows is NULL; NULL makes the result NULL, and so does a division by zero. Example: "revenue / nullif(orders, 0)".
unit: for readers, and it decides how quotients, averages and quantiles are rounded: ms and s 3 decimals, ratio 4, percent 2, all others 2 (below 1: 6 significant digits), unless the expression ends with round(). Sums, differences and products are never rounded.
direction: where better lies, up | down | neutral. description: a sentence for readers.
fill: what a bucket without rows shows, zero | null | last (the last state, for gauges); NULL chooses zero where the expression has a value without rows, else null.
Metrics are shared by all tenants; their values are not. Errors: 22023 bad argument or expression (with position and hint), PT404 unknown rollup, 42501 without the right to write analytics_store.metrics.';

CREATE OR REPLACE FUNCTION analytics.list_metrics() RETURNS TABLE (name text, unit text, direction text, rollup text,
    dimensions text[], description text, expression text, fill text)
LANGUAGE sql STABLE PARALLEL SAFE COST 100 ROWS 50 AS $$
    SELECT m.name, m.unit, m.direction, m.rollup, coalesce(r.dimensions::pg_catalog.text[], '{}'), m.description,
           m.expression, m.fill
    FROM analytics_store.metrics m LEFT JOIN analytics_store.rollups r ON r.name OPERATOR(pg_catalog.=) m.rollup
    ORDER BY m.name
$$;
COMMENT ON FUNCTION analytics.list_metrics() IS
'Lists the metrics by name.
Result: name; unit; direction (where better lies: up, down or neutral); rollup; dimensions, by which the metric can be filtered and grouped; description; expression over the rollup''s measures; fill (what a bucket without rows shows: zero, null or the last state).';

CREATE OR REPLACE FUNCTION analytics.get_metric_series(metric text, bucket text DEFAULT '1h', period text DEFAULT '24h',
    filters jsonb DEFAULT '{}', group_by text DEFAULT NULL, compare_to text DEFAULT NULL, time_zone text DEFAULT 'UTC',
    as_of timestamptz DEFAULT NULL, key_limit integer DEFAULT 100)
RETURNS TABLE ("timestamp" timestamptz, key text, value numeric, previous_value numeric, pct_change numeric, is_partial boolean)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 168 AS 'MODULE_PATHNAME', 'analytics_get_metric_series';
COMMENT ON FUNCTION analytics.get_metric_series(text, text, text, jsonb, text, text, text, timestamptz, integer) IS
'A metric over time: one row a bucket, oldest first, none missing.
metric: a name of list_metrics. bucket: 15m | 30m | 1h | 1d | 1w (from Monday) | 1mo. period: how far back, a whole number of m (minutes), h, d, w, mo or y, such as 24h or 30d; at least one and at most 10000 buckets. as_of: when, NULL means now.
The series holds the buckets that begin in (as_of - period, as_of] in time_zone (any IANA name; days may have 23 or 25 hours). The last is the running one, cut at as_of and marked is_partial.
filters: {"dimension": "value" or ["a", "b"]}, all of which must hold; rows without a value match none. group_by: a dimension; then key is its value (NULL for rows without one), keys follow each other in the order of their value over the whole series, greatest first, and at most key_limit (1 to 10000) of them are shown. Without group_by key is NULL.
compare_to: previous_period (the buckets before these) | previous_day | previous_week | previous_month | previous_year: previous_value is the value at the same local time then, of a partial bucket in the same elapsed part; weekly buckets are compared 4 or 52 weeks apart. pct_change is (value - previous_value) / |previous_value| * 100, NULL where either is NULL or previous_value is 0; like the values it is computed from unrounded numbers.
value: exact for sums; how quotients are rounded and empty buckets filled is the metric''s (define_metric).
Errors: 22023 bad argument, PT404 unknown metric.';

CREATE OR REPLACE FUNCTION analytics.get_metric_summary(metric text, period text DEFAULT '24h', filters jsonb DEFAULT '{}',
    as_of timestamptz DEFAULT NULL, OUT metric text, OUT value numeric, OUT previous_value numeric, OUT pct_change numeric,
    OUT trend numeric[])
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 AS 'MODULE_PATHNAME', 'analytics_get_metric_summary';
COMMENT ON FUNCTION analytics.get_metric_summary(text, text, jsonb, timestamptz) IS
'A metric at a glance: now, before, the change and the way there.
metric: a name of list_metrics. period: 15m to 100y, a whole number of m (minutes), h, d, w, mo or y, such as 24h or 30d. filters: {"dimension": "value" or ["a", "b"]}. as_of: when, NULL means now.
value: over (as_of - period, as_of], exact to the microsecond. previous_value: over the period of the same length before. For a metric whose gaps show the last state: the newest state, and the one a period ago.
pct_change: (value - previous_value) / |previous_value| * 100, NULL where either is NULL or previous_value is 0.
trend: the values of get_metric_series over the period in UTC, oldest first, the running bucket last: buckets of 15 minutes up to 6 hours, hours up to 48 hours, days up to 93 days, weeks up to 2 years, then months.
Errors: 22023 bad argument, PT404 unknown metric.';

CREATE OR REPLACE FUNCTION analytics_internal.is_time_zone(name text) RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'analytics_is_time_zone';
COMMENT ON FUNCTION analytics_internal.is_time_zone(text) IS
'Whether this is the name of a time zone: an IANA name, no POSIX form such as UTC+2. False for NULL. (The view pg_timezone_names reads hundreds of files.)';

CREATE OR REPLACE FUNCTION analytics_internal.series_slots(bucket text, period text, time_zone text DEFAULT 'UTC',
    as_of timestamptz DEFAULT NULL, compare_to text DEFAULT NULL)
RETURNS TABLE (slot_start timestamptz, slot_end timestamptz, is_partial boolean, other_start timestamptz, other_end timestamptz)
LANGUAGE c STABLE PARALLEL SAFE COST 100 ROWS 168 AS 'MODULE_PATHNAME', 'analytics_series_slots';
COMMENT ON FUNCTION analytics_internal.series_slots(text, text, text, timestamptz, text) IS
'The slots of time that a series consists of, oldest first, and what each is compared with.
Arguments as of get_metric_series. Slots are half open; the last ends a microsecond after as_of, unless the bucket ends before. other_start and other_end are NULL without compare_to.';

CREATE OR REPLACE FUNCTION analytics.get_metric_anomalies(metric text, period text DEFAULT '7d', bucket text DEFAULT '1h',
    filters jsonb DEFAULT '{}', as_of timestamptz DEFAULT NULL)
RETURNS TABLE ("timestamp" timestamptz, value numeric, expected_value numeric, lower_bound numeric, upper_bound numeric,
               p_value double precision, severity text, direction text)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 5 AS 'MODULE_PATHNAME', 'analytics_get_metric_anomalies';
COMMENT ON FUNCTION analytics.get_metric_anomalies(text, text, text, jsonb, timestamptz) IS
'The buckets of a metric that do not fit what its past leads to expect.
metric, period, bucket, filters, as_of: as in get_metric_series. Judged are the complete buckets of the period, each by all before it (hours: 28 days more than the period; days: a year more), with daily or weekly season and counts taken for counts. Buckets are UTC''s.
Result: timestamp (start of the bucket), value, expected_value, lower_bound and upper_bound (95 % of what was to be expected), p_value of a value as far off, severity after false-discovery control over all judged buckets (critical q < 1e-6 and at least 50 % off; high q < 1e-4 and 30 %; medium q < 0.01; low q < 0.05), direction: up or down from the expectation. Worst first, then newest first; no rows where all fits.
Errors: PT404 for an unknown metric, 22023 for a bad argument.';

CREATE OR REPLACE FUNCTION analytics.forecast_metric(metric text, horizon integer DEFAULT 14, bucket text DEFAULT '1d',
    filters jsonb DEFAULT '{}', as_of timestamptz DEFAULT NULL, method text DEFAULT 'auto')
RETURNS TABLE ("timestamp" timestamptz, value numeric, lower_80 numeric, upper_80 numeric, lower_95 numeric, upper_95 numeric)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 14 AS 'MODULE_PATHNAME', 'analytics_forecast_metric';
COMMENT ON FUNCTION analytics.forecast_metric(text, integer, text, jsonb, timestamptz, text) IS
'The next buckets of a metric, with intervals that hold 80 and 95 % of what comes.
metric, filters, as_of: as in get_metric_series. horizon: 1 to 1000 buckets, the running one (as a whole) first. bucket: 15m, 30m, 1h, 1d, 1w or 1mo, of UTC. Learnt from the complete buckets before: 14 days of quarters of an hour, 21 of half hours, 28 days of hours, a year of days, four years of weeks, ten of months. method: as in forecast().
Result: timestamp (start of the bucket), value and bounds, rounded as the metric''s quotients are (sums to 2 decimals, below 1 to 6 digits). NULL where nothing is known; 0 for sums and counts of nothing.
Errors: PT404 for an unknown metric, 22023 for a bad argument.';
