#pragma once
// The length of the season of a series, found from its values.
#include <cstddef>
#include <initializer_list>
#include <span>

namespace analytics::core {

/// The season among the candidates with the clearest pattern, or 1 when none has a clear one.
///
/// For each candidate m with n >= 2 m the local mean over m values is taken out; the pattern's strength is the share of
/// the remaining variance that lies between the phases (adjusted R squared, at least 0.05), its significance the F test
/// of the one-way analysis of variance at 2 %: forecasts shrink a season that is not there, but cannot make up one that
/// was not found. A multiple of a season shows its pattern too, and must leave less unexplained. Random walks have
/// none.
/// @param y           finite values, oldest first; the last 2000 count
/// @param candidates  points per season, each at least 2
/// O(n) for each candidate.
std::size_t find_season(std::span<const double> y, std::initializer_list<std::size_t> candidates = {7, 12, 24, 48, 96});

}  // namespace analytics::core
