-- Training examples: recording, one by one and in batches; quality.
\set VERBOSITY terse
\pset null ~
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE EXTENSION IF NOT EXISTS agent_analytics;
SELECT analytics.install() IS NOT NULL AS installed;
SET agent_analytics.tenant = 'training';

-- An annotation is recorded once: the same content again is no error, other content is refused.
SELECT analytics.record_training_example('conv-1', 'Where is my order?', 'On its way.', true, 'delivery', 'neutral', 'friendly', 4, 5, 4.5, 3,
    'fine', 'kim', 82.5, 1200, 'writer', 'It is on its way.', 'aaaaaaaa-0000-4000-8000-000000000001', '2025-03-01 10:00Z');
SELECT analytics.record_training_example('conv-1', 'Where is my order?', 'On its way.', true, 'delivery', 'neutral', 'friendly', 4, 5, 4.50, 3,
    'fine', 'kim', 82.5, 1200, 'writer', 'It is on its way.', 'aaaaaaaa-0000-4000-8000-000000000001', '2025-03-01 11:00+01');
SELECT analytics.record_training_example('conv-1', 'Where is my order?', 'On its way.', true, 'delivery', 'neutral', 'friendly', 4, 5, 4.5, 3,
    'fine', 'kim', 82.5, 1200, 'writer', 'It is on its way.', 'aaaaaaaa-0000-4000-8000-000000000001');  -- the time not said again
SELECT analytics.record_training_example('conv-1', 'Where is my order?', 'On its way.', false, 'delivery', 'neutral', 'friendly', 4, 5, 4.5, 3,
    'fine', 'kim', 82.5, 1200, 'writer', 'It is on its way.', 'aaaaaaaa-0000-4000-8000-000000000001');
SELECT conversation_id, input_text, model_draft, final_response, safe_to_send, category, sentiment, tone, clarity_score, accuracy_score,
       helpfulness_score, tone_score, notes, annotator, confidence, response_time_ms, agent, created_at
