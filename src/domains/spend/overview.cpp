// get_analytics_overview
#include "core/series/buckets.hpp"
#include "domains/spend/agents.hpp"
#include "domains/spend/numbers.hpp"
#include "engine/periods.hpp"
#include "pg/arrays.hpp"
#include "pg/rows.hpp"

#include <array>

namespace analytics::spend {
namespace {

constexpr int64 first_instant = MIN_TIMESTAMP;
constexpr std::size_t trend_days = 7;

struct Spending {
    Datum total;
    std::vector<Datum> days;
    int64 unpriced = 0;
};

/// All time and the last days in one read: the slot before them, and one a day.
Spending spending_until(const pg::Spi &spi, const std::string &tenant, int64 as_of) {
    const engine::Rollup &rollup = engine::find_rollup(spi, "llm_call_stats");
    int const spend = rollup.measure("spend"), unpriced = rollup.measure("unpriced_calls");
    int64 const today = core::floor_div(as_of, engine::day) * engine::day;
    std::vector<int64> edges{first_instant};
    for (int64 d = trend_days - 1; d >= 0; --d) edges.push_back(today - d * engine::day);
    edges.push_back(as_of + 1);
    engine::Answer const answer = engine::read(spi, rollup, {tenant, edges, {spend, unpriced}});
    Spending cost{zero(), {}};
    for (int slot = 0; slot < answer.slots; ++slot) {
        Datum const spent = engine::as_numeric(rollup.measures[static_cast<std::size_t>(spend)],
                                               answer.cell(answer.groups.front(), slot, 0));
        cost.total = sum(cost.total, spent);
        cost.unpriced += engine::as_int64(rollup.measures[static_cast<std::size_t>(unpriced)],
                                          answer.cell(answer.groups.front(), slot, 1));
        if (slot > 0) cost.days.push_back(spent);
    }
    return cost;
}

struct Tasks {
    int64 total, completed, failed;
};

Tasks tasks_until(const pg::Spi &spi, const std::string &tenant, int64 as_of) {
    static pg::Statement waiting("SELECT count(*) FROM analytics_data.task_records t "
                                 "WHERE t.tenant_id = $1 AND t.completed_at IS NULL AND t.started_at IS NULL",
                                 {TEXTOID}, pg::PlanFor::by_index);
    auto const counts = [&](const char *name, std::initializer_list<const char *> measures) {
        const engine::Rollup &rollup = engine::find_rollup(spi, name);
        engine::Query query{tenant, {first_instant, as_of + 1}, {}};
        for (const char *m : measures) query.measures.push_back(rollup.measure(m));
        engine::Answer const answer = engine::read(spi, rollup, query);
        std::vector<int64> values;
        for (const engine::Cell &cell : answer.groups.front().cells)
            values.push_back(cell.null ? 0 : DatumGetInt64(cell.value));
        return values;
    };
    std::vector<int64> const ended = counts("task_stats", {"tasks", "completed", "failed", "with_start"});
    std::vector<int64> const begun = counts("task_starts", {"started"});
    int64 const not_begun = DatumGetInt64(*waiting.run(spi, std::array{pg::to_text(tenant)}).get(0, 0));
    // a task that has begun and not ended by then is at work
    return {ended[0] + (begun[0] - ended[3]) + not_begun, ended[1], ended[2]};
}

struct BudgetUse {
    Number remaining, used_percent;
};

/// Of the budget that is meant where none is named; nothing where that is not clear.
BudgetUse budget_use(const pg::Spi &spi, const std::string &tenant, int64 as_of) {
    static pg::Statement candidates("SELECT b.budget_id FROM analytics_data.budgets b WHERE b.tenant_id = $1 "
                                    "ORDER BY b.budget_id <> 'default', b.budget_id LIMIT 2",
                                    {TEXTOID}, pg::PlanFor::by_index);
    static pg::Statement status(
        "SELECT s.remaining_usd, s.used_percent FROM analytics_internal.budget_status($1, $2) s",
        {TEXTOID, TIMESTAMPTZOID}, pg::PlanFor::by_index);
    pg::Result const ids = candidates.run(spi, std::array{pg::to_text(tenant)});
    if (ids.empty() || (ids.size() == 2 && pg::to_string(*ids.get(0, 0)) != "default")) return {};
    pg::Result const row = status.run(spi, std::array{*ids.get(0, 0), TimestampTzGetDatum(as_of)});
    auto const number = [&](int column) {
        auto const value = row.get(0, column);
        return value ? Number(pg::NumericValue{*value}) : Number();
    };
    return {number(0), number(1)};
}

}  // namespace
}  // namespace analytics::spend

ANALYTICS_FUNCTION(analytics_get_analytics_overview) {
    using namespace analytics;
    using namespace analytics::spend;
    pg::Args const args(fcinfo);
    int64 const as_of = engine::as_of_argument(args, 0);
    std::string const tenant = engine::current_tenant();
    pg::Spi const spi;
    Spending cost = spending_until(spi, tenant, as_of);
    Tasks const tasks = tasks_until(spi, tenant, as_of);
    AgentCounts const agents = agents_at(spi, tenant, as_of);
    BudgetUse const budget = budget_use(spi, tenant, as_of);
    return pg::make_row(fcinfo, tasks.total, tasks.completed, rate(tasks.completed, tasks.completed + tasks.failed, 4),
                        pg::NumericValue{cost.total}, budget.remaining, budget.used_percent,
                        pg::Raw<NUMERICARRAYOID>{pg::to_array(cost.days, NUMERICOID)}, agents.active, agents.idle,
                        cost.unpriced);
}
