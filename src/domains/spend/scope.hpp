#pragma once
// What the calls of a budget's scope cost.
#include "engine/reader.hpp"

namespace analytics::spend {

/// Of whom calls count; nothing means anybody's.
struct Scope {
    std::optional<std::string> agent, user, model, task;
};

struct Spend {
    Datum cost;  // numeric
    int64 unpriced = 0;
};

/// The current tenant's spend in each slot [edges[i], edges[i + 1]): from a rollup, or from the calls where the scope
/// names a user, a task, or both agent and model.
std::vector<Spend> scope_spend(const pg::Spi &, const Scope &, const std::vector<int64> &edges);

}  // namespace analytics::spend
