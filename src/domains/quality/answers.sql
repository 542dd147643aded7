-- The questions of data quality, and what is kept of each day. C++ beside this file.

CREATE OR REPLACE FUNCTION analytics.get_data_quality(as_of timestamptz DEFAULT NULL) RETURNS jsonb
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 AS 'MODULE_PATHNAME', 'analytics_get_data_quality';
COMMENT ON FUNCTION analytics.get_data_quality(timestamptz) IS
'How good the data are: approvals, queries and training examples of the last 30 days, in four dimensions.
as_of: NULL means now; the rows of (as_of - 30 days, as_of].
Result: {overall_score, dimensions: [{name, score, status, details}], checked_at}. Scores are 0 to 100, null where there is nothing to judge; status is pass from 95, warn from 80, fail below. overall_score: their mean by the weights agent_analytics.data_quality_weight_*.
completeness: fields that are there, of those that ought to be (details: total_rows, null_counts of each table; blank texts count as missing). accuracy: rows whose values are in range and fit each other (total_rows, invalid_rows, broken_rules; a row may break several). timeliness: drafts that do not wait for more than 60 minutes and rows that came in within 60 minutes, half each (stale_pending, total_pending, late_rows, total_rows). consistency: records whose agent and conversation are known (orphan_records, referring_records, unknown_agents, unknown_conversations).
Rules of your own stand in analytics_data.data_quality_checks; they are in details.checks of their dimension, with the error of a rule that could not be evaluated. docs/data_quality.md tells each rule.
Errors: 22023 when as_of is out of range.';

CREATE OR REPLACE FUNCTION analytics.get_data_quality_trend(days integer DEFAULT 30, as_of timestamptz DEFAULT NULL) RETURNS jsonb
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 AS 'MODULE_PATHNAME', 'analytics_get_data_quality_trend';
COMMENT ON FUNCTION analytics.get_data_quality_trend(integer, timestamptz) IS
'How the scores of get_data_quality() have changed, day by day.
days: 1 to 90 UTC days, the running one included. as_of: NULL means now.
Result: {period_days, data: [{date, overall_score, completeness, accuracy, timeliness, consistency}], trend: {direction, change_pct}}, oldest day first. A day''s scores are those at its end; run_maintenance keeps them, and what is kept is never recomputed; a day that is not kept yet is computed.
direction: improving, declining or stable, from a robust line (Theil-Sen) through overall_score; stable when it moves by at most 0.5 points over the period. change_pct: how far it moves, in percent of where it begins; null with fewer than two days.
Errors: 22023 when days or as_of is out of range.';

CREATE OR REPLACE FUNCTION analytics_internal.data_quality_of(tenant text, as_of timestamptz, OUT overall_score numeric,
    OUT completeness numeric, OUT accuracy numeric, OUT timeliness numeric, OUT consistency numeric)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 AS 'MODULE_PATHNAME', 'analytics_data_quality_of';
COMMENT ON FUNCTION analytics_internal.data_quality_of(text, timestamptz, OUT numeric, OUT numeric, OUT numeric, OUT numeric, OUT numeric) IS
'The scores of a tenant at a moment, for keeping. The caller''s rights and row security hold.';

CREATE OR REPLACE FUNCTION analytics_internal.quality_tenants() RETURNS SETOF text
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
    -- From tenant to tenant in the primary keys: there may be many rows of each.
    WITH RECURSIVE a(tenant) AS (
        SELECT min(tenant_id) FROM analytics_data.agent_approvals
        UNION ALL SELECT (SELECT min(r.tenant_id) FROM analytics_data.agent_approvals r WHERE r.tenant_id > a.tenant) FROM a WHERE a.tenant IS NOT NULL
    ), q(tenant) AS (
        SELECT min(tenant_id) FROM analytics_data.agent_queries
        UNION ALL SELECT (SELECT min(r.tenant_id) FROM analytics_data.agent_queries r WHERE r.tenant_id > q.tenant) FROM q WHERE q.tenant IS NOT NULL
    ), t(tenant) AS (
        SELECT min(tenant_id) FROM analytics_data.training_examples
        UNION ALL SELECT (SELECT min(r.tenant_id) FROM analytics_data.training_examples r WHERE r.tenant_id > t.tenant) FROM t WHERE t.tenant IS NOT NULL
    )
    SELECT tenant FROM (TABLE a UNION TABLE q UNION TABLE t) x WHERE tenant IS NOT NULL ORDER BY 1
$$;
COMMENT ON FUNCTION analytics_internal.quality_tenants() IS 'The tenants that have approvals, queries or training examples.';

CREATE OR REPLACE FUNCTION analytics_internal.refresh_quality_days(most integer DEFAULT 100) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    yesterday date := (now() AT TIME ZONE 'UTC')::date - 1;
    done bigint;
BEGIN
    IF to_regclass('analytics_store.data_quality_days') IS NULL THEN
        RETURN 0;
    END IF;
    -- Since the last day that is kept, or of the last 30.
    INSERT INTO analytics_store.data_quality_days (tenant_id, day, overall_score, completeness, accuracy, timeliness, consistency)
    SELECT m.tenant, m.day, s.overall_score, s.completeness, s.accuracy, s.timeliness, s.consistency
    FROM (SELECT t.tenant, d.day::date
          FROM analytics_internal.quality_tenants() t(tenant),
               LATERAL (SELECT max(k.day) AS day FROM analytics_store.data_quality_days k WHERE k.tenant_id = t.tenant AND k.day <= yesterday) k,
               generate_series(greatest(k.day + 1, yesterday - 89, CASE WHEN k.day IS NULL THEN yesterday - 29 END)::timestamp, yesterday, interval '1 day') d(day)
          ORDER BY 1, 2 LIMIT most) m,
         LATERAL analytics_internal.data_quality_of(m.tenant, (m.day + 1)::timestamp AT TIME ZONE 'UTC' - interval '1 microsecond') s
    ON CONFLICT (tenant_id, day) DO NOTHING;
    GET DIAGNOSTICS done = ROW_COUNT;
    RETURN done;
END $$;
COMMENT ON FUNCTION analytics_internal.refresh_quality_days(integer) IS
'Keeps the scores of the days that are over and not kept yet, of at most so many days and tenants; a step of run_maintenance. Returns how many it has kept: 0 when none is left.';
