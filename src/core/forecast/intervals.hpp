#pragma once
// Prediction intervals from the errors a method made within the history.
#include "core/forecast/prediction.hpp"

#include <span>
#include <vector>

namespace analytics::core {

/// Quantiles of the errors of a forecast, per step ahead, on the scale of its residuals.
///
/// Rolling-origin residuals (split conformal prediction for series: Xu & Xie 2021) give a mean absolute error for each
/// step: smooth, not decreasing over the steps, and drawn towards the curve of a drifting level,
/// sqrt(1 + steps * (drift^2 + .01)), which also continues it beyond the steps that the history can show. The residuals
/// of all steps, divided by these, give one set of quantiles, blended with those of a Student t of 3 degrees of freedom
/// as far as the points are few. All are widened, by 1 + 0.8 (season / points)^0.6, because the seasonal figures were
/// fitted to the same values.
///
/// A few weeks show few errors, and none of what a level does in a month: as far as the seasons are few, 5 / (5 +
/// seasons), errors are thought to be 0.65 times the spread of the values and some of their size, whatever was seen.
class ErrorQuantiles {
  public:
    /// @param season  of the series, at least 1
    /// O(r log r) for r residuals.
    ErrorQuantiles(const Prediction &, std::size_t horizon, std::size_t season);

    /// The error not exceeded with probability p, 0 < p < 1, at the step (0-based).
    double at(double p, std::size_t step) const { return of(parts(p), step); }
    /// The two parts of a quantile, for many steps: of(parts(p), step) = at(p, step).
    struct Parts {
        double seen, unseen;  // the one in units of a step's scale
    };
    Parts parts(double p) const;
    double of(Parts parts, std::size_t step) const { return scale_[step] * parts.seen + parts.unseen; }
    /// The mean absolute error seen at the step.
    double scale(std::size_t step) const { return scale_[step]; }
    /// The mean absolute error expected at the step, of what was seen and what was not.
    double expected(std::size_t step) const { return known_ * widen_ * scale_[step] + unseen_; }
    /// The errors seen in units of their step's scale, sorted, and their part, 0 to 1, in the quantiles.
    const std::vector<double> &standardised() const { return pooled_; }
    double trust() const { return trust_; }

  private:
    std::vector<double> scale_, pooled_;  // pooled_: sorted standardised residuals
    double trust_ = 0, widen_ = 1, known_ = 1, unseen_ = 0;
};

}  // namespace analytics::core
