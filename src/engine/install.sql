-- analytics.install(): makes and migrates the user's own objects. Each domain has a function
-- analytics_internal.install_<domain>() that returns a line for each thing it did, made of the ensure_ functions below,
-- which do nothing where the thing is there already. So install() is idempotent, and after DROP EXTENSION CASCADE and
-- CREATE EXTENSION it brings back what went with the extension (policies, defaults, triggers).

CREATE OR REPLACE FUNCTION analytics_internal.ensure_schema(name text, comment text) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regnamespace(quote_ident(name)) IS NULL THEN
        EXECUTE format('CREATE SCHEMA %I', name);
        EXECUTE format('COMMENT ON SCHEMA %I IS %L', name, comment);
        RETURN NEXT 'schema ' || name;
    END IF;
END $$;

-- A table of facts or of ours: tenant_id first, row security on, one policy. `columns` is what follows tenant_id.
CREATE OR REPLACE FUNCTION analytics_internal.ensure_table(name text, columns text, comment text)
RETURNS SETOF text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regclass(name) IS NULL THEN
        EXECUTE format('CREATE TABLE %s (tenant_id text NOT NULL DEFAULT analytics.current_tenant(), %s)', name, columns);
        EXECUTE format('COMMENT ON TABLE %s IS %L', name, comment);
        EXECUTE format('COMMENT ON COLUMN %s.tenant_id IS %L', name, 'The tenant whose row this is.');
        RETURN NEXT 'table ' || name;
    ELSE
        RETURN QUERY SELECT analytics_internal.ensure_default(name, 'tenant_id', 'analytics.current_tenant()');
    END IF;
    RETURN QUERY SELECT analytics_internal.ensure_policy(name);
END $$;

-- The tenant policy. Where it is there already nothing is touched: a user may have changed or disabled it.
CREATE OR REPLACE FUNCTION analytics_internal.ensure_policy(name text, predicate text DEFAULT 'tenant_id = (SELECT analytics.current_tenant())')
RETURNS SETOF text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = name::regclass AND polname = 'tenant_isolation') THEN
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant_isolation ON %s USING (%s)', name, predicate);
        RETURN NEXT 'policy on ' || name;
    END IF;
END $$;

-- The registry holds definitions, which all tenants share: its rights alone decide. Row security is on all the same, so
-- that no table of ours is without.
CREATE OR REPLACE FUNCTION analytics_internal.ensure_registry_policy(name text) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = name::regclass) THEN
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY shared_by_tenants ON %s USING ((SELECT true))', name);
        RETURN NEXT 'policy on ' || name;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION analytics_internal.ensure_default(name text, column_name text, expression text) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT (SELECT atthasdef FROM pg_attribute WHERE attrelid = name::regclass AND attname = column_name) THEN
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', name, column_name, expression);
        RETURN NEXT format('default of %s.%s', name, column_name);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION analytics_internal.ensure_column(name text, column_name text, definition text) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = name::regclass AND attname = column_name AND NOT attisdropped) THEN
        EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', name, column_name, definition);
        RETURN NEXT format('column %s.%s', name, column_name);
    END IF;
END $$;

-- `definition` is what follows the index's name: 'ON analytics_data.orders (tenant_id, created_at)'.
CREATE OR REPLACE FUNCTION analytics_internal.ensure_index(schema_name text, name text, definition text, is_unique boolean DEFAULT false)
RETURNS SETOF text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regclass(format('%I.%I', schema_name, name)) IS NULL THEN
        EXECUTE format('CREATE %s INDEX %I %s', CASE WHEN is_unique THEN 'UNIQUE' ELSE '' END, name, definition);
        RETURN NEXT format('index %s.%s', schema_name, name);
    END IF;
END $$;

-- `definition` is the whole CREATE TRIGGER statement. The trigger fires whatever session_replication_role says.
CREATE OR REPLACE FUNCTION analytics_internal.ensure_trigger(name text, trigger_name text, definition text) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = name::regclass AND tgname = trigger_name) THEN
        EXECUTE definition;
        RETURN NEXT format('trigger %s on %s', trigger_name, name);
    END IF;
END $$;

