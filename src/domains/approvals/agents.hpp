#pragma once
// What agents were asked, from the rollup agent_query_stats.
#include "domains/approvals/drafts.hpp"

namespace analytics::approvals {

struct Queries {
    int64 count = 0, approved = 0, edited = 0, slow = 0, timed = 0;  // timed: those whose latency is known
    double latency_sum = 0;
    std::optional<double> latency_p95, latency_max;

    std::optional<double> mean_latency() const;
};

/// By agent, one entry a slot [edges[i], edges[i + 1]).
struct AgentQueries {
    std::string agent;
    std::vector<Queries> slots;
};

/// `agent`: that one only. With `by_agent` false: all together, under an empty name.
std::vector<AgentQueries> read_queries(const pg::Spi &, const std::string &tenant, const std::vector<int64> &edges,
                                       const std::optional<std::string> &agent, bool by_agent);

/// Milliseconds with three decimals.
std::optional<double> milliseconds(const std::optional<double> &);

}  // namespace analytics::approvals
