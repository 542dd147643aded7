-- analytics.install(): makes and migrates the user's own objects. Each domain has a function
-- analytics_internal.install_<domain>() that returns a line for each thing it did, made of the ensure_ functions below,
-- which do nothing where the thing is there already. So install() is idempotent, and after DROP EXTENSION CASCADE and
-- CREATE EXTENSION it brings back what went with the extension (policies, defaults, triggers).
--
-- It migrates, too: analytics_store.definitions holds a hash of what each thing was last made by, and where that is another one
-- than now, because ALTER EXTENSION UPDATE has brought new functions, the thing is made anew or completed. What a user has
-- changed stays as long as our definition does.

CREATE OR REPLACE FUNCTION analytics_internal.ensure_schema(name text, comment text) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regnamespace(quote_ident(name)) IS NULL THEN
        EXECUTE format('CREATE SCHEMA %I', name);
        EXECUTE format('COMMENT ON SCHEMA %I IS %L', name, comment);
        RETURN NEXT 'schema ' || name;
    END IF;
END $$;

-- Whether we have made this by another definition before. The present one is noted.
CREATE OR REPLACE FUNCTION analytics_internal.definition_changed(object text, definition text) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    hash CONSTANT text := md5(definition);
    known text := (SELECT d.hash FROM analytics_store.definitions d WHERE d.object = definition_changed.object);
BEGIN
    IF known IS DISTINCT FROM hash THEN
        INSERT INTO analytics_store.definitions AS d (object, hash) VALUES (object, hash)
        ON CONFLICT ON CONSTRAINT definitions_pkey DO UPDATE SET hash = EXCLUDED.hash;
    END IF;
    RETURN known <> hash;
END $$;
COMMENT ON FUNCTION analytics_internal.definition_changed(text, text) IS
'Whether install() has made something by another definition before; NULL where it has not made it. Notes the present definition.
object: what it is, such as index analytics_data.orders_status.';

-- What a table lacks of its definition: columns, constraints that are new or other, defaults that are other. A table made just
-- for this is compared with it. Types and NOT NULL of columns that are there, and what the definition has no more, are left alone:
-- such steps are written by hand.
CREATE OR REPLACE FUNCTION analytics_internal.complete_table(name text, columns text) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    prototype CONSTANT text := 'analytics_store.agent_analytics_prototype';
    c record;
BEGIN
    EXECUTE format('CREATE TABLE %s (tenant_id text NOT NULL DEFAULT analytics.current_tenant(), %s)', prototype, columns);
    FOR c IN SELECT w.attname, format_type(w.atttypid, w.atttypmod) AS type, w.attnotnull, w.attgenerated, w.attidentity, pg_get_expr(wd.adbin, wd.adrelid) AS wanted,
                    h.attnum IS NULL AS is_new, pg_get_expr(hd.adbin, hd.adrelid) AS there
             FROM pg_attribute w LEFT JOIN pg_attrdef wd ON wd.adrelid = w.attrelid AND wd.adnum = w.attnum
             LEFT JOIN pg_attribute h ON h.attrelid = complete_table.name::regclass AND h.attname = w.attname AND NOT h.attisdropped
             LEFT JOIN pg_attrdef hd ON hd.adrelid = h.attrelid AND hd.adnum = h.attnum
             WHERE w.attrelid = prototype::regclass AND w.attnum > 0 ORDER BY w.attnum LOOP
        IF c.is_new THEN
            EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s%s%s', complete_table.name, c.attname, c.type,
                CASE WHEN c.attgenerated = 's' THEN format(' GENERATED ALWAYS AS (%s) STORED', c.wanted)
                     WHEN c.attidentity <> '' THEN format(' GENERATED %s AS IDENTITY', CASE c.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END) ELSE ' DEFAULT ' || c.wanted END,
                CASE WHEN c.attnotnull THEN ' NOT NULL' END);
            RETURN NEXT format('column %s.%s', complete_table.name, c.attname);
        ELSIF c.attgenerated = '' AND c.wanted IS DISTINCT FROM c.there THEN
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I %s', complete_table.name, c.attname, coalesce('SET DEFAULT ' || c.wanted, 'DROP DEFAULT'));
            RETURN NEXT format('default of %s.%s', complete_table.name, c.attname);
        END IF;
    END LOOP;
    FOR c IN SELECT w.conname, pg_get_constraintdef(w.oid) AS wanted, h.oid IS NOT NULL AS is_there
             FROM pg_constraint w LEFT JOIN pg_constraint h ON h.conrelid = complete_table.name::regclass AND h.conname = w.conname
             WHERE w.conrelid = prototype::regclass AND w.contype IN ('c', 'f')
               AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conrelid = complete_table.name::regclass AND pg_get_constraintdef(o.oid) = pg_get_constraintdef(w.oid))
             ORDER BY 1 LOOP
        IF c.is_there THEN
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', complete_table.name, c.conname);
        END IF;
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', complete_table.name, c.conname, c.wanted);
        RETURN NEXT format('constraint %s on %s', c.conname, complete_table.name);
    END LOOP;
    EXECUTE format('DROP TABLE %s', prototype);
