#!/usr/bin/env bash
# test/recovery/*.sh: crash, dump and restore, drop and create again. Each makes its own clusters below AA_RUN, by
# PG_CONFIG, and exits with 0 when all is well. Arguments are names of files; without any all run.
. "$(dirname "$0")/../scripts/common.sh"
begin_run
own_tree
build_module
cd "$top"
[ $# != 0 ] || set -- test/recovery/*.sh
failed=0
for file in "$@"; do
    if bash "$file"; then say "$file: ok"; else say "$file: FAILED"; failed=$((failed + 1)); fi
done
stage_result recovery $(($# - failed)) "$failed"
