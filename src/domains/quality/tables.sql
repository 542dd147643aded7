-- Data quality of approvals, queries and training examples: what is counted, and by which rules. docs/data_quality.md.

CREATE OR REPLACE FUNCTION analytics_internal.install_quality() RETURNS SETOF text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $install$
DECLARE
    unnoted boolean;
    source text;
    t record;
BEGIN
    -- When a row came in: what created_at is behind is the lag of ingest. Rows that are there already came by now.
    FOREACH source IN ARRAY '{analytics_data.agent_approvals,analytics_data.agent_queries}'::text[] LOOP
        RETURN QUERY SELECT analytics_internal.ensure_column(source, 'received_at', 'timestamptz NOT NULL DEFAULT now()');
        RETURN QUERY SELECT analytics_internal.ensure_comments(source, '{"received_at": "When the row came in: what created_at is behind is the lag of ingest."}');
    END LOOP;
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'agent_approvals_conversation',
        'ON analytics_data.agent_approvals (tenant_id, conversation_id)');

    -- A measure missing_<column> a field that ought to be there, broken_<rule> a rule of accuracy; a row that breaks two rules
    -- is invalid once. late: more than an hour behind; what is more than a day behind is history that somebody loads.
    RETURN QUERY SELECT analytics_internal.ensure_rollup('approval_quality', 'analytics_data.agent_approvals', 'created_at', '{
        "records": "count(*)",
        "missing_customer_message": "count(*) FILTER (WHERE coalesce(btrim(customer_message), '''') = '''')",
        "missing_agent": "count(*) FILTER (WHERE agent IS NULL)",
        "missing_confidence_score": "count(*) FILTER (WHERE confidence_score IS NULL)",
        "invalid": "count(*) FILTER (WHERE status = ''edited'' AND coalesce(final_response = draft_response, true) OR status = ''approved'' AND final_response <> draft_response OR created_at - received_at > interval ''5 minutes'')",
        "broken_edited_without_change": "count(*) FILTER (WHERE status = ''edited'' AND coalesce(final_response = draft_response, true))",
        "broken_approved_with_change": "count(*) FILTER (WHERE status = ''approved'' AND final_response <> draft_response)",
        "broken_created_in_future": "count(*) FILTER (WHERE created_at - received_at > interval ''5 minutes'')",
        "late": "count(*) FILTER (WHERE received_at - created_at > interval ''60 minutes'' AND received_at - created_at <= interval ''24 hours'')",
        "referring": "count(agent)", "agents": "distinct(agent)"}');
    RETURN QUERY SELECT analytics_internal.ensure_rollup('query_quality', 'analytics_data.agent_queries', 'created_at', '{
        "records": "count(*)",
        "missing_query": "count(*) FILTER (WHERE coalesce(btrim(query), '''') = '''')",
        "missing_latency_ms": "count(*) FILTER (WHERE latency_ms IS NULL)",
        "invalid": "count(*) FILTER (WHERE latency_ms > 3600000 OR success AND error_type IS NOT NULL OR NOT success AND error_type IS NULL OR approved AND NOT success OR created_at - received_at > interval ''5 minutes'')",
        "broken_latency_over_an_hour": "count(*) FILTER (WHERE latency_ms > 3600000)",
        "broken_success_with_error": "count(*) FILTER (WHERE success AND error_type IS NOT NULL)",
        "broken_failure_without_error": "count(*) FILTER (WHERE NOT success AND error_type IS NULL)",
        "broken_failure_approved": "count(*) FILTER (WHERE approved AND NOT success)",
        "broken_created_in_future": "count(*) FILTER (WHERE created_at - received_at > interval ''5 minutes'')",
        "late": "count(*) FILTER (WHERE received_at - created_at > interval ''60 minutes'' AND received_at - created_at <= interval ''24 hours'')",
        "referring": "count(agent)", "agents": "distinct(agent)"}');
    RETURN QUERY SELECT analytics_internal.ensure_rollup('training_quality', 'analytics_data.training_examples', 'created_at', '{
        "records": "count(*)",
        "missing_conversation_id": "count(*) FILTER (WHERE conversation_id IS NULL)",
        "missing_agent": "count(*) FILTER (WHERE agent IS NULL)",
        "missing_input_text": "count(*) FILTER (WHERE coalesce(btrim(input_text), '''') = '''')",
        "missing_model_draft": "count(*) FILTER (WHERE coalesce(btrim(model_draft), '''') = '''')",
        "missing_safe_to_send": "count(*) FILTER (WHERE safe_to_send IS NULL)",
        "missing_category": "count(*) FILTER (WHERE category IS NULL)",
        "missing_accuracy_score": "count(*) FILTER (WHERE accuracy_score IS NULL)",
        "missing_helpfulness_score": "count(*) FILTER (WHERE helpfulness_score IS NULL)",
        "missing_tone_score": "count(*) FILTER (WHERE tone_score IS NULL)",
        "missing_annotator": "count(*) FILTER (WHERE annotator IS NULL)",
        "invalid": "count(*) FILTER (WHERE safe_to_send AND least(clarity_score, accuracy_score, helpfulness_score, tone_score) = 1 OR response_time_ms > 3600000 OR btrim(model_draft) = btrim(input_text) AND btrim(model_draft) <> '''' OR created_at - received_at > interval ''5 minutes'')",
        "broken_safe_with_worst_score": "count(*) FILTER (WHERE safe_to_send AND least(clarity_score, accuracy_score, helpfulness_score, tone_score) = 1)",
        "broken_response_over_an_hour": "count(*) FILTER (WHERE response_time_ms > 3600000)",
        "broken_draft_repeats_input": "count(*) FILTER (WHERE btrim(model_draft) = btrim(input_text) AND btrim(model_draft) <> '''')",
        "broken_created_in_future": "count(*) FILTER (WHERE created_at - received_at > interval ''5 minutes'')",
        "late": "count(*) FILTER (WHERE received_at - created_at > interval ''60 minutes'' AND received_at - created_at <= interval ''24 hours'')",
        "referring": "count(*) FILTER (WHERE num_nonnulls(agent, conversation_id) > 0)", "agents": "distinct(agent)"}');

    -- Rules of a tenant's own.
    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.data_quality_checks', $columns$
        name text NOT NULL CONSTRAINT name_length CHECK (length(name) BETWEEN 1 AND 100),
        table_name text NOT NULL CONSTRAINT table_is_known CHECK (table_name IN ('agent_approvals', 'agent_queries', 'training_examples')),
        predicate text NOT NULL CONSTRAINT predicate_length CHECK (length(predicate) BETWEEN 1 AND 1000),
        dimension text NOT NULL DEFAULT 'accuracy'
            CONSTRAINT dimension_is_known CHECK (dimension IN ('completeness', 'accuracy', 'timeliness', 'consistency')),
        weight numeric NOT NULL DEFAULT 1 CONSTRAINT weight_range CHECK (weight > 0 AND weight <= 1000),
        enabled boolean NOT NULL DEFAULT true,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, name)$columns$,
        'Rules of data quality that a tenant adds to those that get_data_quality() knows.');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.data_quality_checks', jsonb_build_object(
        'name', 'Names the rule in the details of get_data_quality(), 1 to 100 characters.',
        'table_name', 'agent_approvals, agent_queries or training_examples.',
        'predicate', 'What holds for a good row: a boolean expression over its columns and PostgreSQL''s own immutable functions, at most 1000 characters. NULL passes, as in a CHECK.',
        'dimension', 'The score it counts in: completeness, accuracy, timeliness or consistency.',
        'weight', 'How much it counts, beside what is built in, which counts 1.',
        'enabled', 'Whether it counts at all.',
        'created_at', 'When the rule was made.'));
    RETURN QUERY SELECT analytics_internal.ensure_trigger('analytics_data.data_quality_checks', 'check_predicate', $trigger$
        CREATE TRIGGER check_predicate BEFORE INSERT OR UPDATE ON analytics_data.data_quality_checks
        FOR EACH ROW EXECUTE FUNCTION analytics_internal.check_predicate();
        ALTER TABLE analytics_data.data_quality_checks ENABLE ALWAYS TRIGGER check_predicate$trigger$);

    -- Each day's scores, as they were when the day was over.
    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_store.data_quality_days', $columns$
        day date NOT NULL, overall_score numeric, completeness numeric, accuracy numeric, timeliness numeric, consistency numeric,
        kept_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, day)$columns$,
        'Scores of data quality at the end of each UTC day, kept by run_maintenance and never recomputed.');

    -- Training examples whose conversation no approval has, as of the last refresh, and the conversations that were touched since.
    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_store.orphan_examples', $columns$
        id uuid NOT NULL, conversation_id text NOT NULL, agent text, created_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, id)$columns$,
        'Training examples whose conversation no approval has, as of the last refresh; those of conversations with a note are looked at anew by readers.');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_store', 'orphan_examples_time',
        'ON analytics_store.orphan_examples (tenant_id, created_at) INCLUDE (conversation_id, agent)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_store', 'orphan_examples_conversation',
        'ON analytics_store.orphan_examples (tenant_id, conversation_id)');
    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_store.conversation_notes', 'conversation_id text NOT NULL',
        'Conversations whose approvals or training examples were touched since the last refresh.');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_store', 'conversation_notes_conversation',
        'ON analytics_store.conversation_notes (tenant_id, conversation_id)');
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = 'analytics_store.orphan_examples'::regclass AND pg_get_expr(polqual, polrelid) ~ 'conversations_are_restricted') THEN
        ALTER POLICY tenant_isolation ON analytics_store.orphan_examples
            USING (tenant_id = (SELECT analytics.current_tenant()) AND NOT (SELECT analytics_internal.conversations_are_restricted()));
        ALTER POLICY tenant_isolation ON analytics_store.conversation_notes
            USING (tenant_id = (SELECT analytics.current_tenant()) AND NOT (SELECT analytics_internal.conversations_are_restricted()));
    END IF;
    unnoted := NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'analytics_data.training_examples'::regclass AND tgname = 'agent_analytics_conversation_insert');
    FOR t IN SELECT s.source, lower(event) AS name, v.* FROM unnest('{analytics_data.agent_approvals,analytics_data.training_examples}'::text[]) s(source),
                 (VALUES ('INSERT', 'REFERENCING NEW TABLE AS new_rows'), ('UPDATE', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'),
                         ('DELETE', 'REFERENCING OLD TABLE AS old_rows'), ('TRUNCATE', '')) v(event, tables) LOOP
        RETURN QUERY SELECT analytics_internal.ensure_trigger(t.source, 'agent_analytics_conversation_' || t.name, format($trigger$
            CREATE TRIGGER agent_analytics_conversation_%1$s AFTER %2$s ON %3$s %4$s FOR EACH STATEMENT EXECUTE FUNCTION analytics_internal.note_conversations();
            ALTER TABLE %3$s ENABLE ALWAYS TRIGGER agent_analytics_conversation_%1$s$trigger$, t.name, t.event, t.source, t.tables));
    END LOOP;
    IF unnoted THEN  -- what was there before anybody noted, and what changed while nobody did (DROP EXTENSION takes the triggers along)
        DELETE FROM analytics_store.orphan_examples;
        INSERT INTO analytics_store.conversation_notes (tenant_id, conversation_id)
        SELECT DISTINCT e.tenant_id, e.conversation_id FROM analytics_data.training_examples e WHERE e.conversation_id IS NOT NULL;
    END IF;
    FOR t IN SELECT s.source FROM unnest('{analytics_data.agent_approvals,analytics_data.training_examples}'::text[]) s(source) LOOP
        RETURN QUERY SELECT analytics_internal.ensure_trigger(t.source, 'agent_analytics_conversation_replicated', format($trigger$
            CREATE TRIGGER agent_analytics_conversation_replicated AFTER INSERT OR UPDATE OR DELETE ON %1$s
            FOR EACH ROW WHEN (analytics_internal.is_replicating()) EXECUTE FUNCTION analytics_internal.note_replicated_conversation();
            ALTER TABLE %1$s ENABLE ALWAYS TRIGGER agent_analytics_conversation_replicated$trigger$, t.source));
    END LOOP;
END $install$;
COMMENT ON FUNCTION analytics_internal.install_quality() IS
'Makes or completes the tables and rollups of data quality; a line for each thing done.';

-- What a statement did to conversations: which have another set of approvals or examples now. A decision changes none.
CREATE OR REPLACE FUNCTION analytics_internal.note_conversations() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO analytics_store.conversation_notes (tenant_id, conversation_id)
        SELECT DISTINCT n.tenant_id, n.conversation_id FROM new_rows n WHERE n.conversation_id IS NOT NULL;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO analytics_store.conversation_notes (tenant_id, conversation_id)
        SELECT DISTINCT c.tenant_id, c.conversation_id
        FROM ((SELECT o.tenant_id, o.conversation_id, o.id, o.created_at, o.agent FROM old_rows o
               EXCEPT ALL SELECT n.tenant_id, n.conversation_id, n.id, n.created_at, n.agent FROM new_rows n)
              UNION ALL
              (SELECT n.tenant_id, n.conversation_id, n.id, n.created_at, n.agent FROM new_rows n
               EXCEPT ALL SELECT o.tenant_id, o.conversation_id, o.id, o.created_at, o.agent FROM old_rows o)) c
        WHERE c.conversation_id IS NOT NULL;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO analytics_store.conversation_notes (tenant_id, conversation_id)
        SELECT DISTINCT o.tenant_id, o.conversation_id FROM old_rows o WHERE o.conversation_id IS NOT NULL;
    ELSIF TG_RELID = 'analytics_data.agent_approvals'::regclass THEN
        INSERT INTO analytics_store.conversation_notes (tenant_id, conversation_id)
        SELECT DISTINCT e.tenant_id, e.conversation_id FROM analytics_data.training_examples e WHERE e.conversation_id IS NOT NULL;
    ELSE
        DELETE FROM analytics_store.orphan_examples;  -- without examples there are none
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION analytics_internal.note_replicated_conversation() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO analytics_store.conversation_notes (tenant_id, conversation_id)
    SELECT r.tenant_id, r.conversation_id
    FROM (SELECT OLD.tenant_id, OLD.conversation_id UNION SELECT NEW.tenant_id, NEW.conversation_id) r WHERE r.conversation_id IS NOT NULL;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION analytics_internal.note_replicated_conversation() IS
'Trigger for what a subscription applies, for which no statement triggers fire: leaves a note for the conversation of each row.';
REVOKE ALL ON FUNCTION analytics_internal.note_replicated_conversation() FROM PUBLIC;

COMMENT ON FUNCTION analytics_internal.note_conversations() IS
'Trigger of approvals and training examples: leaves a note for each conversation that a statement touches. As the owner of the notes: who records needs no right to them.';
REVOKE ALL ON FUNCTION analytics_internal.note_conversations() FROM PUBLIC;

CREATE OR REPLACE FUNCTION analytics_internal.conversations_are_restricted() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE RETURN analytics_internal.has_own_policies('training_examples') OR analytics_internal.has_own_policies('agent_approvals');
COMMENT ON FUNCTION analytics_internal.conversations_are_restricted() IS
'Whether approvals or training examples have another policy than the tenant''s: then orphans are sought among the rows that their reader may see.';

CREATE OR REPLACE FUNCTION analytics_internal.refresh_conversations(most integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    done bigint;
BEGIN
    IF to_regclass('analytics_store.conversation_notes') IS NULL OR NOT pg_try_advisory_xact_lock(hashtextextended('agent_analytics refresh_conversations', 0)) THEN
        RETURN 0;
    END IF;
    -- One statement, one snapshot: the notes that it deletes are those whose rows it sees. Planned each time for as many as there are.
    WITH touched AS MATERIALIZED (
        SELECT DISTINCT n.tenant_id, n.conversation_id FROM (SELECT tenant_id, conversation_id FROM analytics_store.conversation_notes LIMIT most) n
    ), taken AS (
        DELETE FROM analytics_store.conversation_notes n USING touched t
        WHERE n.tenant_id = t.tenant_id AND n.conversation_id = t.conversation_id RETURNING 1
    ), fresh AS MATERIALIZED (
        SELECT e.tenant_id, e.id, e.conversation_id, e.agent, e.created_at
        FROM touched t JOIN analytics_data.training_examples e ON e.tenant_id = t.tenant_id AND e.conversation_id = t.conversation_id
        WHERE NOT EXISTS (SELECT FROM analytics_data.agent_approvals a WHERE a.tenant_id = t.tenant_id AND a.conversation_id = t.conversation_id)
    ), gone AS (
        DELETE FROM analytics_store.orphan_examples o USING touched t
        WHERE o.tenant_id = t.tenant_id AND o.conversation_id = t.conversation_id
          AND NOT EXISTS (SELECT FROM fresh f WHERE f.tenant_id = o.tenant_id AND f.id = o.id)
    ), stored AS (
        INSERT INTO analytics_store.orphan_examples (tenant_id, id, conversation_id, agent, created_at) SELECT * FROM fresh
        ON CONFLICT (tenant_id, id) DO UPDATE SET conversation_id = EXCLUDED.conversation_id, agent = EXCLUDED.agent, created_at = EXCLUDED.created_at
    )
    SELECT count(*) INTO done FROM taken;
    RETURN done;
END $$;
COMMENT ON FUNCTION analytics_internal.refresh_conversations(integer) IS
'Stores which training examples of the conversations touched since the last refresh have no approval, of at most so many notes; a step of run_maintenance. Returns how many notes it has dealt with: fewer than `most` when none is left. Refreshers take turns.';