END $$;
COMMENT ON FUNCTION analytics_internal.complete_table(text, text) IS
'Gives a table the columns, constraints and defaults that its definition has and it lacks; a line for each.
name, columns: as for ensure_table.';

-- A table of facts or of ours: tenant_id first, row security on, one policy. `columns` is what follows tenant_id.
CREATE OR REPLACE FUNCTION analytics_internal.ensure_table(name text, columns text, comment text)
RETURNS SETOF text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    predicate CONSTANT text := 'tenant_id = (SELECT analytics.current_tenant())';
    other_policy CONSTANT boolean := analytics_internal.definition_changed('policy on ' || name, predicate);
BEGIN
    IF to_regclass(name) IS NULL THEN
        EXECUTE format('CREATE TABLE %s (tenant_id text NOT NULL DEFAULT analytics.current_tenant(), %s)', name, columns);
        EXECUTE format('COMMENT ON TABLE %s IS %L', name, comment);
        EXECUTE format('COMMENT ON COLUMN %s.tenant_id IS %L', name, 'The tenant whose row this is.');
        RETURN NEXT 'table ' || name;
        PERFORM analytics_internal.definition_changed('table ' || name, columns);
    ELSE
        RETURN QUERY SELECT analytics_internal.ensure_default(name, 'tenant_id', 'analytics.current_tenant()');
        IF analytics_internal.definition_changed('table ' || name, columns) THEN
            RETURN QUERY SELECT analytics_internal.complete_table(name, columns);
        END IF;
    END IF;
    IF other_policy AND EXISTS (SELECT FROM pg_policy WHERE polrelid = name::regclass AND polname = 'tenant_isolation') THEN
        EXECUTE format('ALTER POLICY tenant_isolation ON %s USING (%s)', name, predicate);
        RETURN NEXT 'policy on ' || name;
    END IF;
    RETURN QUERY SELECT analytics_internal.ensure_policy(name, predicate);
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
DECLARE
    qualified CONSTANT text := format('%I.%I', schema_name, name);
    changed CONSTANT boolean := analytics_internal.definition_changed('index ' || qualified, concat_ws(' ', is_unique, definition));
BEGIN
    IF changed AND to_regclass(qualified) IS NOT NULL THEN
        EXECUTE format('DROP INDEX %s', qualified);
    END IF;
    IF to_regclass(qualified) IS NULL THEN
        EXECUTE format('CREATE %s INDEX %I %s', CASE WHEN is_unique THEN 'UNIQUE' ELSE '' END, name, definition);
        RETURN NEXT format('index %s.%s', schema_name, name);
    END IF;
END $$;

-- `definition` is the whole CREATE TRIGGER statement. The trigger fires whatever session_replication_role says.
CREATE OR REPLACE FUNCTION analytics_internal.ensure_trigger(name text, trigger_name text, definition text) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed CONSTANT boolean := analytics_internal.definition_changed(format('trigger %s on %s', trigger_name, name), definition);
BEGIN
    IF changed AND EXISTS (SELECT FROM pg_trigger WHERE tgrelid = name::regclass AND tgname = trigger_name) THEN
        EXECUTE format('DROP TRIGGER %I ON %s', trigger_name, name);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = name::regclass AND tgname = trigger_name) THEN
        EXECUTE definition;
        RETURN NEXT format('trigger %s on %s', trigger_name, name);
    END IF;
END $$;

