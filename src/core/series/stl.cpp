#include "core/series/stl.hpp"

#include "core/series/loess.hpp"
#include "core/series/scaling.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace analytics::core {
namespace {

std::size_t odd(double at_least) {
    auto const n = static_cast<std::size_t>(std::ceil(at_least));
    return n % 2 == 0 ? n + 1 : n;
}

Loess curve(int window, double otherwise, int degree, int jump) {
    if (degree < 0 || degree > 1) throw std::invalid_argument("a degree in stl must be 0 or 1");
    if (window < 0 || jump < 0) throw std::invalid_argument("windows and jumps in stl must not be negative");
    Loess loess;
    loess.window = odd(std::max(3.0, window > 0 ? window : otherwise));
    loess.degree = degree;
    loess.jump = jump > 0 ? static_cast<std::size_t>(jump) : (loess.window + 9) / 10;
    return loess;
}

/// Means of `length` neighbours: n - length + 1 of them.
void moving_average(std::span<const double> x, std::size_t length, std::vector<double> &means) {
    means.resize(x.size() - length + 1);
    double sum = 0;
    for (std::size_t i = 0; i < length; ++i) sum += x[i];
    means[0] = sum / static_cast<double>(length);
    for (std::size_t i = length; i < x.size(); ++i) {
        sum += x[i] - x[i - length];
        means[i - length + 1] = sum / static_cast<double>(length);
    }
}

double middle_sum(std::span<double> x) {
    auto const middle = x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2);
    std::nth_element(x.begin(), middle, x.end());
    return *middle + (x.size() % 2 == 1 ? *middle : *std::max_element(x.begin(), middle));
}

class Decomposition {
  public:
    Decomposition(std::span<const double> y, std::size_t season, const StlOptions &options, const Stop &stop)
        : y_(y), n_(y.size()), m_(season), loess_(stop), periodic_(options.season_window == 0),
          middle_sum_(options.middle_sum != nullptr ? options.middle_sum : middle_sum) {
        auto const m = static_cast<double>(m_);
        double const all = 10 * static_cast<double>(n_) + 1;
        double const window = periodic_ ? all : std::max(3, options.season_window);
        season_curve_ = curve(options.season_window, all, options.season_degree, options.season_jump);
        trend_curve_ =
            curve(options.trend_window, 1.5 * m / (1 - 1.5 / window), options.trend_degree, options.trend_jump);
        low_pass_curve_ = curve(options.low_pass_window, m, options.low_pass_degree, options.low_pass_jump);
        parts_.season.resize(n_), parts_.trend.resize(n_), parts_.remainder.resize(n_);
        work_.resize(n_), extended_.resize(n_ + 2 * m_);
    }

    StlParts run(bool robust, int rounds) {
        int const outer = robust ? 15 : 0, inner = rounds > 0 ? rounds : robust ? 1 : 2;
        for (int k = 0; k <= outer; ++k) {
            for (int i = 0; i < inner; ++i) improve();
            if (k < outer) weigh();  // not after the last round: the weights are those it was made with
        }
        if (!robust) parts_.weights.assign(n_, 1.0);
        if (periodic_) average_season();
        for (std::size_t t = 0; t < n_; ++t) parts_.remainder[t] = y_[t] - parts_.season[t] - parts_.trend[t];
        return std::move(parts_);
    }

  private:
    /// A round of the inner loop: the season of what the trend leaves, without what is slow in it; then the trend of
    /// what the season leaves.
    void improve() {
        for (std::size_t t = 0; t < n_; ++t) work_[t] = y_[t] - parts_.trend[t];
        smooth_phases();
        moving_average(extended_, m_, first_);
        moving_average(first_, m_, second_);
        moving_average(second_, 3, first_);
        low_.resize(n_);
        loess_.smooth(first_, low_pass_curve_, {}, low_);
        for (std::size_t t = 0; t < n_; ++t) {
            parts_.season[t] = extended_[m_ + t] - low_[t];
            work_[t] = y_[t] - parts_.season[t];
        }
        loess_.smooth(work_, trend_curve_, parts_.weights, parts_.trend);
    }

    /// Smooths the points of each phase of the season by themselves, one season longer at both ends.
    void smooth_phases() {
        for (std::size_t phase = 0; phase < m_; ++phase) {
            std::size_t const count = (n_ - phase - 1) / m_ + 1;
            phase_.resize(count), phase_weights_.resize(parts_.weights.empty() ? 0 : count),
                phase_curve_.resize(count + 2);
            for (std::size_t i = 0; i < count; ++i) phase_[i] = work_[i * m_ + phase];
            for (std::size_t i = 0; i < phase_weights_.size(); ++i) phase_weights_[i] = parts_.weights[i * m_ + phase];
            loess_.smooth_beyond(phase_, season_curve_, phase_weights_, phase_curve_);
            for (std::size_t i = 0; i < count + 2; ++i) extended_[i * m_ + phase] = phase_curve_[i];
        }
    }

    /// Bisquare weights by the distance from the curves, against six times its median.
    void weigh() {
        std::vector<double> &weights = parts_.weights;
        weights.resize(n_);
        for (std::size_t t = 0; t < n_; ++t)
            work_[t] = weights[t] = std::abs(y_[t] - parts_.season[t] - parts_.trend[t]);
        double const limit = 3 * middle_sum_(work_), far = 0.999 * limit, near = 0.001 * limit;
        for (double &w : weights) {
            double const share = w / limit, rest = 1 - share * share;
            w = w <= near ? 1 : w <= far ? rest * rest : 0;
        }
    }

    void average_season() {
        for (std::size_t phase = 0; phase < m_; ++phase) {
            double sum = 0, count = 0;
            for (std::size_t t = phase; t < n_; t += m_) sum += parts_.season[t], count += 1;
            for (std::size_t t = phase; t < n_; t += m_) parts_.season[t] = sum / count;
        }
    }

    std::span<const double> y_;
    std::size_t n_, m_;
    LoessSmoother loess_;
    bool periodic_;
    double (*middle_sum_)(std::span<double>);
    Loess season_curve_, trend_curve_, low_pass_curve_;
    StlParts parts_;
    std::vector<double> work_, extended_, first_, second_, low_, phase_, phase_weights_, phase_curve_;
};

}  // namespace

StlParts stl(std::span<const double> y, int season, const StlOptions &options, const Stop &stop) {
    double const size = size_of(y);
    if (season < 2) throw std::invalid_argument("a season in stl needs at least 2 points");
    if ((y.size() - 1) / 2 < static_cast<std::size_t>(season))
        throw std::invalid_argument("stl needs more than two seasons");
    std::vector<double> const values = divided(y, size);
    StlParts parts =
        Decomposition(values, static_cast<std::size_t>(season), options, stop).run(options.robust, options.rounds);
    for (std::vector<double> *const part : {&parts.season, &parts.trend, &parts.remainder})
        for (double &v : *part) v *= size;
    return parts;
}

}  // namespace analytics::core
