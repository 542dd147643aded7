#!/usr/bin/env bash
# Facts in, answers out: builds the extension, starts a throwaway server, loads facts, and prints what the functions
# answer. Called by `make demo`.
#   demo.sh               prints the answers and leaves nothing behind
#   demo.sh shell         stays in psql until you leave it, then the same
#   demo.sh stop FOLDER   stops a server that KEEP=1 has kept
# In the environment:
#   DATA=folder   real data sets (examples/load) instead of invented ones; the folder holds the sets, or real/ with them
#   KEEP=1        keeps the server running and tells how to reach and stop it
#   END=instant   the last moment of the invented facts; by default a fixed one, or now where the server is kept
. "$(dirname "$0")/common.sh"
mode=${1:-}

if [ "$mode" = stop ]; then
    folder=${2:-}
    [ -e "$folder/kept-demo" ] || fail "No demo is kept in '$folder'."
    "$top/scripts/cluster.sh" stop "$folder/demo"
    rm -rf "$folder"
    exit 0
fi
case $mode in '' | shell) ;; *) fail "usage: demo.sh [shell | stop FOLDER]" ;; esac

given=${DATA:-} data=
unset DATA  # in PGXS it is a list of files to install
if [ -n "$given" ]; then
    for folder in "$given/real" "$given"; do
        [ ! -e "$folder/retail_orders/orders.csv.gz" ] || { data=$(cd "$folder" && pwd); break; }
    done
    [ -n "$data" ] || fail "DATA=$given has no set retail_orders, neither directly nor in real/."
fi
keep=${KEEP:-}
[ "$mode" != shell ] || keep=
end=${END:-2025-06-20 15:40+00}
[ -n "${END:-}" ] || [ -z "$keep$mode" ] || end=now

need_packages
begin_run
own_tree
cd "$top"
say "Building for $("${PG_CONFIG:-pg_config}" --version) ..."
started=$SECONDS
build_module
say "Built in $((SECONDS - started)) s. Starting a throwaway server ..."
started=$SECONDS
start_cluster demo
export PGDATABASE=demo PGOPTIONS='-c client_min_messages=warning' PAGER=
psql -qX -d postgres -c 'CREATE DATABASE demo'
run() { psql -qX -v ON_ERROR_STOP=1 "$@"; }
run -o /dev/null -c 'CREATE EXTENSION agent_analytics' -c 'SELECT analytics.install()'

lines() { printf '%s\n' "$@"; }
# show FILE name=value ...
show() {
    local file=$1 settings=()
    shift
    for setting in "$@"; do settings+=(-v "$setting"); done
    run "${settings[@]}" -f "examples/demo/$file.sql"
}
load() {
    local set=$1
    shift
    run -v data="$data" "$@" -f "examples/load/$set.sql"
}
refresh() { run -c 'CALL analytics.run_maintenance()'; }
loaded() {
    say "Loaded in $((SECONDS - started)) s: $(run -tA -c "
        SELECT concat_ws(', ', (SELECT count(*) || ' orders' FROM analytics_data.orders),
                         (SELECT nullif(count(*), 0) || ' sessions' FROM analytics_data.shop_sessions),
                         (SELECT count(*) || ' LLM calls' FROM analytics_data.llm_calls),
                         (SELECT count(*) || ' tasks' FROM analytics_data.task_records),
                         (SELECT nullif(count(*), 0) || ' spans' FROM analytics_data.spans),
                         (SELECT nullif(count(*), 0) || ' drafts' FROM analytics_data.agent_approvals),
                         (SELECT nullif(count(*), 0) || ' training examples' FROM analytics_data.training_examples),
                         (SELECT nullif(count(*), 0) || ' states of agents' FROM analytics_data.agent_status_log))")."
    started=$SECONDS
    refresh
    run -c 'VACUUM ANALYZE'
    lines "Summarised in $((SECONDS - started)) s." ""
}

