#!/usr/bin/python3
"""Writes the script of ALTER EXTENSION agent_analytics UPDATE from one version to the next, of their install scripts:

    scripts/update_script.py agent_analytics--0.1.0.sql agent_analytics--0.2.0.sql > agent_analytics--0.1.0--0.2.0.sql

All functions and aggregates are replaced, comments and rights said again. Functions that are gone, or whose arguments or result
changed, are dropped first, together with views, policies, triggers and defaults of ours that need them, which install() brings back;
where something else needs them the update fails and names it. New types, casts and domains are made; composite types that read
otherwise are dropped and made again. What remains stands in an error: a base type, cast or domain that was changed or taken away is for
a person to migrate. What install() makes (tables, indexes, ...) is install()'s, called after the update.
"""
import re
import sys

TAG = re.compile(r'\$\w*\$')
BLANK = re.compile(r'^(\s+|--[^\n]*\n)*')


def statements(text):
    """The statements of a script, without the comments before them."""
    made, start, i = [], 0, 0
    while i < len(text):
        tag = TAG.match(text, i) if text[i] == '$' else None
        if text.startswith('--', i) or text.startswith('\\echo', i):
            i = text.find('\n', i) + 1 or len(text)
            if not text[start:i].lstrip().startswith(('--', '\\')):
                continue
            if text[start:i].lstrip().startswith('\\'):
                start = i
        elif tag:
            i = text.index(tag.group(), tag.end()) + len(tag.group())
        elif text[i] in '\'"':
            i = text.index(text[i], i + 1) + 1  # a doubled quote is the end of one string and the start of another
        elif text[i] == ';':
            made.append(text[start:i + 1])
            i += 1
            start = i
        else:
            i += 1
    return [BLANK.sub('', s, count=1) for s in made]


def words(statement):
    return ' '.join(statement.split())


class Script:
    def __init__(self, path):
        with open(path) as file:
            self.statements = [s for s in statements(file.read()) if 'pg_temp.refuse_foreign_schema' not in s.split('$$')[0]]
        self.headers, self.others = {}, {}
        pending = {}
        for s in self.statements:
            made = re.match(r'CREATE (?:OR REPLACE )?(FUNCTION|PROCEDURE|AGGREGATE) ([\w.]+)', s)
            told = re.match(r'COMMENT ON (FUNCTION|PROCEDURE|AGGREGATE) (.*?) IS\s', s, re.S)
            other = re.match(r'CREATE (TYPE|CAST|DOMAIN|SCHEMA|OPERATOR|OPERATOR CLASS|EVENT TRIGGER) (\(.*?\)|[\w.*"/]+)', s)
            if made:
                # Arguments and result: all up to the language. Of an aggregate, all there is.
                header = s if made.group(1) == 'AGGREGATE' else re.split(r'\bLANGUAGE\b', s)[0]
                pending.setdefault((made.group(1), made.group(2)), []).append(words(header))
            elif told:
                # Each function is commented, in the order they are made: the comment names its types.
                kind, name = told.group(1), words(told.group(2))
                key = (kind, name.split('(')[0])
                if pending.get(key):
                    self.headers[kind, name] = pending[key].pop(0)
            elif other:
                self.others.setdefault((other.group(1), other.group(2)), []).append(words(s))
        uncommented = [name for key, left in pending.items() for name in [key[1]] * len(left)]
        if uncommented:
            sys.exit('%s: no comment tells the types of %s' % (path, ', '.join(uncommented)))


