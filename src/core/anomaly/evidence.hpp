#pragma once
// The simple detectors that are added up into a score.
#include "core/anomaly/rare_tail.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace analytics::core {

/// -log10 of the one-sided tail of Student's t, with the sign of z, by Wallace's normal deviate (1959): 40 ns, good to
/// a few percent of the decades.
double student_evidence(double z, double df);

/// The same of a count x with the given mean and variance >= mean: the signed root of the negative binomial's deviance,
/// with a continuity correction; of x = 0 the probability itself.
double count_evidence(double x, double mean, double variance);

/// Evidence beyond an allowance, times a weight; what was shown is held, halving with each point.
class Held {
  public:
    constexpr Held(double weight, double allowance) : weight_(weight), allowance_(allowance) {}
    double add(double evidence) { return weight_ * (held_ = std::max({held_ / 2, evidence - allowance_, 0.0})); }

  private:
    double weight_, allowance_, held_ = 0;
};

/// Evidence in units of its own past: divided by half its running 99 % quantile (2 decades if it is honest) where that
/// is more than 1.
class Calibrated {
  public:
    double judge(double evidence);

  private:
    RunningQuantile quantile_{0.99};
    std::size_t count_ = 0;
};

/// What the newest point shows. The spans end with it, oldest first.
struct PointView {
    std::span<const double> values;     // all that are kept
    std::span<const double> residuals;  // value - usual expectation, as many
    std::span<const double> variances;  // of the residuals
    std::size_t season = 1;
    double point = 0;      // signed evidence of the newest value against its own expectation
    bool settled = false;  // whether the expectation has seen two seasons
};

/// The sum of the evidence, in units of an alert, and what it is made of.
struct Evidence {
    double score = 0, of_point = 0, of_sums = 0, of_flatness = 0;
};

/// For few points a season: the deviations of the point, of its sums with the 2, 5, 11 and 23 before, and from one
/// season ago.
class CoarseEvidence {
  public:
    explicit CoarseEvidence(std::size_t season);
    Evidence judge(const PointView &);

  private:
    /// A sum of residuals in units of its own running standard deviation, which knows how they hang together.
    struct Sum {
        std::size_t points;
        double squares = 5, weight = 5;
        double judge(const PointView &, double kept);
    };
    double kept_;
    std::array<Sum, 4> sums_{{{3}, {6}, {12}, {24}}};
    Calibrated point_scale_, drop3_scale_, drop24_scale_;
    RareTail season_ago_;
    Held point_{1, 2}, sum3_{0.5, 1}, sum6_{1, 1}, sum12_{1, 1}, drop3_{0.5, 2}, drop6_{1, 1}, drop24_{2, 1},
        ago_{1, 2};
};

/// For many points a season: how rare variance, total variation, mean and change of mean over 12 to 96 points are, the
/// residuals of 24 points, the median of the three seasons before at the same phase against 12 points, and a single
/// drop.
class FineEvidence {
  public:
    Evidence judge(const PointView &);

  private:
    RareTail variance12_tail_, variance48_tail_, calm96_tail_, variation48_tail_, mean48_tail_, change24_tail_,
        residual24_tail_, phase12_tail_;
    Calibrated point_scale_;
    Held variance12_{0.5, 1}, variance48_{2, 1}, calm96_{2, 2}, variation48_{1, 1.5}, mean48_{1, 1.5}, change24_{1, 1},
        residual24_{0.5, 1}, phase12_{1, 1}, drop_{1, 1.5};
};

}  // namespace analytics::core
