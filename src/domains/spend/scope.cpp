#include "domains/spend/scope.hpp"

#include "domains/spend/numbers.hpp"
#include "pg/args.hpp"
#include "pg/arrays.hpp"
#include "pg/rows.hpp"

#include <algorithm>
#include <array>

namespace analytics::spend {
namespace {

std::vector<Spend> from_rollup(const pg::Spi &spi, const Scope &scope, const std::vector<int64> &edges) {
    const engine::Rollup &rollup = engine::find_rollup(spi, scope.agent   ? "llm_calls_by_agent"
                                                            : scope.model ? "llm_calls_by_model"
                                                                          : "llm_call_stats");
    engine::Query query{engine::current_tenant(), edges, {rollup.measure("spend"), rollup.measure("unpriced_calls")}};
    if (scope.agent) query.filters.push_back({"agent_id", {*scope.agent}});
    if (scope.model) query.filters.push_back({"model", {*scope.model}});
    engine::Answer const answer = engine::read(spi, rollup, query);
    std::vector<Spend> slots;
    for (int i = 0; i < answer.slots; ++i) {
        const engine::Cell &cost = answer.cell(answer.groups.front(), i, 0),
                           &unpriced = answer.cell(answer.groups.front(), i, 1);
        slots.push_back({cost.null ? zero() : cost.value, unpriced.null ? 0 : DatumGetInt64(unpriced.value)});
    }
    return slots;
}

std::vector<Spend> from_calls(const pg::Spi &spi, const Scope &scope, const std::vector<int64> &edges) {
    static pg::Statement calls(
        "SELECT width_bucket(c.created_at, $8), coalesce(sum(c.cost_usd), 0), count(*) FILTER (WHERE c.cost_usd IS "
        "NULL) "
        "FROM analytics_data.llm_calls c WHERE c.tenant_id = $1 AND c.created_at >= $2 AND c.created_at < $3 "
        "AND ($4 IS NULL OR c.agent_id = $4) AND ($5 IS NULL OR c.user_id = $5) AND ($6 IS NULL OR c.model = $6) "
        "AND ($7 IS NULL OR c.task_id = $7) GROUP BY 1",
        {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZARRAYOID},
        pg::PlanFor::by_index);
    std::vector<Datum> starts;
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) starts.push_back(TimestampTzGetDatum(edges[i]));
    std::array<Datum, 8> values{pg::to_text(engine::current_tenant()), TimestampTzGetDatum(edges.front()),
                                TimestampTzGetDatum(edges.back())};
    std::array<char, 9> nulls{"        "};
    std::array const names{&scope.agent, &scope.user, &scope.model, &scope.task};
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (*names[i]) values[3 + i] = pg::to_text(**names[i]);
        else nulls[3 + i] = 'n';
    }
    values[7] = pg::to_array(starts, TIMESTAMPTZOID);
    pg::Result const rows = calls.run(spi, values, nulls.data());
    std::vector<Spend> slots(edges.size() - 1, Spend{zero()});
    for (uint64 i = 0; i < rows.size(); ++i)
        slots[static_cast<std::size_t>(DatumGetInt32(*rows.get(i, 0))) - 1] = {*rows.get(i, 1),
                                                                               DatumGetInt64(*rows.get(i, 2))};
    return slots;
}

}  // namespace

std::vector<Spend> scope_spend(const pg::Spi &spi, const Scope &scope, const std::vector<int64> &edges) {
    bool const summarised = !scope.user && !scope.task && !(scope.agent && scope.model);
    return summarised ? from_rollup(spi, scope, edges) : from_calls(spi, scope, edges);
}

}  // namespace analytics::spend

// scope_spend(agent_id, user_id, model, task_id, from_time, to_time)
ANALYTICS_FUNCTION(analytics_scope_spend) {
    using namespace analytics;
    using namespace analytics::spend;
    pg::Args const args(fcinfo);
    Scope const scope{args.text(0, "agent_id"), args.text(1, "user_id"), args.text(2, "model"),
                      args.text(3, "task_id")};
    int64 const from = std::max(DatumGetTimestampTz(args.datum(4)), static_cast<TimestampTz>(MIN_TIMESTAMP));
    int64 const to = std::min(DatumGetTimestampTz(args.datum(5)), static_cast<TimestampTz>(END_TIMESTAMP));
    if (from >= to) return pg::make_row(fcinfo, Number(pg::NumericValue{zero()}), int64{0});
    pg::Spi const spi;
    Spend const spent = scope_spend(spi, scope, {from, to}).front();
    return pg::make_row(fcinfo, Number(pg::NumericValue{spent.cost}), spent.unpriced);
}
