-- The quality of training data. C++ beside this file.

CREATE OR REPLACE FUNCTION analytics.get_training_quality(period text DEFAULT '7d', as_of timestamptz DEFAULT NULL,
    OUT period text, OUT total_annotations bigint, OUT avg_clarity numeric, OUT avg_accuracy numeric, OUT avg_helpfulness numeric,
    OUT avg_tone numeric, OUT avg_overall numeric, OUT flagged_unsafe bigint, OUT safety_rate_pct numeric, OUT active_annotators bigint)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 AS 'MODULE_PATHNAME', 'analytics_get_training_quality';
COMMENT ON FUNCTION analytics.get_training_quality(text, timestamptz) IS
'How good the drafts were that annotators judged, over a period.
period: 1h, 24h, 7d or 30d: the training examples of (as_of - period, as_of], to the microsecond. as_of: NULL means now.
Result: period, total_annotations, avg_clarity, avg_accuracy, avg_helpfulness and avg_tone (1 to 5, of the examples that have the score), avg_overall (the mean of those four that there are), flagged_unsafe, safety_rate_pct (safe of those with a verdict, 0..100), active_annotators (different ones). Two decimals; NULL of nothing.
Errors: 22023 for an unknown period.';

CREATE OR REPLACE FUNCTION analytics.get_training_quality_daily(days integer DEFAULT 7, as_of timestamptz DEFAULT NULL)
RETURNS TABLE (day_bucket date, total_training_examples bigint, safe_examples bigint, unsafe_examples bigint, safety_rate_pct numeric,
               avg_accuracy numeric, avg_helpfulness numeric, avg_tone numeric, overall_quality_score numeric,
               high_quality_rate_pct numeric, unique_annotators bigint, unique_categories bigint, positive_sentiment bigint,
               neutral_sentiment bigint, negative_sentiment bigint, avg_model_confidence numeric, avg_response_time_ms numeric)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 7 AS 'MODULE_PATHNAME', 'analytics_get_training_quality_daily';
COMMENT ON FUNCTION analytics.get_training_quality_daily(integer, timestamptz) IS
'Training examples day by day: how many, how safe, how good, by how many annotators.
days: 1 to 30 UTC days, the running one included. as_of: NULL means now.
Result, newest day first, none missing: day_bucket, total_training_examples, safe_examples, unsafe_examples, safety_rate_pct (safe of those with a verdict), avg_accuracy, avg_helpfulness, avg_tone (1 to 5), overall_quality_score (the mean of those three that there are), high_quality_rate_pct (examples whose own scores, clarity included, are 4 or better on average, of those with a score), unique_annotators, unique_categories, positive_sentiment, neutral_sentiment, negative_sentiment, avg_model_confidence (0..100), avg_response_time_ms (3 decimals; all others 2). NULL of nothing.
Errors: 22023 when days is out of range.';
