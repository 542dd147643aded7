-- The sketches: summaries that merge. Their aggregates' transition type is the sketch's own type in a working form, so
-- that parallel plans and distributed tables need no (de)serialise functions.

CREATE TYPE analytics.quantile_sketch;
CREATE OR REPLACE FUNCTION analytics_internal.quantile_sketch_in(cstring) RETURNS analytics.quantile_sketch
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 5 AS 'MODULE_PATHNAME', 'analytics_quantile_sketch_in';
COMMENT ON FUNCTION analytics_internal.quantile_sketch_in(cstring) IS 'Input of quantile_sketch: \x and hexadecimal digits, checked (22P02).';
CREATE OR REPLACE FUNCTION analytics_internal.quantile_sketch_out(analytics.quantile_sketch) RETURNS cstring
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 5 AS 'MODULE_PATHNAME', 'analytics_quantile_sketch_out';
COMMENT ON FUNCTION analytics_internal.quantile_sketch_out(analytics.quantile_sketch) IS 'Output of quantile_sketch: \x and hexadecimal digits.';
CREATE OR REPLACE FUNCTION analytics_internal.quantile_sketch_recv(internal) RETURNS analytics.quantile_sketch
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 5 AS 'MODULE_PATHNAME', 'analytics_quantile_sketch_recv';
COMMENT ON FUNCTION analytics_internal.quantile_sketch_recv(internal) IS 'Binary input of quantile_sketch, checked (22P03).';
CREATE OR REPLACE FUNCTION analytics_internal.quantile_sketch_send(analytics.quantile_sketch) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 5 AS 'MODULE_PATHNAME', 'analytics_quantile_sketch_send';
COMMENT ON FUNCTION analytics_internal.quantile_sketch_send(analytics.quantile_sketch) IS 'Binary output of quantile_sketch.';
CREATE TYPE analytics.quantile_sketch (
    INPUT = analytics_internal.quantile_sketch_in, OUTPUT = analytics_internal.quantile_sketch_out,
    RECEIVE = analytics_internal.quantile_sketch_recv, SEND = analytics_internal.quantile_sketch_send,
    INTERNALLENGTH = variable, STORAGE = external
);
COMMENT ON TYPE analytics.quantile_sketch IS
'A mergeable summary of numbers that answers quantiles within a stated relative error.
Made by quantiles(), united by merge(), read by quantile(), quantiles_at() and rank_of(). Count, least and greatest value are exact. One value takes 13 bytes, each bucket (2 % of a value wide at the default accuracy) about 2.';

CREATE TYPE analytics.distinct_set;
CREATE OR REPLACE FUNCTION analytics_internal.distinct_set_in(cstring) RETURNS analytics.distinct_set
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 5 AS 'MODULE_PATHNAME', 'analytics_distinct_set_in';
COMMENT ON FUNCTION analytics_internal.distinct_set_in(cstring) IS 'Input of distinct_set: \x and hexadecimal digits, checked (22P02).';
CREATE OR REPLACE FUNCTION analytics_internal.distinct_set_out(analytics.distinct_set) RETURNS cstring
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 5 AS 'MODULE_PATHNAME', 'analytics_distinct_set_out';
COMMENT ON FUNCTION analytics_internal.distinct_set_out(analytics.distinct_set) IS 'Output of distinct_set: \x and hexadecimal digits.';
CREATE OR REPLACE FUNCTION analytics_internal.distinct_set_recv(internal) RETURNS analytics.distinct_set
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 5 AS 'MODULE_PATHNAME', 'analytics_distinct_set_recv';
COMMENT ON FUNCTION analytics_internal.distinct_set_recv(internal) IS 'Binary input of distinct_set, checked (22P03).';
CREATE OR REPLACE FUNCTION analytics_internal.distinct_set_send(analytics.distinct_set) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 5 AS 'MODULE_PATHNAME', 'analytics_distinct_set_send';
COMMENT ON FUNCTION analytics_internal.distinct_set_send(analytics.distinct_set) IS 'Binary output of distinct_set.';
CREATE TYPE analytics.distinct_set (
    INPUT = analytics_internal.distinct_set_in, OUTPUT = analytics_internal.distinct_set_out,
    RECEIVE = analytics_internal.distinct_set_recv, SEND = analytics_internal.distinct_set_send,
    INTERNALLENGTH = variable, STORAGE = external
);
COMMENT ON TYPE analytics.distinct_set IS
'An exact, mergeable set of distinct values.
Made by distinct_set(), united by merge(), counted by cardinality(). Integers stand in Roaring bitmaps (or a list of 8 bytes a value where that is smaller), other values as 128-bit hashes, 16 bytes each; 8 bytes more a set.';

