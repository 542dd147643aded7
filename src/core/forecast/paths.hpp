#pragma once
// Simulated futures of a spend: for questions about sums, where the errors of one day and the next belong together.
#include "core/forecast/prediction.hpp"
#include "core/statistics/stop.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace analytics::core {

/// How futures differ: on the scale of `transform`, day k of a path is centre[k] + level + noise, where
///   level  starts as start_deviation * Student t and takes up `drift` of each day's noise,
///   noise  is drawn from `noise` by its quantiles (sorted, mean absolute value 1; empty: normal with standard
///   deviation
///          1) times scale.
struct PathModel {
    Transform transform;
    std::vector<double> centre;
    double start_deviation = 0, drift = 0, scale = 0;
    double trust = 0;  // share of the seen noise in the quantiles, against a normal's
    std::vector<double> noise;
};

/// Paths [path][day], never below zero. Deterministic (random.hpp); starts of the level are stratified over the paths.
/// O(paths * days).
class SpendPaths {
  public:
    static constexpr std::size_t usual = 1000;

    /// From a daily history: the tested default forecast for sums with its errors, see path_model; every fourth path
    /// instead of days of the last four weeks drawn again, about a mean that is uncertain (from 14 values on). The
    /// forecast's season and level are better on most series; where they are wrong, after a ramp, what the last weeks
    /// were like is not. In a use that comes and goes a forecast, which is the middle of what may come, says little of
    /// totals: the more idle days those weeks have (other than such weekdays as are always idle), the more paths are
    /// drawn from them, up to three of four from 30 % on.
    /// @param series  finite values or NaN (missing), oldest first, at least one value
    SpendPaths(std::span<const double> series, std::size_t season, std::size_t horizon, const Stop & = {},
               std::size_t paths = usual);
    explicit SpendPaths(const PathModel &, std::size_t paths = usual);

    const std::vector<std::vector<double>> &paths() const { return paths_; }
    std::size_t days() const { return paths_.front().size(); }

  private:
    void simulate(const PathModel &, std::size_t paths, const Stop &);
    void redraw(std::span<const double> last, double share, const Stop &);
    std::vector<std::vector<double>> paths_;
};

/// The model of a forecast: noise as one step ahead, the level as uncertain as the errors at later steps say and, as
/// far as the history is long, the mean errors over the horizon that it has seen.
PathModel path_model(const Prediction &, std::size_t horizon, std::size_t season);

}  // namespace analytics::core
