-- The slots of a series against plain SQL: days, weeks and months against generate_series in the zone, hours and less
-- against date_bin on local time; around changes of clocks, in zones off by 15, 30, 44:30 and 45 minutes, over
-- a skipped day and midnights that come twice or never.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS agent_analytics;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
CREATE TEMP TABLE moments (zone text, at timestamptz);
INSERT INTO moments VALUES
    ('UTC', '2000-02-29 12:00Z'), ('UTC', '1999-12-31 23:59:59.999999Z'), ('UTC', '2024-03-01 00:00Z'),
    ('Europe/Berlin', '2024-04-01 12:00Z'), ('Europe/Berlin', '2024-10-28 12:00Z'),
    ('America/New_York', '2024-03-11 12:00Z'), ('America/New_York', '2024-11-04 12:00Z'),
    ('Asia/Kathmandu', '2024-04-01 12:07Z'), ('Asia/Kathmandu', '1986-01-02 03:00Z'),
    ('Australia/Lord_Howe', '2024-04-08 01:00Z'), ('Australia/Lord_Howe', '2024-10-07 01:00Z'),
    ('Africa/Monrovia', '1972-01-08 12:00Z'), ('Africa/Monrovia', '1971-06-08 12:00Z'),
    ('Asia/Gaza', '2011-04-02 12:00Z'), ('Asia/Gaza', '2011-08-02 12:00Z'), ('Asia/Gaza', '2023-10-29 12:00Z'),
    ('Asia/Gaza', '2024-04-21 12:00Z'), ('Antarctica/Troll', '2024-04-01 12:00Z'),
    ('Antarctica/Troll', '2024-10-28 12:00Z'), ('Pacific/Apia', '2012-01-02 12:00Z'),
    ('America/St_Johns', '2010-03-15 12:00Z'), ('America/St_Johns', '2010-11-08 12:00Z'),
    ('America/Sao_Paulo', '2018-02-19 12:00Z'), ('America/Sao_Paulo', '2018-11-05 12:00Z'),
    ('Africa/Casablanca', '2024-04-15 12:00Z'), ('Africa/Casablanca', '2150-04-15 12:00Z'),
    ('Europe/Moscow', '2014-10-27 12:00Z');

-- Days, weeks and months begin where SQL puts their local midnight.
SELECT m.zone, m.at, b.bucket, s.starts, e.starts AS expected
FROM moments m
CROSS JOIN (VALUES ('1d', 'day', interval '1 day', '20d', interval '20 days'),
                   ('1w', 'week', '1 week', '30w', '30 weeks'),
                   ('1mo', 'month', '1 month', '30mo', '30 months')) b (bucket, unit, step, period, length)
CROSS JOIN LATERAL (SELECT array_agg(slot_start) AS starts
                    FROM analytics_internal.series_slots(b.bucket, b.period, m.zone, m.at)) s
CROSS JOIN LATERAL (
    SELECT array_agg(DISTINCT midnight ORDER BY midnight) AS starts
    FROM generate_series(date_trunc(b.unit, m.at AT TIME ZONE m.zone - b.length - b.step),
                         m.at AT TIME ZONE m.zone + b.step, b.step) AS local
    CROSS JOIN LATERAL (SELECT local AT TIME ZONE m.zone AS midnight) x
    WHERE midnight > (m.at AT TIME ZONE m.zone - b.length) AT TIME ZONE m.zone AND midnight <= m.at) e
WHERE s.starts IS DISTINCT FROM e.starts;