-- distinct_set(x) with x of a text type would be read as a cast to the type distinct_set, if PostgreSQL had to make that
-- cast by itself (through the text form). With a cast of our own it is not, and finds the aggregate.
CREATE OR REPLACE FUNCTION analytics_internal.distinct_set_from_text(text) RETURNS analytics.distinct_set
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 5 AS 'MODULE_PATHNAME', 'analytics_distinct_set_from_text';
COMMENT ON FUNCTION analytics_internal.distinct_set_from_text(text) IS 'The cast from text to distinct_set: reads the text form (22P02).';
CREATE OR REPLACE FUNCTION analytics_internal.distinct_set_from_text(character) RETURNS analytics.distinct_set
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 5 AS 'MODULE_PATHNAME', 'analytics_distinct_set_from_text';
COMMENT ON FUNCTION analytics_internal.distinct_set_from_text(character) IS 'The cast from character to distinct_set: reads the text form (22P02).';
CREATE OR REPLACE FUNCTION analytics_internal.distinct_set_from_text(name) RETURNS analytics.distinct_set
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 5 AS 'MODULE_PATHNAME', 'analytics_distinct_set_from_name';
COMMENT ON FUNCTION analytics_internal.distinct_set_from_text(name) IS 'The cast from name to distinct_set: reads the text form (22P02).';
CREATE CAST (text AS analytics.distinct_set) WITH FUNCTION analytics_internal.distinct_set_from_text(text);
CREATE CAST (character varying AS analytics.distinct_set) WITH FUNCTION analytics_internal.distinct_set_from_text(text);
CREATE CAST (character AS analytics.distinct_set) WITH FUNCTION analytics_internal.distinct_set_from_text(character);
CREATE CAST (name AS analytics.distinct_set) WITH FUNCTION analytics_internal.distinct_set_from_text(name);

CREATE OR REPLACE FUNCTION analytics_internal.quantiles_transition(analytics.quantile_sketch, double precision)
RETURNS analytics.quantile_sketch LANGUAGE c IMMUTABLE PARALLEL SAFE CALLED ON NULL INPUT COST 2
AS 'MODULE_PATHNAME', 'analytics_quantiles_transition';
COMMENT ON FUNCTION analytics_internal.quantiles_transition(analytics.quantile_sketch, double precision) IS
'Transition of quantiles(double precision); an aggregate may call it, nothing else (0A000).';
CREATE OR REPLACE FUNCTION analytics_internal.quantiles_transition(analytics.quantile_sketch, double precision, double precision)
RETURNS analytics.quantile_sketch LANGUAGE c IMMUTABLE PARALLEL SAFE CALLED ON NULL INPUT COST 2
AS 'MODULE_PATHNAME', 'analytics_quantiles_transition';
COMMENT ON FUNCTION analytics_internal.quantiles_transition(analytics.quantile_sketch, double precision, double precision) IS
'Transition of quantiles(double precision, double precision); an aggregate may call it, nothing else (0A000).';
CREATE OR REPLACE FUNCTION analytics_internal.quantile_sketch_combine(analytics.quantile_sketch, analytics.quantile_sketch)
RETURNS analytics.quantile_sketch LANGUAGE c IMMUTABLE PARALLEL SAFE CALLED ON NULL INPUT COST 10
AS 'MODULE_PATHNAME', 'analytics_quantile_sketch_combine';
COMMENT ON FUNCTION analytics_internal.quantile_sketch_combine(analytics.quantile_sketch, analytics.quantile_sketch) IS
'Transition of merge(quantile_sketch) and combine function of quantiles(); an aggregate may call it, nothing else (0A000).';
CREATE OR REPLACE FUNCTION analytics_internal.quantile_sketch_final(analytics.quantile_sketch)
RETURNS analytics.quantile_sketch LANGUAGE c IMMUTABLE PARALLEL SAFE CALLED ON NULL INPUT COST 10
AS 'MODULE_PATHNAME', 'analytics_quantile_sketch_final';
COMMENT ON FUNCTION analytics_internal.quantile_sketch_final(analytics.quantile_sketch) IS
'Final function of quantiles() and merge(quantile_sketch): the stored form.';

