#pragma once
// The level of a series without season, and how far it can be trusted: a bank of slow and quick, smoothed and median
// levels, weighed by how well each would have forecast within the history.
#include "core/statistics/stop.hpp"

#include <span>
#include <vector>

namespace analytics::core {

struct LevelOptions {
    std::vector<double> smoothing = {0.03, 0.06, 0.1, 0.15, 0.25, 0.4};  // weights of simple exponential smoothing
    std::vector<std::size_t> windows = {};                               // lengths of trailing medians
    std::vector<double> window_weights = {};                             // prior weight of each against 1
    double clip = 2;      // innovations beyond so many robust standard deviations are moved in; 0: none is
    double patience = 3;  // the evidence of a rolling check counts n / patience times: (best error / error)^...
    std::vector<std::size_t> buckets = {};  // steps at which the weights change; none: one set for all steps
    bool trend = true;                      // also levels with a trend, when they forecast clearly better
    bool judge_walk = false;                // multiply the next by what the differences say: see walk_evidence
    double naive_prior = 0;                 // prior weight of the last value (a random walk)
    std::size_t origins = 100;              // of the rolling check, evenly spaced, at most
    std::size_t first_origin = 14;          // the rolling check begins there (or in the middle, if that is earlier)
};

/// How much more likely a random walk is than noise about a level: exp(10 (r + 1/4)) of the lag-1 autocorrelation r of
/// the differences (wild ones moved in), which is 0 for the one and -1/2 for the other; between 1/20 and 50, and 1 for
/// fewer than 6 values. O(n).
double walk_evidence(std::span<const double> x);

struct LevelForecast {
    std::vector<double> value;  // one per step ahead
    std::vector<std::vector<double>>
        residuals;                     // [origin]: value seen minus forecast at 1, 2, ... steps, last origin first
    std::vector<std::size_t> origins;  // index of the last value known at each
    double drift = 0;                  // mean share of an innovation that stays in the level; 1 for a random walk
};

/// Forecasts of x, `horizon` steps ahead, in x's units.
///
/// Candidates: simple exponential smoothing with clipped innovations (Gelper, Fried & Croux 2010), trailing medians,
/// damped and linear Holt, the last value and the last value with part of the last change.
/// Each is judged by its mean absolute error over all origins and all steps that the history holds; its weight is
/// prior * (least error / error)^(n / patience), for each bucket of steps by itself. Those with a trend count only when
/// their error is below 0.3 of the best without.
/// @param x   finite values, oldest first, at least 1
/// O(n + origins * horizon) for each candidate.
LevelForecast forecast_level(std::span<const double> x, std::size_t horizon, const LevelOptions &, const Stop & = {});

}  // namespace analytics::core
