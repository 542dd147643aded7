-- Ingest in batches. A domain offers a kind by the function
--     analytics_internal.record_<kind>_batch(items jsonb) RETURNS TABLE (index integer, id text, outcome text, message text)
-- with one row an item, outcome accepted, duplicate or rejected. read_items gives it typed columns, the _problem functions
-- the rules it shares with the record_<kind> function for one fact.

CREATE OR REPLACE FUNCTION analytics_internal.read_items(items jsonb, required text[]) RETURNS SETOF record
LANGUAGE c STABLE PARALLEL RESTRICTED STRICT COST 1000 ROWS 1000 AS 'MODULE_PATHNAME', 'analytics_read_items';
COMMENT ON FUNCTION analytics_internal.read_items(jsonb, text[]) IS
'A JSON array of objects as typed rows; a bad item becomes a row with a message instead of an error.
items: a JSON array. required: keys that an item must have, not null. The column definition list must begin with (index integer, message text); the columns after these are the keys an item may have, of type text, numeric, bigint, integer, double precision, boolean, timestamptz or jsonb. Numbers and instants may come as JSON strings; JSON null is a key left out.
One row an item, in their order: index counts from 0; message is NULL for a good item, else says what is wrong, and then all keys are NULL but the first, where that could be read.';

-- A problem is {argument, what it must be, what it is}; NULL is none.
CREATE OR REPLACE FUNCTION analytics_internal.text_problem(name text, value text, longest integer, required boolean)
RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN value IS NULL THEN CASE WHEN required THEN ARRAY[name, 'given', 'NULL'] END
                WHEN value = '' THEN ARRAY[name, 'at least one character long', 'empty']
                WHEN length(value) > longest
                    THEN ARRAY[name, format('at most %s characters long', longest), format('%s characters long', length(value))]
           END;
CREATE OR REPLACE FUNCTION analytics_internal.choice_problem(name text, value text, allowed text[])
RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN value IS NULL THEN ARRAY[name, 'one of ' || array_to_string(allowed, ', '), 'NULL']
                WHEN value <> ALL (allowed)
                    THEN ARRAY[name, 'one of ' || array_to_string(allowed, ', '), format('"%s"', left(value, 100))] END;
CREATE OR REPLACE FUNCTION analytics_internal.instant_problem(name text, value timestamptz)
RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN NOT isfinite(value) THEN ARRAY[name, 'a finite instant', 'infinite'] END;
CREATE OR REPLACE FUNCTION analytics_internal.as_of_problem(value timestamptz) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN value < timestamptz '0001-01-01 00:00+00' OR value >= timestamptz '10000-01-01 00:00+00' THEN ARRAY['as_of', 'between the years 1 and 9999', 'out of range'] END;
CREATE OR REPLACE FUNCTION analytics_internal.range_problem(name text, value integer, low integer, high integer) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN value IS NULL OR value < low OR value > high THEN ARRAY[name, format('between %s and %s', low, high), coalesce(value::text, 'NULL')] END;
COMMENT ON FUNCTION analytics_internal.text_problem(text, text, integer, boolean) IS
'What is wrong with a text: missing though required, empty, or longer than so many characters; NULL if nothing.';
COMMENT ON FUNCTION analytics_internal.choice_problem(text, text, text[]) IS
'What is wrong with a value that must be one of a list; NULL if nothing.';
COMMENT ON FUNCTION analytics_internal.instant_problem(text, timestamptz) IS
'What is wrong with an instant that must be finite and may be missing; NULL if nothing.';
COMMENT ON FUNCTION analytics_internal.as_of_problem(timestamptz) IS
'What is wrong with an argument as_of, which may be missing and on which no arithmetic may overflow; NULL if nothing. As as_of_argument() in C++.';
COMMENT ON FUNCTION analytics_internal.range_problem(text, integer, integer, integer) IS 'What is wrong with a number that must lie in a range; NULL if nothing.';

