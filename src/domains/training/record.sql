-- Recording training examples, one or many. An annotation has no life: it is recorded once.

-- What both ways in work on: the columns as read_items makes them.
CREATE TYPE analytics_internal.training_example_item AS (
    index integer, problem text, id text, conversation_id text, input_text text, model_draft text, safe_to_send boolean,
    category text, sentiment text, tone text, clarity_score numeric, accuracy_score numeric, helpfulness_score numeric,
    tone_score numeric, notes text, annotator text, confidence numeric, response_time_ms double precision, agent text,
    final_response text, created_at timestamptz);
COMMENT ON TYPE analytics_internal.training_example_item IS 'A training example as it came, with what is wrong about it.';

CREATE OR REPLACE FUNCTION analytics_internal.score_problem(name text, value numeric, low numeric, high numeric) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
    RETURN CASE WHEN NOT (value BETWEEN low AND high) THEN ARRAY[name, format('between %s and %s', low, high), left(value::text, 100)] END;
COMMENT ON FUNCTION analytics_internal.score_problem(text, numeric, numeric, numeric) IS
'What is wrong with a number that must lie in a range and may be missing; NULL if nothing.';

CREATE OR REPLACE FUNCTION analytics_internal.long_text_problem(name text, value text, longest integer, required boolean) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE COST 1
    RETURN CASE WHEN value IS DISTINCT FROM '' OR required THEN analytics_internal.text_problem(name, value, longest, required) END;
COMMENT ON FUNCTION analytics_internal.long_text_problem(text, text, integer, boolean) IS
'What is wrong with a text that may be empty unless it is required; NULL if nothing.';

CREATE OR REPLACE FUNCTION analytics_internal.training_example_problem(i analytics_internal.training_example_item) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE COST 20
    RETURN coalesce(
        analytics_internal.text_problem('conversation_id', i.conversation_id, 200, true),
        analytics_internal.long_text_problem('input_text', i.input_text, 100000, true),
        analytics_internal.long_text_problem('model_draft', i.model_draft, 100000, true),
        analytics_internal.text_problem('category', i.category, 200, false),
        CASE WHEN i.sentiment IS NOT NULL THEN analytics_internal.choice_problem('sentiment', i.sentiment, '{positive,neutral,negative}') END,
        analytics_internal.text_problem('tone', i.tone, 200, false),
        analytics_internal.score_problem('clarity_score', i.clarity_score, 1, 5),
        analytics_internal.score_problem('accuracy_score', i.accuracy_score, 1, 5),
        analytics_internal.score_problem('helpfulness_score', i.helpfulness_score, 1, 5),
        analytics_internal.score_problem('tone_score', i.tone_score, 1, 5),
        analytics_internal.long_text_problem('notes', i.notes, 10000, false),
        analytics_internal.text_problem('annotator', i.annotator, 200, false),
        analytics_internal.score_problem('confidence', i.confidence, 0, 100),
        CASE WHEN NOT (i.response_time_ms BETWEEN 0 AND 1e12)
             THEN ARRAY['response_time_ms', 'between 0 and 10^12', i.response_time_ms::text] END,
        analytics_internal.text_problem('agent', i.agent, 200, false),
        analytics_internal.long_text_problem('final_response', i.final_response, 100000, false),
        CASE WHEN i.id !~* '^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$' THEN ARRAY['id', 'a UUID', format('"%s"', left(i.id, 100))] END,
        analytics_internal.instant_problem('created_at', i.created_at));
COMMENT ON FUNCTION analytics_internal.training_example_problem(analytics_internal.training_example_item) IS
'What is wrong with a training example''s arguments; NULL if nothing.';

