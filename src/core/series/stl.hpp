#pragma once
// A series as season + trend + remainder, by loess: STL.
//
// Cleveland, Cleveland, McRae & Terpenning (1990), Journal of Official Statistics 6(1), after their program (netlib
// a/stl). Checked against R 4.2.2's stl (test/golden/stl.json, 1e-8) and statsmodels (statsmodels.json).
#include "core/statistics/stop.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace analytics::core {

/// The sum of the two middle values of x (of the middle one with itself), x being used up.
using MiddleSum = double (*)(std::span<double> x);

/// Windows are odd numbers of points (even ones count one more, below 3 count 3).
struct StlOptions {
    int season_window = 0;    // seasons that a season's figure is fitted to; 0: all, the season does not change
    int trend_window = 0;     // 0: the next odd number from 1.5 seasons / (1 - 1.5 / season_window)
    int low_pass_window = 0;  // 0: the next odd number from the season
    int season_degree = 0, trend_degree = 1, low_pass_degree = 1;
    int season_jump = 0, trend_jump = 0, low_pass_jump = 0;  // 0: a tenth of the window
    int rounds = 0;                                          // of the inner loop; 0: 2, or 1 if robust
    bool robust = false;                                     // weighs points far from the curves down, in 15 rounds

    MiddleSum middle_sum = nullptr;  // null finds it rightly; other programs do not: see stl()
};

/// What a decomposition finds, in the units of the series: y = season + trend + remainder.
struct StlParts {
    std::vector<double> season, trend, remainder, weights;  // robustness weights in [0, 1]; all 1 unless robust
};

/// @param y       values at equal steps, finite, oldest first; more than two seasons
/// @param season  points per season, at least 2
/// @throws        std::invalid_argument
/// The robustness weights come from the median of the absolute remainders. That of Cleveland's program, and so of R, is
/// another number for some series with an even number of points: its partial sort wants the indices of the two middle
/// values in rising order and gets them in falling order, so that one of them may stay unsorted.
/// O(n) with the default jumps, times 8 if robust: 2 or 16 rounds of some ten passes. 1e6 points take a second or two.
StlParts stl(std::span<const double> y, int season, const StlOptions & = {}, const Stop & = {});

}  // namespace analytics::core
