-- Rollups: the registry and its functions. docs/rollups.md tells how they stay exact.

CREATE OR REPLACE FUNCTION analytics_internal.install_engine() RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT analytics_internal.ensure_schema('analytics_data', 'agent_analytics: the facts. Yours: made by analytics.install().');
    RETURN QUERY SELECT analytics_internal.ensure_schema('analytics_store', 'agent_analytics: definitions, rollup stores and notes. Made by analytics.install().');
    IF to_regclass('analytics_store.definitions') IS NULL THEN
        CREATE TABLE analytics_store.definitions (
            object text PRIMARY KEY,
            hash text NOT NULL);
        COMMENT ON TABLE analytics_store.definitions IS 'What install() has made, and a hash of the definition it was last made by: where an update brings another one, it is made anew.';
        COMMENT ON COLUMN analytics_store.definitions.object IS 'What it is: table, index, view and so on, with its name.';
        COMMENT ON COLUMN analytics_store.definitions.hash IS 'MD5 of its definition.';
        RETURN NEXT 'table analytics_store.definitions';
    END IF;
    IF to_regclass('analytics_store.sources') IS NULL THEN
        CREATE TABLE analytics_store.sources (
            source_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            relation regclass NOT NULL,
            time_column name NOT NULL,
            bucket interval NOT NULL,
            by_tenant boolean NOT NULL,
            settled_to timestamptz NOT NULL DEFAULT '-infinity',
            lag interval NOT NULL DEFAULT '1 minute',
            next_xid bigint NOT NULL DEFAULT 0,
            watch_signature bigint NOT NULL DEFAULT 0,
            waits_for text,
            last_refresh_at timestamptz);
        COMMENT ON TABLE analytics_store.sources IS 'Tables that rollups summarise, one row a table and time column; its row lock makes refreshers take turns.';
        COMMENT ON COLUMN analytics_store.sources.source_id IS 'Names the sequence note_below_<source_id>, the limit below which writers leave notes.';
        COMMENT ON COLUMN analytics_store.sources.relation IS 'The table.';
        COMMENT ON COLUMN analytics_store.sources.time_column IS 'Its time column, as it was called when the last rollup was made.';
        COMMENT ON COLUMN analytics_store.sources.bucket IS 'Width of a note: the finest bucket of its rollups.';
        COMMENT ON COLUMN analytics_store.sources.by_tenant IS 'Whether its rows, and so its stores, are kept apart by tenant.';
        COMMENT ON COLUMN analytics_store.sources.settled_to IS 'All running writers are known to read a limit at least this high.';
        COMMENT ON COLUMN analytics_store.sources.lag IS 'How far the limit stays behind now; grows when many transactions are late.';
        COMMENT ON COLUMN analytics_store.sources.next_xid IS 'The next transaction id at the last refresh, to judge how many transactions were late.';
        COMMENT ON COLUMN analytics_store.sources.watch_signature IS 'Hash of the watch list.';
        COMMENT ON COLUMN analytics_store.sources.waits_for IS 'The transaction that kept the last refresh from advancing.';
        COMMENT ON COLUMN analytics_store.sources.last_refresh_at IS 'When it was last refreshed.';
        RETURN NEXT 'table analytics_store.sources';
    END IF;
    IF to_regclass('analytics_store.rollups') IS NULL THEN
        CREATE TABLE analytics_store.rollups (
            rollup_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name name NOT NULL UNIQUE,
            source_id integer NOT NULL,
            measures jsonb NOT NULL,
            dimensions name[] NOT NULL,
            bucket interval NOT NULL,
            measure_names name[] NOT NULL,
            measure_kinds text[] NOT NULL,
            summarised_to timestamptz NOT NULL DEFAULT '-infinity',
            first_row_at timestamptz,
            last_refresh_at timestamptz);
        CREATE INDEX rollups_source_id ON analytics_store.rollups (source_id);
        COMMENT ON TABLE analytics_store.rollups IS 'The rollups and how far each is summarised.';
        COMMENT ON COLUMN analytics_store.rollups.rollup_id IS 'Its number.';
        COMMENT ON COLUMN analytics_store.rollups.name IS 'Name of the view analytics.<name> and of its stores analytics_store.<name>_base, _hour, _day.';
        COMMENT ON COLUMN analytics_store.rollups.source_id IS 'Its table: analytics_store.sources.';
        COMMENT ON COLUMN analytics_store.rollups.measures IS 'As given to create_rollup.';
        COMMENT ON COLUMN analytics_store.rollups.dimensions IS 'Columns it groups by.';
        COMMENT ON COLUMN analytics_store.rollups.bucket IS 'Width of a base bucket.';
        COMMENT ON COLUMN analytics_store.rollups.measure_names IS 'Measures in the order of the store''s columns.';
        COMMENT ON COLUMN analytics_store.rollups.measure_kinds IS 'count, sum, min, max, avg, distinct or quantiles.';
        COMMENT ON COLUMN analytics_store.rollups.summarised_to IS 'Everything below is stored; what is above is read from the source.';
        COMMENT ON COLUMN analytics_store.rollups.first_row_at IS 'The oldest row when summarising began, for the progress shown by get_rollup_status.';
        COMMENT ON COLUMN analytics_store.rollups.last_refresh_at IS 'When it was last refreshed.';
        RETURN NEXT 'table analytics_store.rollups';
    END IF;
    IF to_regclass('analytics_store.notes') IS NULL THEN
        CREATE TABLE analytics_store.notes (
            source_id integer NOT NULL,
            tenant_id text,
            from_at timestamptz NOT NULL,
            to_at timestamptz NOT NULL)
            WITH (autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.05,
                  autovacuum_vacuum_insert_threshold = 2000);
        CREATE INDEX notes_source_id ON analytics_store.notes (source_id, from_at);
        COMMENT ON TABLE analytics_store.notes IS 'Ranges of time that were touched since the last refresh: read from the source until the refresh has recomputed them.';
        COMMENT ON COLUMN analytics_store.notes.source_id IS 'The table: analytics_store.sources.';
        COMMENT ON COLUMN analytics_store.notes.tenant_id IS 'Whose rows were touched; NULL means anybody''s.';
        COMMENT ON COLUMN analytics_store.notes.from_at IS 'Start of the range.';
        COMMENT ON COLUMN analytics_store.notes.to_at IS 'End of the range, not part of it.';
        RETURN NEXT 'table analytics_store.notes';
    END IF;
    IF to_regclass('analytics_store.watch') IS NULL THEN
        CREATE TABLE analytics_store.watch (
            source_id integer NOT NULL,
            leaf oid NOT NULL,
            file oid NOT NULL,
            trigger oid NOT NULL,
            enabled "char" NOT NULL,
            version bigint NOT NULL,
            from_at timestamptz NOT NULL,
            to_at timestamptz NOT NULL,
            PRIMARY KEY (source_id, leaf));
        COMMENT ON TABLE analytics_store.watch IS 'What no row trigger sees: the files and triggers of the source and its partitions at the last refresh. Where they differ now (TRUNCATE, ATTACH, DETACH, a disabled trigger) the range is read from the source.';
        COMMENT ON COLUMN analytics_store.watch.source_id IS 'The table: analytics_store.sources.';
        COMMENT ON COLUMN analytics_store.watch.leaf IS 'The table or partition.';
        COMMENT ON COLUMN analytics_store.watch.file IS 'Its file number; TRUNCATE changes it.';
        COMMENT ON COLUMN analytics_store.watch.trigger IS 'Our row trigger on it.';
        COMMENT ON COLUMN analytics_store.watch.enabled IS 'Whether that fires (A: always).';
        COMMENT ON COLUMN analytics_store.watch.version IS 'Version of its definition: disabled and enabled again, it is another one.';
        COMMENT ON COLUMN analytics_store.watch.from_at IS 'Lower bound of the partition.';
        COMMENT ON COLUMN analytics_store.watch.to_at IS 'Upper bound of the partition.';
        RETURN NEXT 'table analytics_store.watch';
    END IF;
    IF to_regclass('analytics_store.scheduled_views') IS NULL THEN
        CREATE TABLE analytics_store.scheduled_views (
            view regclass PRIMARY KEY,
            every interval NOT NULL,
            last_refresh_at timestamptz,
            duration_ms double precision);
        COMMENT ON TABLE analytics_store.scheduled_views IS 'Materialized views that run_maintenance refreshes.';
        COMMENT ON COLUMN analytics_store.scheduled_views.view IS 'The materialized view.';
        COMMENT ON COLUMN analytics_store.scheduled_views.every IS 'How old it may become.';
        COMMENT ON COLUMN analytics_store.scheduled_views.last_refresh_at IS 'When it was last refreshed.';
        COMMENT ON COLUMN analytics_store.scheduled_views.duration_ms IS 'How long that took.';
        RETURN NEXT 'table analytics_store.scheduled_views';
    END IF;
    IF to_regclass('analytics_store.derived_sources') IS NULL THEN
        CREATE TABLE analytics_store.derived_sources (
            relation regclass PRIMARY KEY,
            origin regclass NOT NULL);
        COMMENT ON TABLE analytics_store.derived_sources IS 'Sources that are themselves made of another table and lag behind it; their views <relation>_now and <relation>_unsettled tell what they would be now, and where that differs.';
        COMMENT ON COLUMN analytics_store.derived_sources.relation IS 'The source.';
        COMMENT ON COLUMN analytics_store.derived_sources.origin IS 'The table that its rows are made of; who may not see all of its tenant''s rows there reads nothing that is stored.';
        RETURN NEXT 'table analytics_store.derived_sources';
    END IF;
    RETURN QUERY SELECT l FROM unnest('{definitions,sources,rollups,watch,scheduled_views,derived_sources}'::text[]) name,
                               analytics_internal.ensure_registry_policy('analytics_store.' || name) l;
    -- Notes tell who wrote when. Only their owner, as which the engine reads them, sees those of all tenants.
    RETURN QUERY SELECT analytics_internal.ensure_policy('analytics_store.notes', 'tenant_id IS NULL OR tenant_id = (SELECT analytics.current_tenant())');
