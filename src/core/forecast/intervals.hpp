#pragma once
// Prediction intervals from the errors a method made within the history.
#include "core/forecast/prediction.hpp"

#include <span>
#include <vector>

namespace analytics::core {

/// Quantiles of the errors of a forecast, per step ahead, on the scale of its residuals.
///
/// Rolling-origin residuals (split conformal prediction for series: Xu & Xie 2021) give a scale for each step, made
/// smooth and not decreasing over the steps and continued beyond those the history can show as a slowly drifting level
/// would; the residuals of all steps divided by their scales give one set of quantiles, drawn towards those of a normal
/// error as far as the residuals are few. Few points also mean that the level itself is uncertain and the season
/// partly guessed: the width grows by sqrt(1 + 8 / points).
class ErrorQuantiles {
  public:
    /// @param season  length of the season: residuals of a shorter history repeat themselves less than they seem to
    ErrorQuantiles(const Prediction &, std::size_t horizon, std::size_t season);

    /// The error not exceeded with probability p, 0 < p < 1, at the step (0-based).
    double at(double p, std::size_t step) const;
    /// The mean absolute error expected at the step.
    double scale(std::size_t step) const { return scale_[step]; }

  private:
    std::vector<double> scale_, pooled_;  // pooled_: sorted standardised residuals
    double trust_ = 0, widen_ = 1;
};

}  // namespace analytics::core
