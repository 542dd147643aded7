#pragma once
// The simple detectors that are added up into a score.
#include "core/anomaly/novelty.hpp"
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

/// Evidence beyond an allowance, times a weight; of what was shown, `kept` is held from one point to the next.
class Held {
  public:
    constexpr Held(double weight, double allowance, double kept = 0.5)
        : weight_(weight), allowance_(allowance), kept_(kept) {}
    double add(double evidence) { return weight_ * (held_ = std::max({kept_ * held_, evidence - allowance_, 0.0})); }

  private:
    double weight_, allowance_, kept_, held_ = 0;
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
    double point = 0;       // signed evidence of the newest value against its own expectation
    bool negative = false;  // whether values below 0 occur
    bool settled = false;   // whether the expectation has seen two seasons
};

/// The sum of the evidence, in units of an alert, and what it is made of.
struct Evidence {
    double score = 0, of_point = 0, of_sums = 0, of_flatness = 0;
};

/// For few points a season: deviations of the point, of its sums with the 2, 5 and 11 before, from one season ago, and
/// runs of one value. A sum below its expectation is judged as that of a gamma variable, so that falling to zero is
/// rare where the values scatter widely too. After 350 values also what needs no season, so that something is found
/// where the expectation explains little: Context of 8 levels, NearestShape, SlowLevel and Change.
class CoarseEvidence {
  public:
    /// @param past  the values so far, oldest first: what needs no season learns from them
    explicit CoarseEvidence(std::size_t season, std::span<const double> past = {});
    /// About 0.7 us. Memory: 12 kB.
    Evidence judge(const PointView &);

  private:
    /// A sum of values in units of the running standard deviation of such sums, which knows how they hang together.
    struct Sum {
        std::size_t points;
        double squares = 5, weight = 5;
        double judge(const PointView &, double kept);
    };
    double run(const PointView &);
    void judge_novelty(std::span<const double> values, Evidence &all);

    double kept_;
    std::array<Sum, 3> sums_{{{3}, {6}, {12}}};
    Calibrated point_scale_, run_scale_;
    RareTail season_ago_;
    Held point_{1, 2}, sum3_{1, 1}, sum6_{1, 1}, sum12_{1, 1}, ago_{1, 2}, equal_{1, 2};
    double run_ = 0, repeats_ = 0, chances_ = 0;
    Context context_{8, 5};
    NearestShape shapes_;
    SlowLevel slow_;
    Change change_;
    Held novel_{1, 1.5}, strange_{1, 1.5}, moved_{1, 1.5}, changed_{1, 1.5};
    std::size_t known_ = 0;  // values that these have seen
};

}  // namespace analytics::core
