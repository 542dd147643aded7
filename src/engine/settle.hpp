#pragma once
// Steps 1 and 2 of a refresh: raise the limit that writers read, and wait until nobody still goes by the old one.
#include "engine/rollup.hpp"

namespace analytics::engine {

struct Settled {
    int64 to;               // every running writer reads a limit at least this high
    std::string waits_for;  // who kept it from reaching the new limit, or empty
};

/// Raises note_below of a source to `limit` (never lowers it) and waits, at most agent_analytics.refresh_wait, for the
/// transactions that may have read the old value: those with an id below the next one to be given out after the raise.
/// (Not below a snapshot's xmax: that is the last completed id + 1, and a writer which got its id before the raise may
/// be at or above it.)
/// @param settled_to  what is known to be settled already
Settled settle(const Source &, int64 limit, int64 settled_to);

}  // namespace analytics::engine