-- Shorter buckets: rows share a slot exactly if they share the local bin and the offset. Rows every 20 minutes, on
-- both sides of every slot's start, over four days.
WITH slots AS (
    SELECT m.zone, m.at, b.bucket, b.step, s.*
    FROM moments m CROSS JOIN (VALUES ('15m', interval '15 minutes'), ('30m', '30 minutes'), ('1h', '1 hour')) b (bucket, step)
    CROSS JOIN LATERAL analytics_internal.series_slots(b.bucket, '96h', m.zone, m.at) s
), rows AS (
    SELECT zone, at, bucket, step, t
    FROM (SELECT zone, at, bucket, step, min(slot_start) AS first FROM slots GROUP BY 1, 2, 3, 4) w
    CROSS JOIN generate_series(first, at, interval '20 minutes') AS t
    UNION
    SELECT zone, at, bucket, step, t FROM slots CROSS JOIN LATERAL (VALUES (slot_start), (slot_end - interval '1 us')) v (t)
), labelled AS (
    SELECT r.zone, r.at, r.bucket, s.slot_start,
           date_bin(r.step, t AT TIME ZONE r.zone, '2000-01-01') - (t AT TIME ZONE r.zone - t AT TIME ZONE 'UTC') AS label
    FROM rows r LEFT JOIN slots s ON s.zone = r.zone AND s.at = r.at AND s.bucket = r.bucket AND s.slot_start <= t AND t < s.slot_end
)
SELECT zone, at, bucket FROM labelled GROUP BY 1, 2, 3
HAVING bool_or(slot_start IS NULL) OR count(DISTINCT label) <> count(DISTINCT slot_start)
    OR count(DISTINCT (label, slot_start)) <> count(DISTINCT label);

-- How long days are, and what hours look like where clocks move by half an hour.
SELECT zone, array_agg(slot_end - slot_start ORDER BY slot_start) AS days
FROM (VALUES ('Europe/Berlin', '2024-04-01 21:59:59.999999Z'::timestamptz), ('Europe/Berlin', '2024-10-28 22:59:59.999999Z'),
             ('Australia/Lord_Howe', '2024-04-08 13:29:59.999999Z'), ('Pacific/Apia', '2012-01-01 09:59:59.999999Z')) v (zone, at)
CROSS JOIN LATERAL analytics_internal.series_slots('1d', '3d', zone, at) GROUP BY zone, at ORDER BY zone, at;
SELECT slot_start AT TIME ZONE 'UTC' AS utc, slot_start AT TIME ZONE 'Australia/Lord_Howe' AS local, slot_end - slot_start AS length, is_partial
FROM analytics_internal.series_slots('1h', '4h', 'Australia/Lord_Howe', '2024-04-06 16:45Z');

-- The bucket that begins at as_of holds as_of; the one that ends with it is whole.
SELECT * FROM analytics_internal.series_slots('1h', '2h', as_of => '2024-05-01 10:00Z');
SELECT * FROM analytics_internal.series_slots('hour', '2h', as_of => '2024-05-01 10:59:59.999999Z');

-- Comparisons: the same local time, a part with the same part.
SELECT * FROM analytics_internal.series_slots('1d', '2d', 'Europe/Berlin', '2024-04-01 10:00Z', 'previous_day');
SELECT * FROM analytics_internal.series_slots('1mo', '2mo', 'UTC', '2024-03-31 10:00Z', 'previous_month');
SELECT * FROM analytics_internal.series_slots('1w', '2w', 'UTC', '2024-05-01 10:00Z', 'previous_year');
SELECT * FROM analytics_internal.series_slots('1h', '2h', 'Europe/Berlin', '2024-03-31 10:30Z', 'previous_week');
SELECT count(*), min(other_start), max(other_end) FROM analytics_internal.series_slots('1h', '7d', 'Europe/Berlin', '2024-04-01 10:30Z', 'previous_period');

\set VERBOSITY terse
SELECT * FROM analytics_internal.series_slots('2h', '3d');
SELECT * FROM analytics_internal.series_slots('1h', '3 days');
SELECT * FROM analytics_internal.series_slots('1h', '0d');
SELECT * FROM analytics_internal.series_slots('1mo', '3d');
SELECT * FROM analytics_internal.series_slots('1h', '2y');
SELECT * FROM analytics_internal.series_slots('1h', '24h', 'Berlin');
SELECT * FROM analytics_internal.series_slots('1h', '24h', 'UTC+2');
SELECT * FROM analytics_internal.series_slots('1h', '24h', '');
SELECT * FROM analytics_internal.series_slots('1h', '24h', as_of => 'infinity');
SELECT * FROM analytics_internal.series_slots('1h', '24h', as_of => '4000-01-01 BC');
SELECT * FROM analytics_internal.series_slots('1d', '7d', compare_to => 'yesterday');
SELECT * FROM analytics_internal.series_slots('1w', '4w', compare_to => 'previous_day');
SELECT count(*) FROM analytics_internal.series_slots('1h', '24h', 'Etc/GMT-2');
