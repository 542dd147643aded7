-- What annotators made of drafts, and how far the numbers can be trusted.
--   psql -v as_of=INSTANT -v tenant=NAME -f examples/demo/training.sql
\ir tenant.sql

\echo :tenant: training examples of the last 30 days by day, :moment
\echo '  SELECT * FROM analytics.get_training_quality_daily(30, as_of => \'':as_of'\');'
SELECT to_char(day_bucket, 'Dy DD Mon') AS day, total_training_examples AS examples, unique_annotators AS annotators, safety_rate_pct AS "safe %", avg_helpfulness AS helpfulness,
       overall_quality_score AS quality, high_quality_rate_pct AS "high quality %"
FROM analytics.get_training_quality_daily(30, as_of => :'as_of') WHERE total_training_examples > 0 LIMIT 6;
\echo How far to trust them
\echo '  SELECT analytics.get_data_quality(as_of => \'':as_of'\');'
SELECT d ->> 'name' AS dimension, d ->> 'score' AS score, d ->> 'status' AS status,
       (SELECT string_agg(concat(e.key, ' ', e.value), ', ' ORDER BY e.value::numeric DESC, e.key) FROM jsonb_each_text(d -> 'details' #> '{null_counts,training_examples}') e WHERE e.value <> '0') AS missing
FROM analytics.get_data_quality(as_of => :'as_of') q, jsonb_array_elements(q -> 'dimensions') d;
