#pragma once
// Three ways to judge every point of a series, with one form of answer.
#include "core/anomaly/severity.hpp"
#include "core/statistics/stop.hpp"

#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace analytics::core {

/// What is said of a point; NaN where there is nothing to say. The score is 1 or more where the method alarms.
struct SeriesFinding {
    double expected = std::numeric_limits<double>::quiet_NaN(), lower = expected, upper = expected, p_value = expected,
           score = 0;
    std::optional<Severity> severity = std::nullopt;
};

// Of all: NaN in the series is a missing value; season 0 is found from the values, 1 is none; one finding a value.

/// Each point by its past only: SeasonalDetector. Severities from the p-values of all points together. O(n).
std::vector<SeriesFinding> judge_by_past(std::span<const double> series, int season, double alpha, const Stop & = {});

/// The whole series at once: generalised ESD with median and MAD on what robust STL leaves, or a robust line where
/// there is no season (Hochenbaum, Vallis & Kejariwal 2017). Points that are not rejected have the p-value of a single
/// one and a score below 1. At least one value; about 10 us a point.
std::vector<SeriesFinding> judge_by_esd(std::span<const double> series, int season, double alpha, const Stop & = {});

/// The plain rule of the dashboards: percent from the mean of the `window` points before, as threshold_severity calls
/// it; the score is 1 at 30 %. With at least three points before. O(n window).
std::vector<SeriesFinding> judge_by_threshold(std::span<const double> series, std::size_t window, const Stop & = {});

}  // namespace analytics::core
