-- A tenant's own rules. A predicate is hostile input: it is read as an expression over one row, of PostgreSQL's own immutable
-- functions and nothing else, when it is stored; and evaluated with its caller's rights, on the rows its caller may see.

CREATE OR REPLACE FUNCTION analytics_internal.check_predicate() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'analytics_check_predicate';
COMMENT ON FUNCTION analytics_internal.check_predicate() IS
'Trigger of data_quality_checks: refuses a predicate that is no boolean expression over the row''s columns and PostgreSQL''s own immutable functions.';
REVOKE ALL ON FUNCTION analytics_internal.check_predicate() FROM PUBLIC;

CREATE OR REPLACE FUNCTION analytics_internal.run_checks(tenant text, from_at timestamptz, to_at timestamptz)
RETURNS TABLE (name text, table_name text, dimension text, weight double precision, judged bigint, failed bigint, error text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    c record;
BEGIN
    FOR c IN SELECT * FROM analytics_data.data_quality_checks k WHERE k.tenant_id = tenant AND k.enabled ORDER BY k.name LOOP
        name := c.name;
        table_name := c.table_name;
        dimension := c.dimension;
        weight := c.weight;
        error := NULL;
        BEGIN
            EXECUTE format('SELECT count(*), count(*) FILTER (WHERE NOT (%s
)) FROM analytics_data.%I WHERE tenant_id = $1 AND created_at >= $2 AND created_at < $3', c.predicate, c.table_name)
                INTO judged, failed USING tenant, from_at, to_at;
        EXCEPTION WHEN OTHERS THEN
            -- Of any kind, a refused right too; a cancelled query ends the whole answer, which OTHERS does not catch.
            judged := 0;
            failed := 0;
            error := SQLERRM;
        END;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION analytics_internal.run_checks(text, timestamptz, timestamptz) IS
'The enabled rules of a tenant over the rows of [from_at, to_at): how many were judged, how many failed, or why a rule could not be evaluated.';