DROP = '''DO $update$
DECLARE
    gone record;
BEGIN
    FOR gone IN SELECT * FROM (VALUES
        %s) v(kind, name) LOOP
        -- What needs it, and what needs that: views, and triggers, policies, defaults and constraints of tables.
        EXECUTE pg_catalog.format('DROP %%s IF EXISTS %%s%%s', gone.kind, gone.name, CASE WHEN NOT EXISTS (
            WITH RECURSIVE needs AS (
                SELECT 'pg_catalog.pg_proc'::regclass AS class, p.oid FROM pg_catalog.pg_proc p WHERE gone.kind <> 'TYPE' AND p.oid = pg_catalog.to_regprocedure(gone.name)
                UNION SELECT 'pg_catalog.pg_type'::regclass, t.oid FROM pg_catalog.pg_type t WHERE gone.kind = 'TYPE' AND t.oid = pg_catalog.to_regtype(gone.name)
                UNION SELECT CASE WHEN d.classid = 'pg_catalog.pg_rewrite'::regclass THEN 'pg_catalog.pg_class'::regclass ELSE d.classid::regclass END,
                             CASE WHEN d.classid = 'pg_catalog.pg_rewrite'::regclass THEN (SELECT w.ev_class FROM pg_catalog.pg_rewrite w WHERE w.oid = d.objid) ELSE d.objid END
                FROM needs n JOIN pg_catalog.pg_depend d ON d.refclassid = n.class AND d.refobjid = n.oid AND d.deptype IN ('n', 'a', 'i'))
            SELECT FROM needs n, LATERAL (SELECT CASE n.class
                WHEN 'pg_catalog.pg_class'::regclass THEN n.oid
                WHEN 'pg_catalog.pg_trigger'::regclass THEN (SELECT t.tgrelid FROM pg_catalog.pg_trigger t WHERE t.oid = n.oid)
                WHEN 'pg_catalog.pg_policy'::regclass THEN (SELECT p.polrelid FROM pg_catalog.pg_policy p WHERE p.oid = n.oid)
                WHEN 'pg_catalog.pg_attrdef'::regclass THEN (SELECT a.adrelid FROM pg_catalog.pg_attrdef a WHERE a.oid = n.oid)
                WHEN 'pg_catalog.pg_constraint'::regclass THEN (SELECT c.conrelid FROM pg_catalog.pg_constraint c WHERE c.oid = n.oid) END AS relation) r
            JOIN pg_catalog.pg_class c ON c.oid = r.relation
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relnamespace::regnamespace::text OPERATOR(pg_catalog.=) ANY ('{analytics,analytics_data,analytics_store}'::text[])
               OR n.class = 'pg_catalog.pg_class'::regclass AND c.relkind NOT IN ('v', 'i', 'I', 'c'))
            THEN ' CASCADE' ELSE '' END);
    END LOOP;
END $update$;'''


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    old, new = Script(sys.argv[1]), Script(sys.argv[2])
    by_hand, drops = [], []
    changed_types = [n for (k, n), text in old.others.items() if k == 'TYPE' and new.others.get((k, n)) != text]
    for key, text in old.others.items():
        kind, name = key
        composite = kind == 'TYPE' and ' AS (' in text[0]
        if new.others.get(key) != text and not composite:
            by_hand.append('%s %s' % key)
    for (kind, name), header in old.headers.items():
        uses = [t for t in changed_types if t in header]
        if new.headers.get((kind, name)) != header or uses:
            drops.append((kind, name))
    drops += [('TYPE', name) for name in changed_types]
    if by_hand:
        sys.exit('To be migrated by hand: ' + ', '.join(by_hand))

    print('\\echo Use "ALTER EXTENSION agent_analytics UPDATE" to load this file, and call analytics.install() after it. \\quit')
    if drops:
        print('\n' + DROP % ',\n        '.join("('%s', '%s')" % (kind, name.replace("'", "''")) for kind, name in drops))
    known = {text for texts in old.others.values() for text in texts}
    for s in new.statements:
        if re.match(r'CREATE (TYPE|CAST|DOMAIN|SCHEMA|OPERATOR)', s) and words(s) in known:
            continue
        print('\n' + re.sub(r'^CREATE (FUNCTION|PROCEDURE|AGGREGATE)', r'CREATE OR REPLACE \1', s))


if __name__ == '__main__':
    main()
