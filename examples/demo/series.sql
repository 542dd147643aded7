-- One metric over time, and what it was before.
--   psql -v as_of=INSTANT -v tenant=NAME -v metric=NAME [-v bucket=1h] [-v period=10h] [-v compare_to=previous_week]
--        -f examples/demo/series.sql
\if :{?bucket} \else \set bucket 1h \endif
\if :{?period} \else \set period 10h \endif
\if :{?compare_to} \else \set compare_to previous_week \endif
\ir tenant.sql

\echo :tenant: the metric :metric by :bucket, compared with :compare_to
\echo '  SELECT * FROM analytics.get_metric_series(metric => \'':metric'\', bucket => \'':bucket'\', period => \'':period'\','
\echo '      compare_to => \'':compare_to'\', time_zone => \'':zone'\', as_of => \'':as_of'\');'
SELECT to_char("timestamp", 'Dy DD Mon HH24:MI') AS "from", value, previous_value AS before, pct_change AS "change %",
       CASE WHEN is_partial THEN 'still running' ELSE '' END AS " "
FROM analytics.get_metric_series(metric => :'metric', bucket => :'bucket', period => :'period', compare_to => :'compare_to',
                                 time_zone => :'zone', as_of => :'as_of');