-- Volatile: each of its looks sees what has been committed up to then.
CREATE OR REPLACE FUNCTION analytics_internal.is_recorded_example(i analytics_internal.training_example_item) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT (e.conversation_id, e.input_text, e.model_draft, e.safe_to_send, e.category, e.sentiment, e.tone, e.clarity_score,
                    e.accuracy_score, e.helpfulness_score, e.tone_score, e.notes, e.annotator, e.confidence, e.response_time_ms,
                    e.agent, e.final_response, e.created_at)
                   IS NOT DISTINCT FROM
                   (i.conversation_id, i.input_text, i.model_draft, i.safe_to_send, i.category, i.sentiment, i.tone, i.clarity_score,
                    i.accuracy_score, i.helpfulness_score, i.tone_score, i.notes, i.annotator, i.confidence, i.response_time_ms,
                    i.agent, i.final_response, coalesce(i.created_at, e.created_at))
            FROM analytics_data.training_examples e
            WHERE e.tenant_id = (SELECT analytics.current_tenant()) AND e.id = i.id::uuid);
END $$;
COMMENT ON FUNCTION analytics_internal.is_recorded_example(analytics_internal.training_example_item) IS
'Whether the training example is recorded with the same content; NULL when none has its id.
A time that was not given differs from nothing.';

CREATE OR REPLACE FUNCTION analytics_internal.insert_training_examples(examples analytics_internal.training_example_item[]) RETURNS uuid[]
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
WITH inserted AS (  -- in the order of the ids, so that two batches wait for each other, but never in a circle
    INSERT INTO analytics_data.training_examples (tenant_id, id, conversation_id, input_text, model_draft, safe_to_send, category,
        sentiment, tone, clarity_score, accuracy_score, helpfulness_score, tone_score, notes, annotator, confidence,
        response_time_ms, agent, final_response, created_at)
    SELECT DISTINCT ON (i.id::uuid) (SELECT analytics.current_tenant()), i.id::uuid, i.conversation_id, i.input_text, i.model_draft,
           i.safe_to_send, i.category, i.sentiment, i.tone, i.clarity_score, i.accuracy_score, i.helpfulness_score, i.tone_score,
           i.notes, i.annotator, i.confidence, i.response_time_ms, i.agent, i.final_response, coalesce(i.created_at, now())
    FROM unnest(examples) i WHERE i.problem IS NULL ORDER BY i.id::uuid, i.index
    ON CONFLICT DO NOTHING RETURNING id)
SELECT array_agg(id) FROM inserted
$$;
COMMENT ON FUNCTION analytics_internal.insert_training_examples(analytics_internal.training_example_item[]) IS
'Inserts the training examples that have no problem, the first of each id, and returns the ids that were new.';

