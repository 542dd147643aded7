#pragma once
// The length of the season of a series, found from its values.
#include <cstddef>
#include <initializer_list>
#include <span>

namespace analytics::core {

/// The season among the candidates with the clearest pattern, or 1 when none has a clear one.
///
/// For each candidate m with n >= 2 m the local mean over m values is taken out; the pattern's strength is the share of
/// the remaining variance that lies between the phases (adjusted R squared, at least 0.1), its significance the F test
/// of the one-way analysis of variance at 0.1 %. Of patterns about equally strong the shortest
/// counts: hours of a day show up at 48 and 168 too. A random walk has no season.
/// @param y           finite values, oldest first; the last 2000 count
/// @param candidates  points per season, each at least 2
/// O(n) for each candidate.
std::size_t find_season(std::span<const double> y, std::initializer_list<std::size_t> candidates = {7, 12, 24, 48, 96});

}  // namespace analytics::core