FROM analytics_data.training_examples WHERE tenant_id = 'training';
SELECT length(analytics.record_training_example('conv-2', 'q', 'd')::text);
-- Bad arguments
SELECT analytics.record_training_example(NULL, 'q', 'd');
SELECT analytics.record_training_example('', 'q', 'd');
SELECT analytics.record_training_example('c', '', 'd');
SELECT analytics.record_training_example('c', 'q', NULL);
SELECT analytics.record_training_example('c', 'q', repeat('d', 100001));
SELECT analytics.record_training_example('c', 'q', 'd', sentiment => 'angry');
SELECT analytics.record_training_example('c', 'q', 'd', accuracy_score => 0);
SELECT analytics.record_training_example('c', 'q', 'd', clarity_score => 5.01);
SELECT analytics.record_training_example('c', 'q', 'd', tone_score => 'NaN');
SELECT analytics.record_training_example('c', 'q', 'd', confidence => 'Infinity');
SELECT analytics.record_training_example('c', 'q', 'd', confidence => 100.5);
SELECT analytics.record_training_example('c', 'q', 'd', response_time_ms => 'NaN');
SELECT analytics.record_training_example('c', 'q', 'd', response_time_ms => -1);
SELECT analytics.record_training_example('c', 'q', 'd', created_at => 'infinity');
SELECT analytics.record_training_example('c', 'q', 'd', annotator => '');
-- A batch
SELECT jsonb_pretty(analytics.record_batch('training_example', '[
    {"id": "aaaaaaaa-0000-4000-8000-000000000001", "conversation_id": "conv-1", "input_text": "other", "model_draft": "d"},
    {"id": "AAAAAAAA00004000800000000000000b", "conversation_id": "conv-3", "input_text": "q", "model_draft": "d", "accuracy_score": "4.5", "safe_to_send": false, "created_at": "2025-03-02T10:00:00Z"},
    {"id": "aaaaaaaa-0000-4000-8000-00000000000b", "conversation_id": "conv-3", "input_text": "q", "model_draft": "d", "accuracy_score": 4.5, "safe_to_send": false, "created_at": "2025-03-02T10:00:00Z"},
    {"conversation_id": "conv-4", "input_text": "q", "model_draft": "d", "sentiment": "positive"},
    {"conversation_id": "conv-4", "input_text": "q"},
    {"conversation_id": "conv-4", "input_text": "q", "model_draft": "d", "confidence": 101},
    {"id": "no uuid", "conversation_id": "conv-4", "input_text": "q", "model_draft": "d"},
    {"conversation_id": "conv-4", "input_text": "q", "model_draft": "d", "stars": 3}]'));
SELECT count(*), count(DISTINCT id), sum(accuracy_score) FROM analytics_data.training_examples WHERE tenant_id = 'training';
-- The table itself refuses what is out of range, by whatever way it comes.
COPY analytics_data.training_examples (conversation_id, accuracy_score) FROM stdin;
c	6
\.
COPY analytics_data.training_examples (conversation_id, confidence) FROM stdin;
c	NaN
\.
COPY analytics_data.training_examples (conversation_id, sentiment) FROM stdin;
c	furious
\.
COPY analytics_data.training_examples (conversation_id, response_time_ms) FROM stdin;
c	Infinity
\.
COPY analytics_data.training_examples (conversation_id, created_at) FROM stdin;
c	-infinity
\.
INSERT INTO analytics_data.training_examples (conversation_id, input_text) VALUES ('c', repeat('x', 100001));
-- The answers
INSERT INTO analytics_data.training_examples (agent, safe_to_send, clarity_score, accuracy_score, annotator, category, sentiment, confidence, response_time_ms, created_at)
VALUES ('writer', true, 4, 5, 'lee', 'refund', 'negative', 60, 800, '2025-03-01 12:00Z'), ('writer', NULL, NULL, NULL, 'lee', NULL, NULL, NULL, NULL, '2025-03-01 13:00Z');
SELECT * FROM analytics.get_training_quality('7d', '2025-03-03 09:00Z');
SELECT * FROM analytics.get_training_quality_daily(3, '2025-03-03 09:00Z');
SELECT "timestamp", value FROM analytics.get_metric_series('training_accuracy', '1d', '3d', as_of => '2025-03-03 09:00Z');
SELECT analytics.get_training_quality('2d');
SELECT analytics.get_training_quality(as_of => 'infinity');
SELECT * FROM analytics.get_training_quality_daily(0);
DELETE FROM analytics_data.training_examples WHERE tenant_id = 'training';
-- Data quality
SET agent_analytics.tenant = 'quality';
INSERT INTO analytics_data.training_examples (conversation_id, agent, input_text, model_draft, safe_to_send, category, accuracy_score, helpfulness_score, tone_score, annotator, created_at, received_at)
VALUES ('conv-1', 'writer', 'q', 'd', true, 'refund', 5, 4, 4, 'kim', '2025-03-01 12:00Z', '2025-03-01 12:00Z'), ('conv-2', NULL, ' ', 'd', true, 'refund', 1, 4, 4, 'kim', '2025-03-01 12:00Z', '2025-03-01 14:00Z');
SELECT analytics.submit_approval('conv-1', 'd', 80, agent => 'writer', customer_message => 'q', created_at => '2025-03-01 10:00Z') IS NOT NULL AS submitted;
SELECT jsonb_pretty(analytics.get_data_quality('2025-03-01 18:00Z'));
INSERT INTO analytics_data.data_quality_checks (name, table_name, predicate) VALUES ('now', 'training_examples', 'created_at < now()');
\set VERBOSITY default
INSERT INTO analytics_data.data_quality_checks (name, table_name, predicate) VALUES ('two', 'training_examples', 'true, false');
\set VERBOSITY terse
INSERT INTO analytics_data.data_quality_checks (name, table_name, predicate, weight) VALUES ('helpful', 'training_examples', 'helpfulness_score >= 4', 2), ('per clarity', 'training_examples', '1 / (tone_score - 4) > 0', 1);
SELECT jsonb_pretty(jsonb_path_query_first(analytics.get_data_quality('2025-03-01 18:00Z'), '$.dimensions[*] ? (@.name == "accuracy").details.checks'));
SELECT jsonb_pretty(analytics.get_data_quality_trend(2, '2025-03-01 18:00Z'));
SELECT analytics.get_data_quality_trend(0);
DELETE FROM analytics_data.data_quality_checks WHERE tenant_id = 'quality';
DELETE FROM analytics_data.training_examples WHERE tenant_id = 'quality';
DELETE FROM analytics_data.agent_approvals WHERE tenant_id = 'quality';
