#pragma once
// Which agents were at work when.
#include "core/sketch/distinct_set.hpp"
#include "engine/reader.hpp"

#include <set>

namespace analytics::spend {

/// The agents of a slot, as the rollups' sets keep them: by a hash of the name.
class AgentSet {
  public:
    void add(std::string_view agent);
    void add(const engine::Cell &cell);  // of a distinct measure, read with its set
    int64 size() { return static_cast<int64>(set_.cardinality()); }

  private:
    core::DistinctSet set_;
};

/// A stretch of work on a task, [from, to]; `from` may lie before all slots, `to` behind them.
struct Work {
    std::string agent;
    int64 from, to;
};

/// The tasks at work in [from, to) that need not show in the rollups of starts and ends: those that last `longest` or
/// more, and those that go on at `to`. Shorter ones begin or end in each bucket of that length that they touch.
std::vector<Work> work_across(const pg::Spi &, Datum tenant, int64 from, int64 to, int64 longest);

/// How many different agents were active in each slot: made a call, were at work on a task, or were observed active.
std::vector<int64> active_agents(const pg::Spi &, const std::string &tenant, const std::vector<int64> &edges,
                                 int64 shortest_slot);

/// Agents at an instant.
struct AgentCounts {
    int64 active, idle;
};
AgentCounts agents_at(const pg::Spi &, const std::string &tenant, int64 as_of);

}  // namespace analytics::spend
