-- Recording measurements, one or many. A point has no life: it is recorded once.

CREATE TYPE analytics_internal.metric_point_item AS (
    index integer, problem text, metric text, value double precision, labels jsonb, recorded_at timestamptz, point_id text);
COMMENT ON TYPE analytics_internal.metric_point_item IS 'A measurement as it came, with what is wrong about it.';

CREATE OR REPLACE FUNCTION analytics_internal.labels_problem(labels jsonb) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN labels IS NULL OR jsonb_typeof(labels) <> 'object'
                THEN ARRAY['labels', 'a JSON object', coalesce('a JSON ' || jsonb_typeof(labels), 'NULL')]
                WHEN length(labels::text) > 2000
                THEN ARRAY['labels', 'at most 2000 characters long', format('%s characters long', length(labels::text))]
                ELSE (SELECT CASE WHEN length(key) NOT BETWEEN 1 AND 100
                                  THEN ARRAY['a key of labels', '1 to 100 characters long', format('"%s"', left(key, 120))]
                                  WHEN jsonb_typeof(value) NOT IN ('string', 'number', 'boolean')
                                  THEN ARRAY[format('%s in labels', key), 'a text, a number or a boolean', 'a JSON ' || jsonb_typeof(value)] END AS problem
                      FROM jsonb_each(labels) ORDER BY 1 LIMIT 1) END
$$;
COMMENT ON FUNCTION analytics_internal.labels_problem(jsonb) IS
'What is wrong with labels; NULL if nothing. They are an object of texts, numbers and booleans, of at most 2000 characters.';

CREATE OR REPLACE FUNCTION analytics_internal.metric_point_problem(i analytics_internal.metric_point_item) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE COST 20
    RETURN coalesce(
        analytics_internal.text_problem('metric', i.metric, 200, true),
        CASE WHEN i.value IS NULL OR NOT (i.value > '-Infinity' AND i.value < 'Infinity')
             THEN ARRAY['value', 'a finite number', coalesce(i.value::text, 'NULL')] END,
        analytics_internal.labels_problem(i.labels),
        analytics_internal.instant_problem('recorded_at', i.recorded_at),
        analytics_internal.text_problem('point_id', i.point_id, 200, false));
COMMENT ON FUNCTION analytics_internal.metric_point_problem(analytics_internal.metric_point_item) IS
'What is wrong with a measurement''s arguments; NULL if nothing.';

-- Volatile: each of its looks sees what has been committed up to then.
CREATE OR REPLACE FUNCTION analytics_internal.is_recorded_point(i analytics_internal.metric_point_item) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT (p.metric, p.value, p.labels, p.recorded_at)
                   IS NOT DISTINCT FROM (i.metric, i.value, i.labels, coalesce(i.recorded_at, p.recorded_at))
            FROM analytics_data.metric_points p
            WHERE p.tenant_id = (SELECT analytics.current_tenant()) AND p.point_id = i.point_id);
END $$;
COMMENT ON FUNCTION analytics_internal.is_recorded_point(analytics_internal.metric_point_item) IS
'Whether the measurement is recorded with the same content; NULL when none has its id.
A time that was not given differs from nothing.';

CREATE OR REPLACE FUNCTION analytics_internal.insert_metric_points(points analytics_internal.metric_point_item[]) RETURNS text[]
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
WITH inserted AS (  -- in the order of the ids, so that two batches wait for each other, but never in a circle
    INSERT INTO analytics_data.metric_points (tenant_id, point_id, metric, labels, value, recorded_at)
    SELECT DISTINCT ON (i.point_id) (SELECT analytics.current_tenant()), i.point_id, i.metric, i.labels, i.value, coalesce(i.recorded_at, now())
    FROM unnest(points) i WHERE i.problem IS NULL ORDER BY i.point_id, i.index
    ON CONFLICT DO NOTHING RETURNING point_id)