END $$;
COMMENT ON FUNCTION analytics_internal.install_engine() IS 'Makes the schemas and the registry of rollups; returns a line for each thing made.';

CREATE OR REPLACE FUNCTION analytics_internal.bucket_of(at timestamptz, width bigint) RETURNS timestamptz
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 1 AS 'MODULE_PATHNAME', 'analytics_bucket_of';
COMMENT ON FUNCTION analytics_internal.bucket_of(timestamptz, bigint) IS
'The start of the bucket that holds an instant.
width in microseconds; buckets are aligned to 2000-01-01 UTC. Infinite instants are in no bucket: NULL.';

CREATE OR REPLACE FUNCTION analytics_internal.has_own_policies(name text) RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE STRICT COST 1 AS 'MODULE_PATHNAME', 'analytics_has_own_policies';
COMMENT ON FUNCTION analytics_internal.has_own_policies(text) IS
'Whether a table of analytics_data has another policy than the tenant''s: then what is stored of it would tell more than its readers may see.';

CREATE OR REPLACE FUNCTION analytics_internal.is_replicating() RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE COST 1 AS 'MODULE_PATHNAME', 'analytics_is_replicating';
COMMENT ON FUNCTION analytics_internal.is_replicating() IS
'Whether this is a worker that applies what a subscription receives. Triggers of statements do not fire for it: tables that have some to note what was touched have one of rows WHEN this is so.';

