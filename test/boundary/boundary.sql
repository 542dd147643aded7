-- What crosses between C and C++ crosses by two doors only: nothing is lost, nothing stays behind, the session goes on.
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION pgtap;
CREATE FUNCTION break_by(how text, levels int DEFAULT 3) RETURNS int LANGUAGE c AS 'analytics_boundary_test', 'boundary_fail';
CREATE FUNCTION alive() RETURNS int LANGUAGE c AS 'analytics_boundary_test', 'boundary_alive';
CREATE FUNCTION run(sql text) RETURNS bigint LANGUAGE c AS 'analytics_boundary_test', 'boundary_run';
CREATE FUNCTION loop() RETURNS int LANGUAGE c AS 'analytics_boundary_test', 'boundary_loop';
CREATE FUNCTION memory(n int) RETURNS int LANGUAGE c AS 'analytics_boundary_test', 'boundary_memory';
CREATE FUNCTION good_rows() RETURNS TABLE(a int, b float8) LANGUAGE c AS 'analytics_boundary_test', 'boundary_rows';
CREATE FUNCTION bad_rows() RETURNS TABLE(a int, b text) LANGUAGE c AS 'analytics_boundary_test', 'boundary_rows';
CREATE FUNCTION short_rows() RETURNS TABLE(a int, b float8, c int) LANGUAGE c AS 'analytics_boundary_test', 'boundary_rows';

-- The parts of the error that a statement raises.
CREATE FUNCTION error_of(sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE m text; d text; h text;
BEGIN
    EXECUTE sql;
    RETURN 'no error';
EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
    GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
    RETURN concat_ws('|', SQLSTATE, m, d, h);
END $$;

SELECT plan(27);
SELECT is(error_of($$SELECT break_by('error')$$), '22023|on purpose|The detail.|The hint.', 'an error of ours keeps all its parts');
SELECT is(error_of($$SELECT break_by('bad_alloc')$$), '53200|out of memory||', 'std::bad_alloc');
SELECT is(error_of($$SELECT break_by('invalid_argument')$$), '22023|on purpose||', 'std::invalid_argument');
SELECT is(error_of($$SELECT break_by('domain_error')$$), '22003|on purpose||', 'std::domain_error');
SELECT is(error_of($$SELECT break_by('runtime_error')$$), 'XX000|on purpose||', 'any other std::exception');
SELECT is(error_of($$SELECT break_by('int')$$), 'XX000|unknown C++ exception||', 'what is no exception at all');
SELECT is(error_of($$SELECT break_by('raise')$$), '22012|raised on purpose|From C.|Ignore.', 'PostgreSQL''s own error passes unchanged');
SELECT is(split_part(error_of($$SELECT break_by('long message')$$), '|', 2), repeat('€', 341), 'a long text is cut between characters');
SELECT is(alive(), 0, 'all objects of failed calls were destroyed');

SELECT is(run('SELECT 1 UNION ALL SELECT 2'), 2::bigint, 'SPI works after all that');
SELECT matches(error_of($$SELECT run('SELECT 1/0')$$), '^22012\|division by zero', 'an error inside SPI');
SELECT matches(error_of($$SELECT run('SELECT break_by(''error'')')$$), '^22023\|on purpose\|The detail', 'C++ in C in C++');
SELECT matches(error_of($$SELECT run('SELECT run(''SELECT run(''''SELECT break_by(''''''''raise'''''''')'''')'')')$$), '^22012\|raised on purpose', 'four doors deep');
SELECT matches(error_of($$SELECT run('nonsense')$$), '^42601', 'a syntax error inside SPI');
SELECT is(alive(), 0, 'nothing stays behind');
SELECT is(run('SELECT 1'), 1::bigint, 'SPI is not left connected');

SET statement_timeout = '50ms';
SELECT matches(error_of($$SELECT loop()$$), '^57014', 'a loop is cancelled by statement_timeout');
SELECT matches(error_of($$SELECT run('SELECT pg_sleep(10)')$$), '^57014', 'so is a statement inside SPI');
RESET statement_timeout;
SELECT is(alive(), 0, 'and leaves nothing behind');

SELECT is(memory(0), 1, 'an object in a memory context is destroyed with it');
SELECT is(memory(3000000), 1, 'large vectors in a memory context');
SELECT results_eq('SELECT * FROM good_rows()', $$VALUES (1, 0.5::float8), (2, NULL), (3, NULL)$$, 'rows; NaN is written as NULL');
SELECT matches(error_of('SELECT * FROM bad_rows()'), '^42804', 'rows of another type than declared are refused');
SELECT matches(error_of('SELECT * FROM short_rows()'), '^42804', 'rows of another width are refused');

-- A thousand failures in subtransactions: an unbalanced stack of any kind would not survive them.
DO $$
BEGIN
    FOR i IN 1..1000 LOOP
        PERFORM error_of('SELECT break_by(''' || (ARRAY['error', 'raise', 'bad_alloc'])[1 + i % 3] || ''', ' || i % 50 || ')');
        PERFORM error_of('SELECT run(''SELECT break_by(''''raise'''')'')');
    END LOOP;
END $$;
SELECT is(alive(), 0, 'a thousand failures leave nothing behind');
BEGIN;
SAVEPOINT here;
SELECT is(error_of($$SELECT break_by('raise')$$), '22012|raised on purpose|From C.|Ignore.', 'in a transaction block');
ROLLBACK TO here;
SELECT is(run('SELECT 1'), 1::bigint, 'the transaction goes on after ROLLBACK TO');
COMMIT;
SELECT * FROM finish();