CREATE OR REPLACE FUNCTION analytics_internal.problem_text(problem text[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE STRICT
    RETURN format('%s must be %s, but is %s', problem[1], problem[2], problem[3]);
COMMENT ON FUNCTION analytics_internal.problem_text(text[]) IS 'A problem in one line, for the errors of a batch.';

CREATE OR REPLACE FUNCTION analytics_internal.refuse(problem text[]) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% must be %', problem[1], problem[2]
        USING ERRCODE = '22023', DETAIL = format('%s is %s.', problem[1], problem[3]),
              HINT = 'The comment on the function tells what each argument allows.';
END $$;
COMMENT ON FUNCTION analytics_internal.refuse(text[]) IS 'Raises a problem as 22023.';

CREATE OR REPLACE FUNCTION analytics_internal.record_items(batch_function text, items jsonb, first_index integer)
RETURNS TABLE (index integer, id text, outcome text, message text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    size integer := jsonb_array_length(items);
    indexes integer[];
    ids text[];
    outcomes text[];
    messages text[];
BEGIN
    BEGIN
        EXECUTE format('SELECT array_agg(b.index), array_agg(b.id), array_agg(b.outcome), array_agg(b.message) '
                       'FROM analytics_internal.%I($1) b', batch_function)
            INTO indexes, ids, outcomes, messages USING items;
    EXCEPTION WHEN data_exception OR integrity_constraint_violation OR raise_exception OR with_check_option_violation THEN
        -- Something that only the table knows (a constraint or trigger of its user): find the items it does not want.
        IF size = 1 THEN
            RETURN QUERY SELECT first_index, NULL::text, 'rejected', SQLERRM;
            RETURN;
        END IF;
        RETURN QUERY SELECT * FROM analytics_internal.record_items(batch_function,
            jsonb_path_query_array(items, '$[0 to $a]', jsonb_build_object('a', size / 2 - 1)), first_index);
        RETURN QUERY SELECT * FROM analytics_internal.record_items(batch_function,
            jsonb_path_query_array(items, '$[$a to last]', jsonb_build_object('a', size / 2)), first_index + size / 2);
        RETURN;
    END;
    RETURN QUERY SELECT first_index + u.i, u.d, u.o, u.m FROM unnest(indexes, ids, outcomes, messages) AS u(i, d, o, m);
END $$;
COMMENT ON FUNCTION analytics_internal.record_items(text, jsonb, integer) IS
'Calls a batch function; where the table refuses the batch, halves it until the refused items stand alone.
batch_function: its name in analytics_internal. first_index: the index of the first item in the caller''s array.';

CREATE OR REPLACE FUNCTION analytics.record_batch(kind text, items jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    most CONSTANT integer := 10000;
    kinds text[] := ARRAY(SELECT substr(p.proname, 8, length(p.proname) - 13) FROM pg_proc p
                          WHERE p.pronamespace = 'analytics_internal'::regnamespace AND p.proname LIKE 'record\_%\_batch'
                          ORDER BY 1);
    problem text[] := analytics_internal.choice_problem('kind', kind, kinds);
BEGIN
    IF problem IS NULL AND (items IS NULL OR jsonb_typeof(items) <> 'array') THEN
        problem := ARRAY['items', 'a JSON array of objects', coalesce('a JSON ' || jsonb_typeof(items), 'NULL')];
    END IF;
    IF problem IS NULL AND jsonb_array_length(items) > most THEN
        problem := ARRAY['items', format('an array of at most %s objects', most), format('one of %s', jsonb_array_length(items))];
    END IF;
    IF problem IS NOT NULL THEN
        PERFORM analytics_internal.refuse(problem);
    END IF;
    RETURN (SELECT jsonb_build_object(
                'accepted', count(*) FILTER (WHERE r.outcome = 'accepted'),
                'duplicates', count(*) FILTER (WHERE r.outcome = 'duplicate'),
                'rejected', count(*) FILTER (WHERE r.outcome = 'rejected'),
                'errors', coalesce(jsonb_agg(jsonb_build_object('index', r.index, 'id', left(r.id, 200), 'message', left(r.message, 500))
                                             ORDER BY r.index) FILTER (WHERE r.outcome = 'rejected'), '[]'))
            FROM analytics_internal.record_items(format('record_%s_batch', kind), items, 0) r);
END $$;
COMMENT ON FUNCTION analytics.record_batch(text, jsonb) IS
'Records many facts in one call; the good ones are kept, the others are reported.
kind: the name of a record_ function without record_, such as order, session, llm_call, task, agent_status, agent_query; also submit_approval and resolve_approval. items: a JSON array of at most 10,000 objects; an object''s keys are the arguments of that function, what is left out or null takes the function''s default, and an unknown key rejects the item. Numbers and instants may come as strings.
Items act in their order, as if they were recorded one after the other: of two with the same id and the same content the second is a duplicate.
Result: {accepted, duplicates, rejected, errors: [{index, id, message}]}. accepted counts the facts that were new or updated, duplicates those that were there already with the same content. errors has one entry for each rejected item; index counts from 0; id is null where it could not be read or the table itself refused the row.
Errors: 22023 for an unknown kind, or items that are no array or too many.';
