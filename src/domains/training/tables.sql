-- Training examples: what people judged of the drafts of agents, to learn from.

CREATE OR REPLACE FUNCTION analytics_internal.ensure_training_view() RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT analytics_internal.ensure_answer_view('training_quality_metrics', 'get_training_quality_daily',
        'Training examples of the last seven UTC days, newest first: get_training_quality_daily() with its defaults.');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics.training_quality_metrics', jsonb_build_object(
        'day_bucket', 'The UTC day.',
        'total_training_examples', 'Drafts that were judged.',
        'safe_examples', 'Judged safe to send.',
        'unsafe_examples', 'Judged not safe to send.',
        'safety_rate_pct', 'Safe of those with a verdict, 0 to 100.',
        'avg_accuracy', 'Mean accuracy, 1 to 5.',
        'avg_helpfulness', 'Mean helpfulness, 1 to 5.',
        'avg_tone', 'Mean score of the tone, 1 to 5.',
        'overall_quality_score', 'The mean of those three that there are.',
        'high_quality_rate_pct', 'Examples whose scores are 4 or better on average, of those with a score, 0 to 100.',
        'unique_annotators', 'Different annotators.',
        'unique_categories', 'Different categories.',
        'positive_sentiment', 'Messages of positive sentiment.',
        'neutral_sentiment', 'Of neutral sentiment.',
        'negative_sentiment', 'Of negative sentiment.',
        'avg_model_confidence', 'Mean confidence of the drafts, 0 to 100.',
        'avg_response_time_ms', 'How long a draft took on average, milliseconds.'));
END $$;
COMMENT ON FUNCTION analytics_internal.ensure_training_view() IS 'Makes the view training_quality_metrics if it is not there.';

