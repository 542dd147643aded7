#include "core/forecast/theta.hpp"

#include "core/forecast/ets.hpp"
#include "core/series/acf.hpp"
#include "core/series/scaling.hpp"
#include "core/series/season_figures.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

namespace analytics::core {
namespace {

constexpr int longest_horizon = 10'000;
constexpr double least_factor = 0.01;  // of the season; forecTheta's limit

/// A series of size about 1 without its season, and how to put both back.
class Adjusted {
  public:
    Adjusted(std::span<const double> y, int season, int horizon) : size_(size_of(y)), values_(divided(y, size_)) {
        if (season < 1) throw std::invalid_argument("a season must have at least one point");
        if (horizon < 1 || horizon > longest_horizon) throw std::invalid_argument("a horizon must be 1 to 10000 steps");
        auto const m = static_cast<std::size_t>(season);
        if (!season_shows(values_, m)) return;
        factors_ = *std::min_element(values_.begin(), values_.end()) > 0;
        if (factors_) figures_ = season_figures(values_, m, true);
        if (!factors_ || *std::min_element(figures_.begin(), figures_.end()) < least_factor) {
            factors_ = false;
            figures_ = season_figures(values_, m, false);
        }
        for (std::size_t t = 0; t < values_.size(); ++t)
            values_[t] = factors_ ? values_[t] / figures_[t % m] : values_[t] - figures_[t % m];
    }

    const std::vector<double> &values() const { return values_; }
    bool seasonal() const { return !figures_.empty(); }
    double size() const { return size_; }

    /// Gives the forecasts of the adjusted series its season and its units.
    void restore(ModelForecast &forecast) const {
        constexpr double largest = std::numeric_limits<double>::max();
        for (std::size_t i = 0; i < forecast.mean.size(); ++i) {
            double const figure = seasonal() ? figures_[(values_.size() + i) % figures_.size()] : 0.0;
            double &mean = forecast.mean[i], &deviation = forecast.deviation[i];
            if (seasonal() && factors_) mean *= figure, deviation *= figure;
            else mean += figure;
            mean = std::clamp(mean * size_, -largest, largest);
            deviation = std::min(deviation * size_, largest);
        }
    }

  private:
    double size_;
    std::vector<double> values_, figures_;
    bool factors_ = false;
};

/// Slope of the least-squares line through the values.
double slope_of(std::span<const double> y) {
    double const middle = (static_cast<double>(y.size()) - 1) / 2;
    double moment = 0, squares = 0;
    for (std::size_t t = 0; t < y.size(); ++t) {
        double const at = static_cast<double>(t) - middle;
        moment += at * y[t], squares += at * at;
    }
    return squares > 0 ? moment / squares : 0;
}

ThetaFit classic(const Adjusted &adjusted, int horizon, const Stop &stop) {
    std::span<const double> const y = adjusted.values();
    auto const [low, high] = std::minmax_element(y.begin(), y.end());
    EtsFit const level = *low == *high ? auto_ets(y, 1) : fit_ets(y, 1, EtsModel{}, stop);
    double const drift = slope_of(y) / 2, alpha = level.parameters.alpha;
    double const lag = (1 - std::pow(1 - alpha, static_cast<double>(y.size()))) / alpha;
    ThetaFit fit;
    fit.alpha = alpha, fit.seasonal = adjusted.seasonal();
    fit.level = level.initial.level * adjusted.size();
    for (int i = 0; i < horizon; ++i) {
        fit.forecast.mean.push_back(level.last.level + drift * (i + lag));
        fit.forecast.deviation.push_back(level.sigma * std::sqrt(1 + i * alpha * alpha));
    }
    adjusted.restore(fit.forecast);
    return fit;
}

/// Least-squares line through the points up to t, with t counted from 1: at t + 1 it stands at a + b (t + 1) seen from
/// its own origin, in the running form of Fiorucci et al. (2016).
struct Line {
    double mean = 0, a = 0, b = 0;

    void add(double y, double t) {
        b = t == 1 ? 0.0 : ((t - 2) * b + 6 / t * (y - mean)) / (t + 1);
        mean += (y - mean) / t;
        a = mean - (t + 1) / 2 * b;
    }
};

/// The errors of the dynamic model for a given alpha are y - level - share * line, where the level is linear in its
/// first value: sums for the two normal equations, and their solution with 0 <= share <= 1 (share = 1 - 1/theta).
struct Solution {
    double level = 0, share = 0, squares = 0;
};

class DynamicModel {
  public:
    explicit DynamicModel(std::span<const double> y, const Stop &stop) : y_(y), stop_(stop) {
        Line line;
        for (std::size_t t = 0; t < y.size(); ++t) {
            lines_.push_back(line);
            line.add(y[t], static_cast<double>(t + 1));
        }
    }