if [ -n "$data" ]; then
    load model_prices -v tenant=azure_llm_2023
    load retail_orders
    load aider_analytics
    load azure_llm_2023 -v price_as=gpt-3.5-turbo-1106
    load mooncake_conversation
    load model_prices -v tenant=claude_code_sessions
    load claude_code_sessions
    load tau_bench_airline
    load copilot_study
    load human_feedback_2023
    load dices_safety
    load bfcl_2024_08
    run -o /dev/null -c "SET agent_analytics.tenant = 'aider_analytics'" -c "SELECT analytics.set_budget('default', 60, 'month')"
    loaded
    retail='2011-05-10 16:20:00+01' aider='2025-03-21 19:12:30+00' azure='2023-11-16 18:55:00+00' mooncake='2025-02-25 12:40:00+00'
    show shop tenant=retail_orders as_of="$retail"
    show series tenant=retail_orders as_of='2011-08-31 18:00+01' metric=revenue bucket=1w period=10w compare_to=previous_period
    show anomalies tenant=retail_orders as_of='2011-05-10 16:20:00+01' method=threshold
    lines "The plain rule knows no season: a shop that is closed at night alarms every morning." ""
    show anomalies tenant=retail_orders as_of='2011-05-10 16:20:00+01'
    show agents tenant=aider_analytics as_of="$aider"
    show costs tenant=aider_analytics as_of="$aider"
    show budget tenant=aider_analytics as_of="$aider"
    show costs tenant=azure_llm_2023 as_of="$azure"
    lines "These costs are estimated at the price of an assumed model (cost_source in analytics_data.llm_calls)." ""
    show series tenant=azure_llm_2023 as_of="$azure" metric=tokens bucket=15m period=45m compare_to=previous_period
    show costs tenant=mooncake_conversation as_of="$mooncake"
    lines "These calls have no price. No sum pretends that they cost nothing: they are counted as unpriced." ""
    show runs tenant=claude_code_sessions as_of='2026-02-13 00:00+00'
    show approvals tenant=copilot_study as_of='2022-08-17 20:15+00'
    show training tenant=human_feedback_2023 as_of='2023-07-18 00:00+00'
    lines "How far the rollups are summarised"
    show status
    try="SET agent_analytics.tenant = 'retail_orders'; SELECT * FROM analytics.get_hourly_trends(48, as_of => '$retail');"
else
    try="SELECT * FROM analytics.get_hourly_trends(48, as_of => '$end');"
    if [ "$end" = now ]; then
        try="SELECT * FROM analytics.get_hourly_trends(48);"
        end=$(run -tA -c "SELECT date_trunc('minute', now())")
    fi
    run -v end_at="$end" -f examples/demo/generate.sql
    run -o /dev/null -c "SELECT analytics.set_budget('default', 400, 'month')"
    loaded
    show shop tenant=default as_of="$end"
    show series tenant=default as_of="$end" metric=orders
    show anomalies tenant=default as_of="$end"
    show agents tenant=default as_of="$end"
    show costs tenant=default as_of="$end"
    show budget tenant=default as_of="$end"
    show runs tenant=default as_of="$end"
    show approvals tenant=default as_of="$end"
    show series tenant=default as_of="$end" metric=success_rate compare_to=previous_day
    lines "Late rows come: 300 orders of the last two days, refunds, deletions. Nothing is refreshed, and yet the hour has them:"
    hour="SELECT format('%s: %s orders, revenue %s', to_char(hour_start, 'Dy HH24:MI'), total_orders, total_revenue)
          FROM analytics.get_hourly_trends(3, as_of => '$end') ORDER BY hour_start LIMIT 1"
    lines "  before  $(run -tA -c "$hour")"
    run -v end_at="$end" -f examples/demo/late.sql
    lines "  after   $(run -tA -c "$hour")" "" "What waits for the next refresh (dirty buckets)"
    show status
    refresh
    lines "CALL analytics.run_maintenance() has read just these buckets again; $(run -tA -c \
        "SELECT sum(dirty_buckets) FROM analytics.get_rollup_status()") are dirty now." ""
fi

lines "Read on: README.md, docs/architecture.md."
if [ "$mode" = shell ]; then
    lines "psql, in the same server; \\q ends it and removes everything. Try:" "  $try" ""
    psql -X || true
elif [ -n "$keep" ]; then
    chmod 700 "$PGHOST"
    touch "$AA_RUN/kept-demo"
    trap - EXIT HUP INT TERM
    lines "The server goes on. Ask it:" "  psql -h $PGHOST -p $PGPORT -U postgres demo" "  $try" \
        "Stop it and remove everything:" "  scripts/demo.sh stop $AA_RUN"
else
    lines "To ask more yourself: make demo-shell, or make demo KEEP=1${data:+ (each with DATA=$given)}. Try there:" "  $try"
fi