CREATE OR REPLACE FUNCTION analytics_internal.install_training() RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    m record;
BEGIN
    -- Ranges are closed on both sides, which keeps NaN and the infinities out: PostgreSQL sorts NaN above all numbers.
    RETURN QUERY SELECT analytics_internal.ensure_table('analytics_data.training_examples', $table$
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        conversation_id text CONSTRAINT conversation_id_length CHECK (length(conversation_id) BETWEEN 1 AND 200),
        agent text CONSTRAINT agent_length CHECK (length(agent) BETWEEN 1 AND 200),
        input_text text CONSTRAINT input_text_length CHECK (length(input_text) <= 100000),
        model_draft text CONSTRAINT model_draft_length CHECK (length(model_draft) <= 100000),
        final_response text CONSTRAINT final_response_length CHECK (length(final_response) <= 100000),
        safe_to_send boolean,
        category text CONSTRAINT category_length CHECK (length(category) BETWEEN 1 AND 200),
        sentiment text CONSTRAINT sentiment_is_known CHECK (sentiment IN ('positive', 'neutral', 'negative')),
        tone text CONSTRAINT tone_length CHECK (length(tone) BETWEEN 1 AND 200),
        clarity_score numeric CONSTRAINT clarity_score_range CHECK (clarity_score BETWEEN 1 AND 5),
        accuracy_score numeric CONSTRAINT accuracy_score_range CHECK (accuracy_score BETWEEN 1 AND 5),
        helpfulness_score numeric CONSTRAINT helpfulness_score_range CHECK (helpfulness_score BETWEEN 1 AND 5),
        tone_score numeric CONSTRAINT tone_score_range CHECK (tone_score BETWEEN 1 AND 5),
        notes text CONSTRAINT notes_length CHECK (length(notes) <= 10000),
        annotator text CONSTRAINT annotator_length CHECK (length(annotator) BETWEEN 1 AND 200),
        confidence numeric CONSTRAINT confidence_range CHECK (confidence BETWEEN 0 AND 100),
        response_time_ms double precision CONSTRAINT response_time_ms_range CHECK (response_time_ms BETWEEN 0 AND 1e12),
        created_at timestamptz NOT NULL DEFAULT now() CONSTRAINT created_at_is_finite CHECK (isfinite(created_at)),
        received_at timestamptz NOT NULL DEFAULT now() CONSTRAINT received_at_is_finite CHECK (isfinite(received_at)),
        PRIMARY KEY (tenant_id, id)$table$,
        'Training examples: a draft of an agent and what an annotator made of it, one row an annotation.');
    RETURN QUERY SELECT analytics_internal.ensure_comments('analytics_data.training_examples', jsonb_build_object(
        'id', 'Of the annotation; made up where none is given.',
        'conversation_id', 'The conversation the draft belongs to, as in agent_approvals, 1 to 200 characters.',
        'agent', 'Which agent wrote the draft.',
        'input_text', 'What the customer wrote, at most 100,000 characters. NULL where texts are not kept.',
        'model_draft', 'What the agent drafted. NULL where texts are not kept.',
        'final_response', 'What was sent in the end, where that is known.',
        'safe_to_send', 'The verdict: may the draft be sent as it is? NULL: none was given.',
        'category', 'What the message is about.',
        'sentiment', 'positive, neutral or negative: of the customer''s message.',
        'tone', 'The tone of the draft, in a word.',
        'clarity_score', '1 (worst) to 5 (best).',
        'accuracy_score', '1 (worst) to 5 (best).',
        'helpfulness_score', '1 (worst) to 5 (best).',
        'tone_score', '1 (worst) to 5 (best).',
        'notes', 'The annotator''s remarks, at most 10,000 characters.',
        'annotator', 'Who judged.',
        'confidence', 'How sure the model was of its draft, 0 to 100.',
        'response_time_ms', 'How long the model took for the draft, milliseconds.',
        'created_at', 'When it was annotated.',
        'received_at', 'When the row came in: what created_at is behind is the lag of ingest.'));
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'training_examples_tenant_created_at',
        'ON analytics_data.training_examples (tenant_id, created_at)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'training_examples_created_at',
        'ON analytics_data.training_examples (created_at)');
    RETURN QUERY SELECT analytics_internal.ensure_index('analytics_data', 'training_examples_conversation',
        'ON analytics_data.training_examples (tenant_id, conversation_id) WHERE conversation_id IS NOT NULL');

    RETURN QUERY SELECT analytics_internal.ensure_rollup('training_stats', 'analytics_data.training_examples', 'created_at', '{
            "examples": "count(*)",
            "safe": "count(*) FILTER (WHERE safe_to_send)",
            "unsafe": "count(*) FILTER (WHERE NOT safe_to_send)",
            "clarity": "avg(clarity_score)",
            "accuracy": "avg(accuracy_score)",
            "helpfulness": "avg(helpfulness_score)",
            "tone": "avg(tone_score)",
            "scored": "count(*) FILTER (WHERE coalesce(clarity_score, accuracy_score, helpfulness_score, tone_score) IS NOT NULL)",
            "high_quality": "count(*) FILTER (WHERE coalesce(clarity_score - 4, 0) + coalesce(accuracy_score - 4, 0) + coalesce(helpfulness_score - 4, 0) + coalesce(tone_score - 4, 0) >= 0 AND coalesce(clarity_score, accuracy_score, helpfulness_score, tone_score) IS NOT NULL)",
            "annotators": "distinct(annotator)",
            "categories": "distinct(category)",
            "positive": "count(*) FILTER (WHERE sentiment = ''positive'')",
            "neutral": "count(*) FILTER (WHERE sentiment = ''neutral'')",
            "negative": "count(*) FILTER (WHERE sentiment = ''negative'')",
            "confidence": "avg(confidence)",
            "response_time": "avg(response_time_ms)"}');
    RETURN QUERY SELECT analytics_internal.ensure_rollup('training_by_agent', 'analytics_data.training_examples', 'created_at', '{
            "examples": "count(*)",
            "safe": "count(*) FILTER (WHERE safe_to_send)",
            "unsafe": "count(*) FILTER (WHERE NOT safe_to_send)",
            "accuracy": "avg(accuracy_score)",
            "helpfulness": "avg(helpfulness_score)",
            "tone": "avg(tone_score)"}', '{agent}');
    RETURN QUERY SELECT analytics_internal.ensure_training_view();

    FOR m IN SELECT * FROM (VALUES
        ('training_examples', 'training_stats', 'examples', 'examples', 'up', 'Drafts that annotators judged.'),
        ('training_accuracy', 'training_stats', 'accuracy', 'score', 'up', 'Mean accuracy of the judged drafts, 1 to 5.'),
        ('training_helpfulness', 'training_stats', 'helpfulness', 'score', 'up', 'Mean helpfulness of the judged drafts, 1 to 5.'),
        ('training_tone', 'training_stats', 'tone', 'score', 'up', 'Mean score of the tone of the judged drafts, 1 to 5.'),
        ('training_clarity', 'training_stats', 'clarity', 'score', 'up', 'Mean clarity of the judged drafts, 1 to 5.'),
        ('training_safety_rate', 'training_stats', '100 * safe / nullif(safe + unsafe, 0)', 'percent', 'up', 'Drafts judged safe to send, of those with a verdict.'),
        ('training_high_quality_rate', 'training_stats', '100 * high_quality / nullif(scored, 0)', 'percent', 'up', 'Drafts with a mean score of 4 or better, of those with a score.'),
        ('annotators', 'training_stats', 'annotators', 'annotators', 'up', 'Different annotators at work.'),
        ('training_accuracy_by_agent', 'training_by_agent', 'accuracy', 'score', 'up', 'Mean accuracy of the judged drafts, 1 to 5, by agent.')
        ) AS v(name, rollup, expression, unit, direction, description)
    LOOP
        RETURN QUERY SELECT analytics_internal.ensure_metric(m.name, m.rollup, m.expression, m.unit, m.direction, m.description);
    END LOOP;
END $$;
COMMENT ON FUNCTION analytics_internal.install_training() IS
'Makes or completes the table, rollups and metrics of training data; a line for each thing done.';