    Solution solve(double alpha) const {
        if (stop_) stop_();
        double pp = 0, pd = 0, dd = 0, pr = 0, dr = 0, rr = 0;
        double decay = 1, smooth = 0;
        for (std::size_t t = 0; t < y_.size(); ++t) {
            if (t >= first) {
                double const d = decay * lines_[t].a + (1 - decay * (1 - alpha)) / alpha * lines_[t].b;
                double const r = y_[t] - smooth;
                pp += decay * decay, pd += decay * d, dd += d * d;
                pr += decay * r, dr += d * r, rr += r * r;
            }
            smooth += alpha * (y_[t] - smooth);
            decay = decay < 1e-150 ? 0.0 : decay * (1 - alpha);  // no denormals
        }
        Solution s;
        double const determinant = pp * dd - pd * pd;
        if (determinant > 1e-12 * pp * dd) s.share = std::clamp((pp * dr - pd * pr) / determinant, 0.0, 1.0);
        s.level = pp > 0 ? (pr - s.share * pd) / pp : 0.0;
        s.squares = rr + s.level * s.level * pp + s.share * s.share * dd -
                    2 * (s.level * pr + s.share * dr - s.level * s.share * pd);
        s.squares = std::max(s.squares, 0.0);
        return s;
    }

    /// alpha with the least squares: the best of a grid, refined between its neighbours by the golden section.
    double best_alpha() const {
        constexpr int steps = 20;
        constexpr double golden = 0.6180339887498949;
        auto const at = [](int i) { return least_alpha + (most_alpha - least_alpha) * i / steps; };
        int best = 0;
        double least = std::numeric_limits<double>::infinity();
        for (int i = 0; i <= steps; ++i)
            if (double const squares = solve(at(i)).squares; squares < least) least = squares, best = i;
        double low = at(std::max(best - 1, 0)), high = at(std::min(best + 1, steps));
        double left = high - golden * (high - low), right = low + golden * (high - low);
        double below = solve(left).squares, above = solve(right).squares;
        while (high - low > 1e-6) {
            if (below <= above) {
                high = right, right = left, above = below;
                left = high - golden * (high - low), below = solve(left).squares;
            } else {
                low = left, left = right, below = above;
                right = low + golden * (high - low), above = solve(right).squares;
            }
        }
        double const middle = (low + high) / 2;
        return solve(middle).squares <= least ? middle : at(best);
    }

    static constexpr std::size_t first = 2;  // errors count from the third point on, the first that has a line

  private:
    static constexpr double least_alpha = 0.1, most_alpha = 0.99;

    std::span<const double> y_;
    const Stop &stop_;
    std::vector<Line> lines_;  // before each point
};

}  // namespace

ThetaFit theta_classic(std::span<const double> y, int season, int horizon, const Stop &stop) {
    return classic(Adjusted(y, season, horizon), horizon, stop);
}

ThetaFit theta_dynamic(std::span<const double> y, int season, int horizon, const Stop &stop) {
    Adjusted const adjusted(y, season, horizon);
    std::vector<double> const &values = adjusted.values();
    std::size_t const n = values.size();
    auto const [low, high] = std::minmax_element(values.begin(), values.end());
    if (n < 4 || *low == *high) return classic(adjusted, horizon, stop);

    DynamicModel const model(values, stop);
    ThetaFit fit;
    fit.alpha = model.best_alpha();
    Solution const solution = model.solve(fit.alpha);
    fit.theta = solution.share < 1 ? 1 / (1 - solution.share) : std::numeric_limits<double>::infinity();
    fit.level = solution.level * adjusted.size();
    fit.seasonal = adjusted.seasonal();

    double const sigma = std::sqrt(solution.squares / static_cast<double>(n > 5 ? n - 5 : 1));
    Line line;
    double level = solution.level, decay = 1;
    for (std::size_t t = 0; t < n + static_cast<std::size_t>(horizon); ++t) {
        double const at = decay * line.a + (1 - decay * (1 - fit.alpha)) / fit.alpha * line.b;
        double const mean = level + solution.share * at, v = t < n ? values[t] : mean;
        if (t >= n) {
            fit.forecast.mean.push_back(mean);
            fit.forecast.deviation.push_back(sigma * std::sqrt(1 + static_cast<double>(t - n) * fit.alpha * fit.alpha));
        }
        line.add(v, static_cast<double>(t + 1));
        level += fit.alpha * (v - level);
        decay = decay < 1e-150 ? 0.0 : decay * (1 - fit.alpha);
    }
    adjusted.restore(fit.forecast);
    return fit;
}

}  // namespace analytics::core
