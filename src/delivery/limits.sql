-- Limits: a bucket of tokens for each caller and class, in shared memory.
CREATE OR REPLACE FUNCTION analytics.check_rate_limit(bucket_key text, limit_class text, cost integer DEFAULT 1,
    OUT allowed boolean, OUT limit_per_window integer, OUT remaining integer, OUT reset_at timestamptz,
    OUT retry_after_seconds integer)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10 AS 'MODULE_PATHNAME', 'analytics_check_rate_limit';
COMMENT ON FUNCTION analytics.check_rate_limit(text, text, integer) IS
'Takes tokens from a bucket, for services that count their own calls; PostgREST''s requests are counted by pre_request.
bucket_key: whose bucket, in the words of the caller (at most 1000 bytes). It is one of the caller''s tenant, and has nothing to do with the buckets of requests. limit_class: anon, dashboard, agent, admin, scrape, ingest, export, free, pro, enterprise or service: each has a setting agent_analytics.limit_<class>, tokens a minute (of exports an hour). cost: tokens to take, 1 to the limit.
The bucket refills continuously, one token each window / limit. Returns whether the tokens were taken (all or none), the limit, the whole tokens that remain, when the bucket is full again, and in how many seconds as many tokens will be there (0 when they were taken). Without a limit (0), or without shared memory, everything is allowed and the numbers are NULL. Works in read-only transactions; a rollback gives no token back.
Errors: 22023 for a class that is none, an empty key, a cost out of range.';
