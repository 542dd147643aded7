#include "domains/approvals/agents.hpp"

#include "engine/periods.hpp"
#include "pg/rows.hpp"
#include "pg/settings.hpp"

#include <algorithm>
#include <map>

namespace analytics::approvals {
namespace {

enum Measure : int { queries, approved, edited, slow, latency, latency_mean, latency_max, measure_count };
constexpr std::array<const char *, measure_count> names{"queries", "approved",     "edited",     "slow",
                                                        "latency", "latency_mean", "latency_max"};
constexpr int stored_slow_limit = 1000;  // of the measure `slow`

/// Slow queries by agent for a limit that is not the rollup's: from the queries themselves.
std::map<std::string, int64> slow_queries(const pg::Spi &spi, const std::string &tenant, int64 from, int64 to,
                                          double limit) {
    static pg::Statement statement(
        "SELECT q.agent, count(*) FROM analytics_data.agent_queries q WHERE q.tenant_id = $1 AND q.created_at >= $2 "
        "AND q.created_at < $3 AND q.latency_ms > $4 GROUP BY 1",
        {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, FLOAT8OID}, pg::PlanFor::by_index);
    std::array const values{pg::to_text(tenant), TimestampTzGetDatum(from), TimestampTzGetDatum(to),
                            Float8GetDatum(limit)};
    pg::Result const rows = statement.run(spi, values);
    std::map<std::string, int64> counts;
    for (uint64 i = 0; i < rows.size(); ++i) counts[pg::to_string(*rows.get(i, 0))] = DatumGetInt64(*rows.get(i, 1));
    return counts;
}

std::optional<std::string> rating(const std::optional<double> &p95) {
    if (!p95) return std::nullopt;
    return *p95 <= pg::rating_excellent_ms ? "excellent"
           : *p95 <= pg::rating_good_ms    ? "good"
           : *p95 <= pg::rating_fair_ms    ? "fair"
                                           : "poor";
}

}  // namespace

std::optional<double> Queries::mean_latency() const {
    return timed > 0 ? milliseconds(latency_sum / static_cast<double>(timed)) : std::nullopt;
}

std::optional<double> milliseconds(const std::optional<double> &value) {
    return value ? std::optional(std::round(*value * 1000) / 1000) : std::nullopt;
}

std::vector<AgentQueries> read_queries(const pg::Spi &spi, const std::string &tenant, const std::vector<int64> &edges,
                                       const std::optional<std::string> &agent, bool by_agent) {
    const engine::Rollup &rollup = engine::find_rollup(spi, "agent_query_stats");
    engine::Query query{tenant, edges, {}};
    for (const char *name : names) query.measures.push_back(rollup.measure(name));
    if (agent) query.filters.push_back({"agent", {*agent}});
    if (by_agent) query.group_by = "agent";
    engine::Answer const answer = engine::read(spi, rollup, query);
    std::vector<AgentQueries> agents;
    for (const engine::Group &group : answer.groups) {
        AgentQueries &of_agent = agents.emplace_back(AgentQueries{group.key.value_or(std::string()), {}});
        for (int slot = 0; slot < answer.slots; ++slot) {
            auto const cell = [&](int m) -> const engine::Cell & { return answer.cell(group, slot, m); };
            auto const count = [&](int m) { return cell(m).null ? 0 : DatumGetInt64(cell(m).value); };
            Queries q;
            q.count = count(queries), q.approved = count(approved), q.edited = count(edited), q.slow = count(slow);
            q.timed = cell(latency_mean).count;
            if (q.timed > 0) q.latency_sum = DatumGetFloat8(cell(latency_mean).value);
            q.latency_p95 = milliseconds(engine::quantile(cell(latency), 0.95));
            if (!cell(latency_max).null) q.latency_max = milliseconds(DatumGetFloat8(cell(latency_max).value));
            of_agent.slots.push_back(q);
        }
    }
    return agents;
}

}  // namespace analytics::approvals

using namespace analytics;
using namespace analytics::approvals;

/// get_agent_performance(period, agent, as_of)
ANALYTICS_FUNCTION(analytics_get_agent_performance) {
    pg::Args const args(fcinfo);
    std::string const period = args.one_of(0, "period", {"1h", "24h", "7d", "30d"}, "1h");
    std::optional<std::string> const agent = args.text(1, "agent");
    int64 const as_of = engine::as_of_argument(args, 2), to = as_of + 1;
    int64 const from = to - std::stoll(period) * (period.back() == 'h' ? engine::hour : engine::day);
    std::string const tenant = engine::current_tenant();
    pg::RowSink<std::string, int64, std::optional<double>, std::optional<double>, int64, std::optional<std::string>>
        rows(fcinfo);
    pg::Spi const spi;
    std::vector<AgentQueries> agents = read_queries(spi, tenant, {from, to}, agent, true);
    if (pg::slow_query_ms != stored_slow_limit) {
        std::map<std::string, int64> const counts = slow_queries(spi, tenant, from, to, pg::slow_query_ms);
        for (AgentQueries &a : agents) {
            auto const found = counts.find(a.agent);
            a.slots.front().slow = found != counts.end() ? found->second : 0;
        }
    }
    std::erase_if(agents, [](const AgentQueries &a) { return a.slots.front().count == 0; });
    std::stable_sort(agents.begin(), agents.end(), [](const AgentQueries &a, const AgentQueries &b) {
        return a.slots.front().count > b.slots.front().count;
    });
    for (const AgentQueries &a : agents) {
        const Queries &q = a.slots.front();
        rows.put(a.agent, q.count, q.mean_latency(), q.latency_p95, q.slow, rating(q.latency_p95));
    }
    return 0;
}
