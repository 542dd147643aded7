#!/usr/bin/python3
"""Makes an install script that an earlier version might have had, of the present one: with functions that are gone since, that
answered otherwise or that were not there yet, and an install() that made other tables, indexes, views, triggers and rollups.

    older.py PRESENT.sql > OLDER.sql
"""
import re
import sys

EDITS = [  # (what, the present text as a regular expression, what it was)
    ('a function that is new', r'CREATE FUNCTION analytics\.clear_blocked_ips\(\).*?\$\$;\nCOMMENT ON FUNCTION analytics\.clear_blocked_ips\(\) IS\n.*?\';\n', ''),
    ('a function that is gone', r'\Z', '\nCREATE FUNCTION analytics.get_forgotten(x integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT x $$;\n'
     "COMMENT ON FUNCTION analytics.get_forgotten(integer) IS 'Gone since.';\n"),
    ('another body', r'    SELECT m\.name, m\.unit, m\.direction, m\.rollup, coalesce\(r\.dimensions', r"    SELECT lower(m.name), m.unit, m.direction, m.rollup, coalesce(r.dimensions"),
    ('another result, with a view of it', r'avg_tone numeric, overall_quality_score numeric,\n', 'mean_tone numeric, overall_quality_score numeric,\n'),
    ('its comment', r"'avg_tone', 'Mean score of the tone", "'mean_tone', 'Mean score of the tone"),
    ('another volatility', r'(CREATE FUNCTION analytics_internal\.scope_problem\(scope jsonb\) RETURNS text\[\]\nLANGUAGE sql )STABLE', r'\1VOLATILE'),
    ('another comment', r"'Lists the metrics by name\.", "'Lists metrics."),
    ('a composite type', r'(CREATE TYPE analytics_internal\.span_item AS \([^)]*output_tokens) bigint', r'\1 integer'),
    ('a table that is new', r"    RETURN QUERY SELECT analytics_internal\.ensure_table\('analytics_data\.cost_adjustments', \$columns\$.*?'And after\.'\)\);\n", ''),
    ('a column that is new', r'        enabled boolean NOT NULL DEFAULT true,\n(        PRIMARY KEY \(tenant_id, agent_id\))', r'\1'),
    ('and its comment', r"'The agent\.',\n\s+'enabled', [^\n]*\)\);\n", "'The agent.'));\n"),
    ('another constraint', r'annotator text CONSTRAINT annotator_length CHECK \(length\(annotator\) BETWEEN 1 AND 200\)', 'annotator text CONSTRAINT annotator_length CHECK (length(annotator) BETWEEN 1 AND 100)'),
    ('another default', r"kind text NOT NULL DEFAULT 'internal'", "kind text NOT NULL DEFAULT 'server'"),
    ('another comment of a column', r"'Who judged\.'", "'A judge.'"),
    ('another index', r"ON analytics_store\.runs \(tenant_id, start_time, duration_us\)", 'ON analytics_store.runs (tenant_id, start_time)'),
    ('an index that is new', r"    RETURN QUERY SELECT analytics_internal\.ensure_index\('analytics_data', 'spans_model'[^\n]*\n", ''),
    ('another view', r"(r\.last_instant - r\.start_time < interval )'1 hour'", r"\1'2 hours'"),
    ('another trigger', r'output_tokens, cache_read_tokens, cache_creation_tokens, cost_usd, cost_source, price_id\n', 'output_tokens, cost_usd, cost_source, price_id\n'),
    ('another metric', r"\('training_tone', 'training_stats', 'tone',", "('training_tone', 'training_stats', 'tone * 20',"),
    ('a metric that is new', r"        \('annotators', 'training_stats', [^\n]*\n", ''),
    ('another rollup', r'("helpfulness": "avg\(helpfulness_score\)"),\n            "tone": "avg\(tone_score\)"\}\', \'\{agent\}\'', r"""\1}', '{agent}'"""),
    ('a rollup that is new, with its metrics', r"    RETURN QUERY SELECT analytics_internal\.ensure_rollup\('task_starts'.*?\);\n", ''),
    ('its metric', r"        \('tasks_started', 'task_starts', [^\n]*\n", ''),
    ('another policy', r"predicate CONSTANT text := 'tenant_id = \(SELECT analytics\.current_tenant\(\)\)'", "predicate CONSTANT text := 'tenant_id = analytics.current_tenant()'"),
]


def main():
    with open(sys.argv[1]) as file:
        text = file.read()
    for what, present, was in EDITS:
        text, n = re.subn(present, was, text, count=1, flags=re.S)
        if n != 1:
            sys.exit('older.py: the present script has no longer what "%s" changes: %s' % (what, present))
    print(text)


if __name__ == '__main__':
    main()