-- Comments of a table's columns, given as {"column": "text"}; columns that have one keep it.
CREATE OR REPLACE FUNCTION analytics_internal.ensure_comments(name text, comments jsonb) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT key, value FROM jsonb_each_text(comments) LOOP
        IF col_description(name::regclass, (SELECT attnum FROM pg_attribute WHERE attrelid = name::regclass AND attname = c.key)) IS NULL THEN
            EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', name, c.key, c.value);
        END IF;
    END LOOP;
    RETURN;
END $$;

CREATE OR REPLACE FUNCTION analytics_internal.ensure_rollup(name text, source text, time_column name, measures jsonb,
    dimensions name[] DEFAULT '{}', bucket interval DEFAULT '15 minutes') RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM analytics_store.rollups r WHERE r.name = ensure_rollup.name) THEN
        PERFORM analytics.create_rollup(name, source::regclass, time_column, measures, dimensions, bucket);
        RETURN NEXT 'rollup ' || name;
    ELSE
        RETURN QUERY SELECT analytics_internal.restore_rollup(name);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION analytics_internal.ensure_metric(name text, rollup text, expression text, unit text,
    direction text, description text) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM analytics_store.metrics m WHERE m.name = ensure_metric.name) THEN
        PERFORM analytics.define_metric(name, rollup, expression, unit, direction, description);
        RETURN NEXT 'metric ' || name;
    END IF;
END $$;

-- A view of the public schema over a function with its defaults: rows for who reads views rather than calls functions. It runs
-- as its reader, so row security holds.
CREATE OR REPLACE FUNCTION analytics_internal.ensure_answer_view(name text, function text, comment text) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regclass(format('analytics.%I', name)) IS NULL THEN
        EXECUTE format('CREATE VIEW analytics.%I WITH (security_invoker = true) AS SELECT * FROM analytics.%I()', name, function);
        EXECUTE format('COMMENT ON VIEW analytics.%I IS %L', name, comment);
        RETURN NEXT 'view analytics.' || name;
    END IF;
END $$;
COMMENT ON FUNCTION analytics_internal.ensure_answer_view(text, text, text) IS
'Makes a view analytics.<name> that shows what a function answers with its defaults, if it is not there.';

COMMENT ON FUNCTION analytics_internal.ensure_schema(text, text) IS
'Makes a schema if it is not there; returns a line if it did.';
COMMENT ON FUNCTION analytics_internal.ensure_table(text, text, text) IS
'Makes a table with tenant_id, row security and the tenant policy if it is not there; restores a lost default or policy.
name: qualified. columns: what follows tenant_id, as in CREATE TABLE.';
COMMENT ON FUNCTION analytics_internal.ensure_policy(text, text) IS
'Switches row security on and makes the tenant policy, unless the table has the policy.';
COMMENT ON FUNCTION analytics_internal.ensure_registry_policy(text) IS
'Switches row security on for a table of definitions, with a policy that admits everyone who has the right to it.';
COMMENT ON FUNCTION analytics_internal.ensure_default(text, text, text) IS
'Gives a column its default if it has none.';
COMMENT ON FUNCTION analytics_internal.ensure_column(text, text, text) IS
'Adds a column if it is not there: the usual step of a migration.';
COMMENT ON FUNCTION analytics_internal.ensure_index(text, text, text, boolean) IS
'Makes an index if it is not there.
definition: what follows its name, as in CREATE INDEX.';
COMMENT ON FUNCTION analytics_internal.ensure_trigger(text, text, text) IS
'Makes a trigger if it is not there.
definition: the whole CREATE TRIGGER statement.';
COMMENT ON FUNCTION analytics_internal.ensure_comments(text, jsonb) IS
'Comments columns that have no comment: {"column": "text"}.';
COMMENT ON FUNCTION analytics_internal.ensure_rollup(text, text, name, jsonb, name[], interval) IS
'Makes a rollup if it is not there, or brings back what DROP EXTENSION CASCADE took from it.';
COMMENT ON FUNCTION analytics_internal.ensure_metric(text, text, text, text, text, text) IS
'Defines a metric if there is none of that name.';

CREATE OR REPLACE FUNCTION analytics_internal.lock_install() RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'analytics_lock_install';
COMMENT ON FUNCTION analytics_internal.lock_install() IS
'Takes the lock that makes callers of install() queue, until the transaction ends.';
