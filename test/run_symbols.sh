#!/usr/bin/env bash
# The module exports its entry points and nothing else, each C function has its SQL function, and the binary is hardened.
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
# Whatever the server was built with (the Makefile; CMake's build has its own flags): relocations are read-only
# before the first call, the stack is not executable and guarded, no text is relocated, libraries are found where the system has them.
soft=
dynamic=$(readelf -dW "$module") segments=$(readelf -lW "$module") called=$(nm -D --undefined-only "$module")
grep -q 'GNU_RELRO' <<<"$segments" || soft+=" RELRO"
grep -qE 'BIND_NOW|Flags:.*NOW' <<<"$dynamic" || soft+=" BIND_NOW"
grep -E 'GNU_STACK' <<<"$segments" | grep -q 'RW ' || soft+=" executable-stack"
! grep -E '^ +LOAD ' <<<"$segments" | grep -q 'RWE' || soft+=" writable-code"
grep -q '__stack_chk_fail' <<<"$called" || soft+=" stack-protector"
grep -qE '__[a-z]+_chk(@|$)' <<<"$called" || soft+=" fortify"
! grep -qE 'TEXTREL|RPATH|RUNPATH' <<<"$dynamic" || soft+=" TEXTREL-or-RPATH"
if [ -n "$soft" ]; then say "The module lacks:$soft"; failed=$((failed + 1)); fi
stage_result symbols $((3 - failed)) "$failed"