CREATE OR REPLACE FUNCTION analytics_internal.record_training_example_batch(items jsonb)
RETURNS TABLE (index integer, id text, outcome text, message text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    examples analytics_internal.training_example_item[] := ARRAY(
        SELECT ROW(c.index, p.problem, coalesce(c.id, CASE WHEN p.problem IS NULL THEN gen_random_uuid()::text END), c.conversation_id,
                   c.input_text, c.model_draft, c.safe_to_send, c.category, c.sentiment, c.tone, c.clarity_score, c.accuracy_score,
                   c.helpfulness_score, c.tone_score, c.notes, c.annotator, c.confidence, c.response_time_ms, c.agent,
                   c.final_response, c.created_at)::analytics_internal.training_example_item
        FROM analytics_internal.read_items(items, '{conversation_id,input_text,model_draft}') AS c(index integer, message text, id text,
                 conversation_id text, input_text text, model_draft text, safe_to_send boolean, category text, sentiment text,
                 tone text, clarity_score numeric, accuracy_score numeric, helpfulness_score numeric, tone_score numeric, notes text,
                 annotator text, confidence numeric, response_time_ms double precision, agent text, final_response text,
                 created_at timestamptz),
             LATERAL (SELECT coalesce(c.message, analytics_internal.problem_text(analytics_internal.training_example_problem(
                          ROW(c.*)::analytics_internal.training_example_item))) AS problem OFFSET 0) p
        ORDER BY c.index);
    inserted uuid[] := analytics_internal.insert_training_examples(examples);
BEGIN
    RETURN QUERY
    WITH new AS MATERIALIZED (
        SELECT min(e.index) AS index FROM unnest(examples) e JOIN unnest(inserted) n(id) ON n.id = e.id::uuid
        WHERE e.problem IS NULL GROUP BY e.id::uuid),
    judged AS MATERIALIZED (
        SELECT e.index, e.id, e.problem, CASE
                   WHEN e.problem IS NOT NULL THEN 'rejected'
                   WHEN n.index IS NOT NULL THEN 'accepted'
                   WHEN analytics_internal.is_recorded_example(e) THEN 'duplicate'
                   ELSE 'rejected' END AS outcome
        FROM unnest(examples) e LEFT JOIN new n ON n.index = e.index)
    SELECT j.index, j.id, j.outcome, CASE j.outcome WHEN 'rejected' THEN
               coalesce(j.problem, format('id must be new, but training example %s is recorded with other content', j.id)) END
    FROM judged j ORDER BY j.index;
END $$;
COMMENT ON FUNCTION analytics_internal.record_training_example_batch(jsonb) IS
'Records training examples with one INSERT, for record_batch.
items: a JSON array of objects whose keys are the arguments of record_training_example. One row an item: accepted, duplicate or rejected, and why.';

CREATE OR REPLACE FUNCTION analytics.record_training_example(conversation_id text, input_text text, model_draft text,
    safe_to_send boolean DEFAULT NULL, category text DEFAULT NULL, sentiment text DEFAULT NULL, tone text DEFAULT NULL,
    clarity_score numeric DEFAULT NULL, accuracy_score numeric DEFAULT NULL, helpfulness_score numeric DEFAULT NULL,
    tone_score numeric DEFAULT NULL, notes text DEFAULT NULL, annotator text DEFAULT NULL, confidence numeric DEFAULT NULL,
    response_time_ms double precision DEFAULT NULL, agent text DEFAULT NULL, final_response text DEFAULT NULL,
    id uuid DEFAULT NULL, created_at timestamptz DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    example analytics_internal.training_example_item := ROW(0, NULL, coalesce(id, gen_random_uuid())::text, conversation_id, input_text,
        model_draft, safe_to_send, category, sentiment, tone, clarity_score, accuracy_score, helpfulness_score, tone_score, notes,
        annotator, confidence, response_time_ms, agent, final_response, created_at);
    problem text[] := analytics_internal.training_example_problem(example);
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    IF analytics_internal.insert_training_examples(ARRAY[example]) IS NULL AND analytics_internal.is_recorded_example(example) IS NOT TRUE THEN
        RAISE EXCEPTION 'training example % is recorded with other content', example.id USING ERRCODE = '23505',
            HINT = 'An annotation is recorded once. Pass another id, or the same content to try again; to correct it, UPDATE analytics_data.training_examples.';
    END IF;
    RETURN example.id::uuid;
END $$;
COMMENT ON FUNCTION analytics.record_training_example(text, text, text, boolean, text, text, text, numeric, numeric, numeric, numeric,
    text, text, numeric, double precision, text, text, uuid, timestamptz) IS
'Records what an annotator made of an agent''s draft and returns the example''s id.
conversation_id: at most 200 characters, the one of the approval. input_text, model_draft: what was asked and drafted, 1 to 100,000 characters. safe_to_send: the verdict, NULL without one. category, tone: at most 200 characters. sentiment: positive, neutral or negative. clarity_score, accuracy_score, helpfulness_score, tone_score: 1 (worst) to 5 (best). notes: at most 10,000 characters. annotator: who judged. confidence: of the model, 0 to 100. response_time_ms: how long the draft took, milliseconds. agent: who drafted. final_response: what was sent. id: made up when NULL; the same id with the same content again changes nothing. created_at: when it was annotated, now when NULL.
Example: SELECT analytics.record_training_example(''conv-7'', ''Where is my order?'', ''It arrives on Friday.'', true, accuracy_score => 5, annotator => ''kim'');
Errors: 22023 for an argument out of range; 23505 when the id is recorded with other content.';
