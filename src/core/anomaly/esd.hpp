#pragma once
// Outliers of a whole sample.
#include "core/statistics/stop.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace analytics::core {

struct EsdOptions {
    double alpha = 0.05;   // chance of any outlier in a clean normal sample, in (0, 1)
    std::size_t most = 0;  // outliers looked for; 0: a tenth of the sample. At most (n - 1) / 2 are ever.
    bool robust = true;    // about the median in units of the MAD, which outliers do not inflate; false: Rosner's own
};

struct EsdStep {
    std::size_t index;  // into the sample
    double statistic;   // distance of the furthest value left, in standard deviations of those left
    double critical;    // what the statistic exceeds with chance alpha
    double p_value;     // Grubbs's two-sided bound for it among those left
};

struct EsdResult {
    std::vector<EsdStep> steps;  // in the order of removal
    std::size_t outliers = 0;    // the first so many of them are
};

/// The generalised extreme Studentized deviate test of Rosner (1983): removes the furthest value again and again, and
/// says how many of them were outliers, also when they hide each other. The robust form (Hochenbaum, Vallis & Kejariwal
/// 2017) takes median and MAD; where more than half of the values are equal, their mean absolute deviation for the MAD.
/// For a seasonal series give it the remainder of its decomposition.
/// @param x  finite, in any order; fewer than 3 values have no outliers
/// @throws   std::invalid_argument when alpha is out of range or a value is not finite
/// O(n log n + k log n), 6 us a step for its critical value. Checked against scipy and the example of the NIST
/// handbook.
EsdResult generalized_esd(std::span<const double> x, const EsdOptions & = {}, const Stop & = {});

}  // namespace analytics::core