CREATE OR REPLACE FUNCTION analytics_internal.distinct_set_transition(analytics.distinct_set, anyelement)
RETURNS analytics.distinct_set LANGUAGE c IMMUTABLE PARALLEL SAFE CALLED ON NULL INPUT COST 2
AS 'MODULE_PATHNAME', 'analytics_distinct_set_transition';
COMMENT ON FUNCTION analytics_internal.distinct_set_transition(analytics.distinct_set, anyelement) IS
'Transition of distinct_set(); an aggregate may call it, nothing else (0A000).';
CREATE OR REPLACE FUNCTION analytics_internal.distinct_set_combine(analytics.distinct_set, analytics.distinct_set)
RETURNS analytics.distinct_set LANGUAGE c IMMUTABLE PARALLEL SAFE CALLED ON NULL INPUT COST 10
AS 'MODULE_PATHNAME', 'analytics_distinct_set_combine';
COMMENT ON FUNCTION analytics_internal.distinct_set_combine(analytics.distinct_set, analytics.distinct_set) IS
'Transition of merge(distinct_set) and combine function of distinct_set(); an aggregate may call it, nothing else (0A000).';
CREATE OR REPLACE FUNCTION analytics_internal.distinct_set_final(analytics.distinct_set)
RETURNS analytics.distinct_set LANGUAGE c IMMUTABLE PARALLEL SAFE CALLED ON NULL INPUT COST 10
AS 'MODULE_PATHNAME', 'analytics_distinct_set_final';
COMMENT ON FUNCTION analytics_internal.distinct_set_final(analytics.distinct_set) IS
'Final function of distinct_set() and merge(distinct_set): the stored form.';

