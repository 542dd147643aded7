#pragma once
// What the same weeks of last year say about the weeks to come.
#include <span>
#include <vector>

namespace analytics::core {

/// Changes of the level over the next `horizon` steps, from the values one year (`year` steps) ago: the difference
/// between the median of 15 values about the same date last year and that of the 14 about today's date last year.
///
/// They are believed by 0.6, less as the level of the last 14 values differs from that of a year ago, as a share of the
/// range of levels within the year: a series that moved for good tells little by its last year. With several years in
/// the history the medians run over all of them. All zero when the history is shorter than a year.
/// @param x  values without their weekly season, finite, oldest first
/// O(n + horizon * years).
std::vector<double> year_hint(std::span<const double> x, std::size_t horizon, std::size_t year);

}  // namespace analytics::core