CREATE OR REPLACE FUNCTION analytics_internal.moment() RETURNS timestamptz
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1 AS 'MODULE_PATHNAME', 'analytics_moment';
COMMENT ON FUNCTION analytics_internal.moment() IS
'The instant as of which views of derived sources show their rows: that of the answer that is being made; the last there is outside of one.';

CREATE OR REPLACE FUNCTION analytics_internal.in_range_support(internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'analytics_in_range_support';
COMMENT ON FUNCTION analytics_internal.in_range_support(internal) IS
'Tells the planner that in_range() can use an index and that few rows pass it.';

CREATE OR REPLACE FUNCTION analytics_internal.in_range(at timestamptz, from_at timestamptz, to_at timestamptz) RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT LEAKPROOF COST 1 SUPPORT analytics_internal.in_range_support
AS 'MODULE_PATHNAME', 'analytics_in_range';
COMMENT ON FUNCTION analytics_internal.in_range(timestamptz, timestamptz, timestamptz) IS
'from_at <= at < to_at, by index where there is one. The views of rollups use it.';

CREATE OR REPLACE FUNCTION analytics_internal.note_rows() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'analytics_note_rows';
COMMENT ON FUNCTION analytics_internal.note_rows() IS
'AFTER ROW trigger of every table that a rollup summarises: remembers which summarised buckets the row touches.';

CREATE OR REPLACE FUNCTION analytics_internal.note_truncate() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'analytics_note_truncate';
COMMENT ON FUNCTION analytics_internal.note_truncate() IS
'AFTER TRUNCATE trigger of every table that a rollup summarises: everything is read from the source until the next refresh.';

CREATE OR REPLACE FUNCTION analytics_internal.live_ranges(rollup_id integer)
RETURNS TABLE(from_at timestamptz, to_at timestamptz, tenant_id text)
LANGUAGE c STABLE PARALLEL RESTRICTED STRICT COST 100 ROWS 3 AS 'MODULE_PATHNAME', 'analytics_live_ranges';
COMMENT ON FUNCTION analytics_internal.live_ranges(integer) IS
'The ranges that a rollup''s view reads from the source: touched buckets and what is not summarised yet.
Disjoint for a tenant. tenant_id NULL means every tenant. A reader under row security gets its own tenant''s only.';

CREATE OR REPLACE FUNCTION analytics.create_rollup(name text, source regclass, time_column name, measures jsonb,
    dimensions name[] DEFAULT '{}', bucket interval DEFAULT '15 minutes') RETURNS regclass
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'analytics_create_rollup';
COMMENT ON FUNCTION analytics.create_rollup(text, regclass, name, jsonb, name[], interval) IS
'Makes a rollup: a view analytics.<name> of a table''s sums by time, always exact and always cheap.
name: lower-case identifier of at most 48 bytes. source: a permanent table of yours, partitioned or not. time_column: its timestamptz column. measures: {"orders": "count(*)", "revenue": "sum(total_amount) FILTER (WHERE status <> ''cancelled'')", "customers": "distinct(customer_id)", "latency": "quantiles(latency_ms)"}; count, sum, min, max, avg, distinct and quantiles of an expression of the row''s own columns and immutable functions. dimensions: columns to group by. bucket: divides the hour, or is the hour.
The rows that are already there are summarised by the next refresh_rollups or, in steps, by CALL analytics.run_maintenance(); until then they are read from the source. Returns the view. Errors: 22023 for a bad argument, 42501 if you do not own the source, 42710 if the name is taken, 55P03 if the source''s writers do not let go within 5 s.
Example: SELECT analytics.create_rollup(''sales'', ''public.sales'', ''sold_at'', ''{"revenue": "sum(amount)"}'');';

CREATE OR REPLACE FUNCTION analytics.drop_rollup(name text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'analytics_drop_rollup';
COMMENT ON FUNCTION analytics.drop_rollup(text) IS
'Removes a rollup: its view, its stores and, with the last rollup of a table, the triggers on it. The source''s rows stay, and so do metrics: they answer again once there is a rollup of that name.
name: as given to create_rollup. Errors: PT404 if there is none, 2BP01 if other objects need the view.';

CREATE OR REPLACE FUNCTION analytics_internal.restore_rollup(name text) RETURNS SETOF text
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'analytics_restore_rollup';
COMMENT ON FUNCTION analytics_internal.restore_rollup(text) IS
'Brings back what DROP EXTENSION CASCADE took from a rollup: triggers, view, columns of our types. Returns a line for each.';

CREATE OR REPLACE FUNCTION analytics.refresh_rollups(name text DEFAULT NULL)
RETURNS TABLE(name text, refreshed_buckets bigint, scanned_rows bigint, duration_ms double precision)
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 10
SET search_path = pg_catalog, pg_temp SET row_security = off
AS 'MODULE_PATHNAME', 'analytics_refresh_rollups';
COMMENT ON FUNCTION analytics.refresh_rollups(text) IS
'Summarises what came or changed since the last refresh, for one rollup (and the others of its table) or all.
Never blocks a writer or a reader; answers are exact before, while and after. Runs in READ COMMITTED only (0A000 otherwise). A table that another session is refreshing is left out. One row a rollup: buckets recomputed, source rows read for them, milliseconds. Errors: PT404 for an unknown name.';

CREATE OR REPLACE FUNCTION analytics_internal.refresh_step(source_id integer) RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE STRICT
SET search_path = pg_catalog, pg_temp SET row_security = off
AS 'MODULE_PATHNAME', 'analytics_refresh_step';
COMMENT ON FUNCTION analytics_internal.refresh_step(integer) IS
'One chunk of a refresh, for run_maintenance, which commits after each. True when nothing is left to do.';

CREATE OR REPLACE FUNCTION analytics_internal.forget_lost_sources() RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'analytics_forget_lost_sources';
COMMENT ON FUNCTION analytics_internal.forget_lost_sources() IS
'Removes stores and registry rows of rollups whose table was dropped, and notes of what is no rollup''s source any more.';

CREATE OR REPLACE FUNCTION analytics.invalidate_rollup(name text, from_time timestamptz, to_time timestamptz) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'analytics_invalidate_rollup';
COMMENT ON FUNCTION analytics.invalidate_rollup(text, timestamptz, timestamptz) IS
'Has a range of a rollup read from the source until the next refresh has recomputed it.
Writes, TRUNCATE, partitions that come and go and disabled triggers are noticed without it: this is for rows that changed behind PostgreSQL''s back. from_time, to_time: [from, to), either may be infinite. Returns the number of stored base buckets in the range. Errors: PT404 for an unknown name, 22023 for an empty range.';

CREATE OR REPLACE FUNCTION analytics.get_rollup_status()
RETURNS TABLE(name text, source text, bucket interval, watermark timestamptz, dirty_buckets bigint, rows bigint,
              size_bytes bigint, last_refresh_at timestamptz, progress_pct numeric, waits_for text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF to_regclass('analytics_store.rollups') IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT r.name::text, s.relation::text, r.bucket, nullif(r.summarised_to, '-infinity'),
           (SELECT coalesce(sum(CASE WHEN isfinite(lower(range)) AND isfinite(upper(range))
                                     THEN greatest(1, ceil(extract(epoch FROM upper(range) - lower(range)) / extract(epoch FROM r.bucket)))
                                     ELSE 1 END), 0)::bigint
              FROM (SELECT range_agg(tstzrange(n.from_at, n.to_at)) AS noted FROM analytics_store.notes n
                     WHERE n.source_id = s.source_id AND n.from_at < r.summarised_to GROUP BY n.tenant_id) n,
                   unnest(n.noted) range),
           (SELECT sum(greatest(c.reltuples, 0))::bigint FROM pg_class c
             WHERE c.oid = ANY (ARRAY[to_regclass(format('analytics_store.%I', r.name || '_base')),
                                      to_regclass(format('analytics_store.%I', r.name || '_hour')),
                                      to_regclass(format('analytics_store.%I', r.name || '_day'))])),
           coalesce(pg_total_relation_size(to_regclass(format('analytics_store.%I', r.name || '_base'))), 0)
             + pg_total_relation_size(to_regclass(format('analytics_store.%I', r.name || '_hour')))
             + pg_total_relation_size(to_regclass(format('analytics_store.%I', r.name || '_day'))),
           r.last_refresh_at,
           CASE WHEN NOT isfinite(r.summarised_to) THEN 0
                WHEN r.first_row_at IS NULL OR r.summarised_to >= s.settled_to THEN 100
                ELSE round(100 * extract(epoch FROM r.summarised_to - r.first_row_at)
                           / nullif(extract(epoch FROM s.settled_to - r.first_row_at), 0), 1) END,
           s.waits_for
      FROM analytics_store.rollups r JOIN analytics_store.sources s USING (source_id)
    UNION ALL
    SELECT v.view::text, NULL, v.every, v.last_refresh_at, NULL, greatest(c.reltuples, 0)::bigint,
           pg_total_relation_size(v.view), v.last_refresh_at, NULL, NULL
      FROM analytics_store.scheduled_views v LEFT JOIN pg_class c ON c.oid = v.view
    ORDER BY 1;
END $$;
COMMENT ON FUNCTION analytics.get_rollup_status() IS
'How far each rollup is summarised, what waits for the next refresh, how large it is; and the age of scheduled materialized views.
One row a rollup: name, source, bucket, watermark (everything below is stored), dirty_buckets (touched since the last refresh, each once a tenant; a range without an end counts as one), rows of its stores (estimated), size_bytes, last_refresh_at, progress_pct of the first summarising, waits_for (the transaction that kept the last refresh from advancing; answers stay exact).';

CREATE OR REPLACE FUNCTION analytics.schedule_refresh(view regclass, every interval DEFAULT '15 minutes') RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF view IS NULL OR NOT EXISTS (SELECT FROM pg_class WHERE oid = view AND relkind = 'm') THEN
        RAISE EXCEPTION 'view must be a materialized view' USING ERRCODE = '22023',
            DETAIL = format('view is %s.', coalesce(view::text, 'NULL')), HINT = 'Create it with CREATE MATERIALIZED VIEW first.';
    END IF;
    IF every IS NULL OR every < interval '1 minute' OR every > interval '1 year' THEN
        RAISE EXCEPTION 'every must be between 1 minute and 1 year' USING ERRCODE = '22023',
            DETAIL = format('every is %s.', coalesce(every::text, 'NULL')), HINT = 'Pass an interval such as ''15 minutes''.';
    END IF;
    INSERT INTO analytics_store.scheduled_views (view, every) VALUES (view, every)
        ON CONFLICT ON CONSTRAINT scheduled_views_pkey DO UPDATE SET every = EXCLUDED.every;
END $$;
COMMENT ON FUNCTION analytics.schedule_refresh(regclass, interval) IS
'Has run_maintenance refresh a materialized view.
For answers that may be some minutes old. view: a materialized view, refreshed CONCURRENTLY where it has a unique index. every: how old it may become, 1 minute to 1 year; calling again changes it. Errors: 22023.';

CREATE OR REPLACE PROCEDURE analytics.run_maintenance()
LANGUAGE plpgsql AS $$
DECLARE
    source integer;
    sources integer[];
    scheduled record;
    done boolean;
    started timestamptz;
BEGIN
    IF pg_catalog.to_regclass('analytics_store.sources') IS NULL THEN
        RETURN;
    END IF;
    PERFORM analytics_internal.await_install();  -- in each of its transactions, before any table
    PERFORM analytics_internal.forget_lost_sources();
    COMMIT;
    LOOP  -- summaries of runs, which a rollup sums up in turn; what comes meanwhile waits for the next time
        PERFORM analytics_internal.await_install();
        done := analytics_internal.refresh_runs(10000) OPERATOR(pg_catalog.<) 10000;
        COMMIT;
        EXIT WHEN done;
    END LOOP;
    sources := ARRAY(SELECT source_id FROM analytics_store.sources ORDER BY source_id);
    FOREACH source IN ARRAY sources LOOP
        LOOP
            PERFORM analytics_internal.await_install();
            BEGIN  -- a measure that fails on a row of one table is no reason to let all others wait
                done := analytics_internal.refresh_step(source);
            EXCEPTION WHEN OTHERS THEN
                RAISE WARNING 'the rollups of % were not refreshed: %',
                    (SELECT s.relation FROM analytics_store.sources s WHERE s.source_id OPERATOR(pg_catalog.=) source), SQLERRM;
                done := true;
            END;
            COMMIT;
            EXIT WHEN done;
        END LOOP;
    END LOOP;
    LOOP  -- which training examples have no approval
        PERFORM analytics_internal.await_install();
        done := analytics_internal.refresh_conversations(100000) OPERATOR(pg_catalog.<) 100000;
        COMMIT;
        EXIT WHEN done;
    END LOOP;
    LOOP  -- scores of the days that are over
        PERFORM analytics_internal.await_install();
        done := analytics_internal.refresh_quality_days(100) OPERATOR(pg_catalog.=) 0;
        COMMIT;
        EXIT WHEN done;
    END LOOP;
    PERFORM analytics_internal.await_install();
    PERFORM analytics_internal.delete_expired_exports();
    COMMIT;
    CALL analytics_internal.evaluate_all_tenants();
    DELETE FROM analytics_store.scheduled_views v
     WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) v.view);
    COMMIT;
    FOR scheduled IN
        SELECT v.view, EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid OPERATOR(pg_catalog.=) v.view
                                 AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL)
                       AND c.relispopulated AS concurrently
          FROM analytics_store.scheduled_views v JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) v.view
         WHERE (v.last_refresh_at IS NULL
                OR v.last_refresh_at OPERATOR(pg_catalog.+) v.every OPERATOR(pg_catalog.<=) pg_catalog.now())
           AND pg_catalog.pg_has_role(c.relowner, 'USAGE')  -- only its owner may refresh a view
    LOOP
        started := pg_catalog.clock_timestamp();
        BEGIN
            EXECUTE pg_catalog.format('REFRESH MATERIALIZED VIEW %s %s',
                CASE WHEN scheduled.concurrently THEN 'CONCURRENTLY' ELSE '' END, scheduled.view::pg_catalog.text);
        EXCEPTION WHEN OTHERS THEN
            RAISE WARNING 'the materialized view % was not refreshed: %', scheduled.view, SQLERRM;
            CONTINUE;
        END;
        UPDATE analytics_store.scheduled_views v
           SET last_refresh_at = started,
               duration_ms = 1000 OPERATOR(pg_catalog.*) extract(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) started)::pg_catalog.float8
         WHERE v.view OPERATOR(pg_catalog.=) scheduled.view;
        COMMIT;
    END LOOP;
