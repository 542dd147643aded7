-- Labelled measurements of anything: a row a point.

CREATE OR REPLACE FUNCTION analytics_internal.install_platform() RETURNS SETOF text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $install$
BEGIN
    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.metric_points', $columns$
        point_id text NOT NULL DEFAULT gen_random_uuid()::text,
        metric text NOT NULL,
        labels jsonb NOT NULL DEFAULT '{}',
        value double precision NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, point_id),
        CONSTRAINT metric_points_id_length CHECK (length(point_id) BETWEEN 1 AND 200),
        CONSTRAINT metric_points_metric_length CHECK (length(metric) BETWEEN 1 AND 200),
        CONSTRAINT metric_points_labels_are_an_object CHECK (jsonb_typeof(labels) = 'object'),
        CONSTRAINT metric_points_value_finite CHECK (value > '-Infinity' AND value < 'Infinity'),
        CONSTRAINT metric_points_time_finite CHECK (isfinite(recorded_at))
    $columns$, 'Labelled measurements: of prompts, the proxy, containers, the system, and whatever else is measured.');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'metric_points_metric_time',
        'ON analytics_data.metric_points (tenant_id, metric, recorded_at)');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.metric_points', jsonb_build_object(
        'point_id', 'The id of the point, unique within the tenant; made up where nobody gave one.',
        'metric', 'What was measured.',
        'labels', 'Of what: {"host": "a", "region": "eu"}.',
        'value', 'The measured value, finite.',
        'recorded_at', 'When it was measured.'));
END $install$;
COMMENT ON FUNCTION analytics_internal.install_platform() IS
'Makes or completes the table of measurements; a line for each thing done.';