SELECT array_agg(point_id) FROM inserted
$$;
COMMENT ON FUNCTION analytics_internal.insert_metric_points(analytics_internal.metric_point_item[]) IS
'Inserts the measurements that have no problem, the first of each id, and returns the ids that were new.';

CREATE OR REPLACE FUNCTION analytics_internal.record_metric_batch(items jsonb)
RETURNS TABLE (index integer, id text, outcome text, message text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    points analytics_internal.metric_point_item[] := ARRAY(
        SELECT ROW(c.index, p.problem, c.metric, c.value, coalesce(c.labels, '{}'), c.recorded_at,
                   coalesce(c.point_id, CASE WHEN p.problem IS NULL THEN gen_random_uuid()::text END))::analytics_internal.metric_point_item
        FROM analytics_internal.read_items(items, '{metric,value}') AS c(index integer, message text, metric text, value double precision,
                 labels jsonb, recorded_at timestamptz, point_id text),
             LATERAL (SELECT coalesce(c.message, analytics_internal.problem_text(analytics_internal.metric_point_problem(
                          ROW(c.index, NULL, c.metric, c.value, coalesce(c.labels, '{}'), c.recorded_at, c.point_id)::analytics_internal.metric_point_item))) AS problem OFFSET 0) p
        ORDER BY c.index);
    inserted text[] := analytics_internal.insert_metric_points(points);
BEGIN
    RETURN QUERY
    WITH new AS MATERIALIZED (
        SELECT min(p.index) AS index FROM unnest(points) p JOIN unnest(inserted) n(id) ON n.id = p.point_id
        WHERE p.problem IS NULL GROUP BY p.point_id),
    judged AS MATERIALIZED (
        SELECT p.index, p.point_id, p.problem, CASE
                   WHEN p.problem IS NOT NULL THEN 'rejected'
                   WHEN n.index IS NOT NULL THEN 'accepted'
                   WHEN analytics_internal.is_recorded_point(p) THEN 'duplicate'
                   ELSE 'rejected' END AS outcome
        FROM unnest(points) p LEFT JOIN new n ON n.index = p.index)
    SELECT j.index, j.point_id, j.outcome, CASE j.outcome WHEN 'rejected' THEN
               coalesce(j.problem, format('point_id must be new, but point %s is recorded with other content', j.point_id)) END
    FROM judged j ORDER BY j.index;
END $$;
COMMENT ON FUNCTION analytics_internal.record_metric_batch(jsonb) IS
'Records measurements with one INSERT, for record_batch.
items: a JSON array of objects whose keys are the arguments of record_metric. One row an item: accepted, duplicate or rejected, and why.';

CREATE OR REPLACE FUNCTION analytics.record_metric(metric text, value double precision, labels jsonb DEFAULT '{}',
    recorded_at timestamptz DEFAULT NULL, point_id text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    point analytics_internal.metric_point_item := ROW(0, NULL, metric, value, labels, recorded_at, point_id);
    problem text[] := analytics_internal.metric_point_problem(point);
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    point.point_id := coalesce(point_id, gen_random_uuid()::text);
    IF analytics_internal.insert_metric_points(ARRAY[point]) IS NULL AND analytics_internal.is_recorded_point(point) IS NOT TRUE THEN
        RAISE EXCEPTION 'point % is recorded with other content', point.point_id USING ERRCODE = '23505',
            HINT = 'A point is recorded once. Pass another point_id, or the same content to try again.';
    END IF;
END $$;
COMMENT ON FUNCTION analytics.record_metric(text, double precision, jsonb, timestamptz, text) IS
'Records a measurement.
metric: what was measured, at most 200 characters. value: a finite number. labels: of what, an object of texts, numbers and booleans of at most 2000 characters, such as {"host": "a"}. recorded_at: when it was measured, now when NULL. point_id: at most 200 characters, made up when NULL; the same id with the same content again changes nothing.
Example: SELECT analytics.record_metric(''queue_length'', 12, ''{"queue": "mail"}'');
Errors: 22023 for an argument out of range; 23505 when the id is recorded with other content.';