END $$;
COMMENT ON PROCEDURE analytics.run_maintenance() IS
'What a cron job calls every minute: refreshes all rollups, in steps that commit, evaluates the rules of alerts, and refreshes scheduled materialized views that are due.
CALL analytics.run_maintenance(); outside a transaction. Interrupted, it goes on where it stopped at the next call. What fails (a measure of one table, a materialized view) is a WARNING, and the rest goes on.';

CREATE OR REPLACE FUNCTION analytics_internal.is_unrestricted(source_id integer) RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE STRICT COST 10 AS 'MODULE_PATHNAME', 'analytics_is_unrestricted';
COMMENT ON FUNCTION analytics_internal.is_unrestricted(integer) IS
'Whether no row security applies to the caller on a rollup''s source.';

CREATE OR REPLACE FUNCTION analytics_internal.may_read_stores(source_id integer) RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE STRICT COST 10 AS 'MODULE_PATHNAME', 'analytics_may_read_stores';
COMMENT ON FUNCTION analytics_internal.may_read_stores(integer) IS
'Whether the caller sees all rows of its tenant in a rollup''s source. Under any other policy stored sums would tell more than it may see: it then gets its answers from the source.';

CREATE OR REPLACE FUNCTION analytics_internal.instant(microseconds bigint) RETURNS timestamptz
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 1 AS 'MODULE_PATHNAME', 'analytics_instant';
COMMENT ON FUNCTION analytics_internal.instant(bigint) IS
'The instant that PostgreSQL keeps as this many microseconds since 2000-01-01 UTC; the inverse of reading a note''s limit.';

-- Who could attach these to a table of theirs would write notes into rollups of others.
REVOKE ALL ON FUNCTION analytics_internal.note_rows(), analytics_internal.note_truncate() FROM PUBLIC;
