-- What a test begins with (\ir include/start.sql): psql prints TAP alone and stops at the first error; the extension,
-- its tables and pgTAP are there.
\set QUIET 1
\pset format unaligned
\pset tuples_only on
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE EXTENSION agent_analytics;
CREATE EXTENSION pgtap;
DO $$ BEGIN PERFORM analytics.install(); END $$;
