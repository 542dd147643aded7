#pragma once
// Customers who both ordered and had a session in an hour. With their number the active customers of the hour are
// those who ordered + those who had a session - those who did both, without a look at the sets.
//
// analytics_store.customer_overlaps has it for each hour that both rollups have summarised, written by the refresh of
// either. Two refreshes, one of each rollup, take turns here: who comes second sees what the first has committed.
#include "engine/live.hpp"
#include "engine/refresh.hpp"

#include <map>

namespace analytics::commerce {

/// By the start of the hour, those in [from, to) that have any. What they say holds only where the hour is clean in
/// both rollups.
std::map<int64, int64> read_overlaps(const pg::Spi &, const std::string &tenant, int64 from, int64 to);

}  // namespace analytics::commerce
