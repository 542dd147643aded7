-- Texts that a collation takes for equal are not counted as one: refused. Servers built without ICU have no such collation
-- (expected/06_collations_1.out).
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS agent_analytics;
\set VERBOSITY sqlstate
CREATE COLLATION public.whatever_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT analytics.distinct_set('a'::text COLLATE public.whatever_case);
SELECT analytics.distinct_set('a'::text COLLATE "C");
DROP COLLATION IF EXISTS public.whatever_case;
