#pragma once
// The argument `filters` of a function: {"dimension": "value" | ["a", "b"]}.
#include "engine/reader.hpp"
#include "pg/args.hpp"

namespace analytics::engine {

/// Filters by the rollup's dimensions, all of which must hold. NULL and {} are none. A value is a text, a number or a
/// boolean (compared as text); 1 to 100 of them a dimension, of at most 1000 bytes. Anything else: 22023.
std::vector<Filter> filters_argument(const pg::Args &, int i, const Rollup &);

/// group_by: NULL or one of the rollup's dimensions; anything else: 22023.
std::optional<std::string> group_by_argument(const pg::Args &, int i, const Rollup &);

}  // namespace analytics::engine
