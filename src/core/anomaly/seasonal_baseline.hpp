#pragma once
// What the next value of a series should be, and how far from it values usually fall.
#include <array>
#include <cstddef>
#include <vector>

namespace analytics::core {

/// A causal, robust expectation: level x (or +) the usual figure of this phase of the day and of the week, corrected by
/// how far the last values were off. Expectation and variance of the next value are ready before it is seen; learning
/// it costs O(1) (O(season / 12) for the smoothing of phases), about 0.3 us.
///
/// Level: decayed ratio of values to profile, half-life 5 seasons. Profile: decayed means of each phase (half-life 14
/// seasons) of the ratio to the level of the last two seasons, shrunk to those of their neighbours and to 1, the more
/// so the noisier the series; on top weekly phases shrunk to profile x day (empirical Bayes as in Miller & Williams
/// 2003). Correction: regression of the residual on the last one and on their decayed ratio. Variance: the law c *
/// mu^b, b in {0, 1, 1.5, 2}, that predicted best so far, c from clipped squares. What is learnt is clipped at 3.5
/// standard deviations, more widely after a quarter of a season on the same side, so that outliers do not move the
/// expectation and a new level does. Where most values are 0 the smallest other one is no outlier, however few there
/// are: the expectation would sink, and make them rarer still.
class SeasonalBaseline {
  public:
    /// @param season    points of the season, at least 1; of a series without one, the points of its natural day, which
    ///                  set the half-lives
    /// @param seasonal  whether the season shapes the expectation
    /// @param additive  for values below zero: sums for products, and a variance that does not depend on the mean
    SeasonalBaseline(std::size_t season, bool seasonal, bool additive);

    struct Expectation {
        double mean, variance;         // of the next value, from all that is known
        double usual, usual_variance;  // without the correction by the last values: for sums over hours
    };
    const Expectation &next() const { return next_; }

    /// Values must be within +-1e60; see SeasonalDetector, which scales.
    void learn(double x);
    void skip();  // a missing value

    double level() const { return level_; }
    /// variance / mean where the variance grows with the mean: 1 for Poisson counts.
    double dispersion() const { return weight_ > 0 ? scale_[1] / weight_ : 0; }
    std::size_t season() const { return season_; }

  private:
    struct Cell {
        double sum = 0, weight = 0;
    };
    void expect();
    double profile() const;
    Cell around(std::size_t phase) const;
    double weekday(std::size_t day) const;
    double variance_at(double mean) const;
    double power(std::size_t law, double mean) const;
    double clipped(double x);
    void learn_variance(double x);
    void learn_correction(double x);
    void learn_profile(double x);

    std::size_t season_;
    bool seasonal_, additive_;
    std::size_t count_ = 0, time_ = 0;
    double least_event_ = 0;  // smallest value above 0; 0: none yet, or additive
    double level_ = 0, factor_ = 1, level_sum_ = 0, level_weight_ = 0, near_sum_ = 0, near_weight_ = 0;
    std::vector<Cell> phase_, week_;
    std::array<Cell, 7> day_{};
    std::array<double, 4> scale_{}, loss_{};
    double weight_ = 0;
    std::size_t law_ = 1;
    int same_side_ = 0;
    Cell last_, recent_;  // residuals and what was expected
    double last_ratio_ = 0, recent_ratio_ = 0;
    double g11_ = 0, g12_ = 0, g22_ = 0, h1_ = 0, h2_ = 0;
    double level_decay_, near_decay_, phase_decay_, week_decay_, day_decay_, variance_decay_, recent_decay_;
    Expectation next_{};
};

}  // namespace analytics::core
