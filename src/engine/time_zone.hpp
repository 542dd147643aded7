#pragma once
// Time zones by name, from PostgreSQL's own tz database.
#include "core/series/zone.hpp"

#include <string_view>

namespace analytics::engine {

/// The offsets of the zone `name` (an IANA name) wherever [from, to] may touch, with 40 days to spare on both sides.
/// Unknown name: 22023.
core::Zone time_zone(std::string_view name, core::Instant from, core::Instant to);
/// Whether time_zone() knows it.
bool is_time_zone(std::string_view name);

}  // namespace analytics::engine
