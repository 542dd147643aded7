#pragma once
// What the functions on any data have in common: a series and its season as arguments.
#include "pg/args.hpp"

#include <span>
#include <vector>

namespace analytics::statistics {

/// double precision[] as numbers, NaN where it holds NULL: a missing observation. 22023 unless it is an array of one
/// dimension with at least one number in it, 22003 for NaN and infinity.
std::vector<double> series_argument(const pg::Args &, int i);
/// Likewise without missing numbers, for what is no series (levels, say); NULL means `otherwise`.
std::vector<double> numbers_argument(const pg::Args &, int i, std::string_view name, std::vector<double> otherwise);
/// 0 where it is NULL: to be found from the data. 1: no season.
int season_argument(const pg::Args &, int i);

Datum to_array(std::span<const double>);

}  // namespace analytics::statistics