CREATE OR REPLACE AGGREGATE analytics.quantiles(value double precision) (
    SFUNC = analytics_internal.quantiles_transition, STYPE = analytics.quantile_sketch, SSPACE = 1000,
    FINALFUNC = analytics_internal.quantile_sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = analytics_internal.quantile_sketch_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE analytics.quantiles(double precision) IS
'A sketch of the values, from which any quantile can be read within 1 %.
The same as quantiles(value, 0.01). NULL values are ignored; without any other the result is NULL. NaN and infinity raise 22003.
Example: SELECT analytics.quantile(analytics.quantiles(latency_ms), 0.95) FROM analytics_data.llm_calls';

CREATE OR REPLACE AGGREGATE analytics.quantiles(value double precision, relative_accuracy double precision) (
    SFUNC = analytics_internal.quantiles_transition, STYPE = analytics.quantile_sketch, SSPACE = 1000,
    FINALFUNC = analytics_internal.quantile_sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = analytics_internal.quantile_sketch_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE analytics.quantiles(double precision, double precision) IS
'A sketch of the values, from which any quantile can be read within a relative accuracy of your choice.
relative_accuracy: 0.001 to 0.3, the largest error as a part of the value (NULL: 0.01); the same for all rows of a group, and only sketches of the same accuracy can be merged. Half the error takes twice the buckets.
NULL values are ignored; without any other the result is NULL. NaN and infinity raise 22003, another relative_accuracy 22023.';

CREATE OR REPLACE AGGREGATE analytics.merge(sketch analytics.quantile_sketch) (
    SFUNC = analytics_internal.quantile_sketch_combine, STYPE = analytics.quantile_sketch, SSPACE = 4000,
    FINALFUNC = analytics_internal.quantile_sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = analytics_internal.quantile_sketch_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE analytics.merge(analytics.quantile_sketch) IS
'The sketch of all values of all the sketches, to the byte the same as if it had been made of the values at once.
NULL sketches are ignored; without any other the result is NULL. Sketches of different accuracy raise 22023.';

CREATE OR REPLACE AGGREGATE analytics.distinct_set(value anyelement) (
    SFUNC = analytics_internal.distinct_set_transition, STYPE = analytics.distinct_set, SSPACE = 1000,
    FINALFUNC = analytics_internal.distinct_set_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = analytics_internal.distinct_set_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE analytics.distinct_set(anyelement) IS
'The set of the distinct values: cardinality(distinct_set(x)) is count(DISTINCT x), and sets can be stored and merged.
smallint, integer and bigint are kept as numbers, equal ones of different width are one; text, varchar, character, name and enums as hashes of their characters; numeric (1.0 = 1.00), real, double precision, boolean, date, time, timestamp, timestamptz, uuid, bytea, inet, cidr, macaddr and macaddr8 as hashes of their value. Domains are taken as their base type.
NULL values are ignored; without any other the result is the empty set. Other types, and texts whose collation is nondeterministic, raise 22023: pass a text that is equal where they are.';

CREATE OR REPLACE AGGREGATE analytics.merge(set analytics.distinct_set) (
    SFUNC = analytics_internal.distinct_set_combine, STYPE = analytics.distinct_set, SSPACE = 4000,
    FINALFUNC = analytics_internal.distinct_set_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = analytics_internal.distinct_set_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE analytics.merge(analytics.distinct_set) IS
'The union of all the sets.
NULL sets are ignored; without any other the result is the empty set. A set of integers and one of other values raise 22023.';

CREATE OR REPLACE FUNCTION analytics.quantile(sketch analytics.quantile_sketch, p double precision) RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 20 AS 'MODULE_PATHNAME', 'analytics_quantile';
COMMENT ON FUNCTION analytics.quantile(analytics.quantile_sketch, double precision) IS
'The value below which the share p of the values lies, as percentile_cont gives it, within the sketch''s relative accuracy.
p: 0 to 1 (22023 otherwise); 0 and 1 give the least and the greatest value exactly. Where it falls between a negative and a positive value, the error is relative to the larger of the two. NULL when the sketch has no values.';

CREATE OR REPLACE FUNCTION analytics.quantiles_at(sketch analytics.quantile_sketch, p double precision[]) RETURNS double precision[]
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 30 AS 'MODULE_PATHNAME', 'analytics_quantiles_at';
COMMENT ON FUNCTION analytics.quantiles_at(analytics.quantile_sketch, double precision[]) IS
'Several quantiles at once, each as quantile() gives it.
p: at most 1000 shares from 0 to 1 (22023 otherwise); NULL elements stay NULL. Example: quantiles_at(sketch, ''{0.5,0.95,0.99}'').';

CREATE OR REPLACE FUNCTION analytics.rank_of(sketch analytics.quantile_sketch, x double precision) RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 20 AS 'MODULE_PATHNAME', 'analytics_rank_of';
COMMENT ON FUNCTION analytics.rank_of(analytics.quantile_sketch, double precision) IS
'The share of the values that are at most x, from 0 to 1.
Exact but for the values in x''s own bucket, which are taken to lie evenly in it. NULL when the sketch has no values; NaN raises 22023.';

CREATE OR REPLACE FUNCTION analytics.cardinality(set analytics.distinct_set) RETURNS bigint
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 2 AS 'MODULE_PATHNAME', 'analytics_cardinality';
COMMENT ON FUNCTION analytics.cardinality(analytics.distinct_set) IS
'The exact number of values of a set.
Reads the first bytes of the set only, wherever it is stored.';
