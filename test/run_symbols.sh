#!/usr/bin/env bash
# The module exports its entry points and nothing else, and each C function has its SQL function.
. "$(dirname "$0")/../scripts/common.sh"
begin_run
own_tree
build_module
cd "$top"
module=$("$PG_CONFIG" --pkglibdir)/agent_analytics.so
script=$("$PG_CONFIG" --sharedir)/extension/agent_analytics--$(sed -n "s/^default_version = '\(.*\)'/\1/p" agent_analytics.control).sql
failed=0

exported=$(nm -D --defined-only "$module" | awk '{print $3}' | sort)
foreign=$(grep -vE '^(Pg_magic_func|_PG_init|(pg_finfo_)?analytics_[a-z0-9_]+)$' <<<"$exported" || true)
if [ -n "$foreign" ]; then say "Exported, but no entry point:" "$foreign"; failed=$((failed + 1)); fi

unused=$(comm -23 <(sed -n 's/^pg_finfo_//p' <<<"$exported" | sort) \
    <(grep -oE "'MODULE_PATHNAME', *'analytics_[a-z0-9_]+'" "$script" | grep -oE 'analytics_[a-z0-9_]+' | sort -u))
if [ -n "$unused" ]; then say "C functions that no SQL function calls:" "$unused"; failed=$((failed + 1)); fi
stage_result symbols $((2 - failed)) "$failed"
