#pragma once
// Whether a series repeats, and after how many points.
#include <cstddef>
#include <span>

namespace analytics::core {

/// The season of months, which is looked for in short series only.
inline constexpr std::size_t year_of_months = 12;

/// The season among 24, 48, 96, 144 and 288 (days of hours to five minutes), 7 (weeks of days) and 12 (years of months)
/// after which x resembles itself more than half and three quarters of a season later: the largest gain in
/// autocorrelation, which must be clear of noise. x is clipped at its 2 % and 98 % quantiles first. No series of months
/// has more than 500 points: what repeats after 12 in a longer one is a pattern within its day, and no season.
/// @param x  finite, at least three times the season for it to be found
/// @returns  0 when nothing repeats. O(n) for each season
std::size_t find_season(std::span<const double> x);

}  // namespace analytics::core
