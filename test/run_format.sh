#!/usr/bin/env bash
# All C++ files are as clang-format leaves them. `run_format.sh apply` formats them.
. "$(dirname "$0")/../scripts/common.sh"
cd "$top"
mapfile -t files < <(find src test -name '*.cpp' -o -name '*.hpp' | sort)
format=$(command -v clang-format-14 || command -v clang-format)
if [ "${1:-}" = apply ]; then exec "$format" -i "${files[@]}"; fi
# Each version formats a little differently; the one that counts is Debian 12's.
if ! "$format" --version | grep -q ' 14\.'; then
    say "Not checked: this is $("$format" --version), the project's format is that of clang-format 14."
    files=()
fi
failed=0
for file in "${files[@]}"; do
    if ! difference=$(diff -u --label "$file" --label "$file (make format)" "$file" <("$format" "$file")); then
        say "$difference"
        failed=$((failed + 1))
    fi
done
stage_result format $((${#files[@]} - failed)) "$failed"
