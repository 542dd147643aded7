-- Drafts that wait for a person, and how often they are approved.
--   psql -v as_of=INSTANT -v tenant=NAME -f examples/demo/approvals.sql
\ir tenant.sql

\echo :tenant: the approval queue, :moment
\echo '  SELECT * FROM analytics.get_queue_status(as_of => \'':as_of'\');'
SELECT pending_count AS waiting, urgent_count AS urgent, avg_confidence AS "confidence", round(oldest_pending_age_minutes) AS "oldest, minutes", approved_today AS "approved today", rejected_today AS "rejected today"
FROM analytics.get_queue_status(as_of => :'as_of');
\echo 'The week, by the day of submission'
\echo '  SELECT * FROM analytics.get_queue_metrics(days => 7, as_of => \'':as_of'\');'
SELECT to_char(day_bucket::date, 'Dy DD Mon') AS day, total_items AS drafts, approved_count AS approved, edited_count AS edited, rejected_count AS rejected, pending_count AS waiting,
       avg_resolution_minutes AS "minutes to decide"
FROM analytics.get_queue_metrics(days => 7, as_of => :'as_of');
