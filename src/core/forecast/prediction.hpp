#pragma once
// What a member of the ensemble knows: its forecast, and how it would have erred within the history.
#include "core/forecast/transform.hpp"

#include <vector>

namespace analytics::core {

struct Prediction {
    std::vector<double> value;                   // one per step, in the units of the series
    Transform transform;                         // the scale the residuals are on
    std::vector<std::vector<double>> residuals;  // [origin, newest first][step]: seen minus forecast, on that scale
    std::size_t points = 0;                      // values of the history they come from
    double drift = 0;                            // share of an error that stays in the level
    double spread = 0;  // standard deviation of the history, and its mean size, both in the units of the residuals'
    double size = 0;    // scale; 0 where they do not say how wrong it may be
};

}  // namespace analytics::core