-- Comments of a table's columns, given as {"column": "text"}; columns that have one keep it, unless we have another one now.
CREATE OR REPLACE FUNCTION analytics_internal.ensure_comments(name text, comments jsonb) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed CONSTANT boolean := analytics_internal.definition_changed('comments of ' || name, comments::text);
    c record;
BEGIN
    FOR c IN SELECT key, value FROM jsonb_each_text(comments) LOOP
        IF col_description(name::regclass, (SELECT attnum FROM pg_attribute WHERE attrelid = name::regclass AND attname = c.key)) IS NULL
           OR changed AND col_description(name::regclass, (SELECT attnum FROM pg_attribute WHERE attrelid = name::regclass AND attname = c.key)) <> c.value THEN
            EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', name, c.key, c.value);
        END IF;
    END LOOP;
    RETURN;
END $$;

CREATE OR REPLACE FUNCTION analytics_internal.ensure_rollup(name text, source text, time_column name, measures jsonb,
    dimensions name[] DEFAULT '{}', bucket interval DEFAULT '15 minutes') RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- As a user made it or an update left it: the definition that counts is ours.
    changed CONSTANT boolean := analytics_internal.definition_changed('rollup ' || name, concat_ws(' ', source, time_column, measures, dimensions, extract(epoch FROM bucket)));
BEGIN
    IF changed AND EXISTS (SELECT FROM analytics_store.rollups r WHERE r.name = ensure_rollup.name) THEN
        PERFORM analytics.drop_rollup(name);  -- its stores are summed up anew by the next maintenance; answers are exact at once
    END IF;
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
DECLARE
    changed CONSTANT boolean := analytics_internal.definition_changed('metric ' || name, concat_ws(' ', rollup, expression, unit, direction, description));
BEGIN
    IF changed OR NOT EXISTS (SELECT FROM analytics_store.metrics m WHERE m.name = ensure_metric.name) THEN
        PERFORM analytics.define_metric(name, rollup, expression, unit, direction, description);
        RETURN NEXT 'metric ' || name;
    END IF;
END $$;

-- A view of ours. It runs as its reader, so row security holds. Where its columns have changed it is dropped, which a user's view
-- of it prevents: an error then names that.
CREATE OR REPLACE FUNCTION analytics_internal.ensure_view(name text, definition text, comment text) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed CONSTANT boolean := analytics_internal.definition_changed('view ' || name, definition);
BEGIN
    IF changed OR to_regclass(name) IS NULL THEN
        BEGIN
            EXECUTE format('CREATE OR REPLACE VIEW %s WITH (security_invoker = true) AS %s', name, definition);
        EXCEPTION WHEN invalid_table_definition THEN
            EXECUTE format('DROP VIEW %s', name);
            EXECUTE format('CREATE VIEW %s WITH (security_invoker = true) AS %s', name, definition);
        END;
        RETURN NEXT 'view ' || name;
    END IF;
    IF obj_description(to_regclass(name), 'pg_class') IS DISTINCT FROM comment THEN
        EXECUTE format('COMMENT ON VIEW %s IS %L', name, comment);
    END IF;
END $$;
COMMENT ON FUNCTION analytics_internal.ensure_view(text, text, text) IS
'Makes a view, or makes it anew where it reads otherwise since an update.
name: qualified. definition: what follows AS.';

-- A view of the public schema over a function with its defaults: rows for who reads views rather than calls functions. A function
-- that answers with other columns since an update makes another view.
CREATE OR REPLACE FUNCTION analytics_internal.ensure_answer_view(name text, function text, comment text) RETURNS SETOF text
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT analytics_internal.ensure_view('analytics.' || quote_ident(name), format('SELECT %s FROM analytics.%I()',
        (SELECT string_agg(quote_ident(a.name), ', ' ORDER BY a.i) FROM pg_proc p, unnest(p.proargnames, p.proargmodes) WITH ORDINALITY a(name, mode, i)
         WHERE p.pronamespace = 'analytics'::regnamespace AND p.proname = function AND a.mode IN ('o', 't', 'b')), function), comment)
$$;
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

CREATE OR REPLACE FUNCTION analytics_internal.await_install() RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'analytics_await_install';
COMMENT ON FUNCTION analytics_internal.await_install() IS
'Waits for an install() that is under way and has others wait until the transaction ends: install() and a step of the maintenance lock the same tables, each in its own order.';
