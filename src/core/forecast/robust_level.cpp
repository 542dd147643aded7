#include "core/forecast/robust_level.hpp"

#include "core/statistics/robust.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace analytics::core {

namespace {

constexpr std::size_t most_steps = 100;
// A trend counts when its error is below this share of the best level's. At 0.85 trends that do not last cost 3 % of
// the error over 30 days on real series; at 0.3 nothing, and lines are still continued.
constexpr double most_of_flat = 0.3;

// What was known after each point: the forecast k steps ahead is level + slope * (damping + ... + damping^k).
struct Candidate {
    std::vector<double> level, slope;  // no slope: empty
    double damping = 0, drift = 0, prior = 1, error = 0, weight = 0;
};

// The scale of innovations, followed so that a quieter or wilder time is noticed, but not by the wild values
// themselves.
class InnovationScale {
  public:
    InnovationScale(std::span<const double> x, double clip) : clip_(clip) {
        if (x.size() < 3 || !(clip > 0)) return;
        std::vector<double> steps(x.size() - 1);
        for (std::size_t i = 1; i < x.size(); ++i) steps[i - 1] = std::abs(x[i] - x[i - 1]);
        scale_ = 1.4826 / 1.2 * median_in_place(steps);  // differences spread more than innovations do
    }
    double clipped(double innovation) {
        if (!(scale_ > 0)) return innovation;
        double const reach = clip_ * scale_;
        scale_ += 0.05 * (std::min(1.25 * std::abs(innovation), 3 * scale_) - scale_);
        return std::clamp(innovation, -reach, reach);
    }

  private:
    double clip_, scale_ = 0;
};

double start_level(std::span<const double> x) { return median(x.first(std::min<std::size_t>(x.size(), 7))); }

Candidate smoothed(std::span<const double> x, double alpha, double clip) {
    Candidate c;
    c.level.resize(x.size());
    c.drift = alpha;
    InnovationScale scale(x, clip);
    double level = start_level(x);
    for (std::size_t i = 0; i < x.size(); ++i) {
        level += std::max(alpha, 1.0 / static_cast<double>(i + 1)) * scale.clipped(x[i] - level);
        c.level[i] = level;
    }
    return c;
}

Candidate trended(std::span<const double> x, double alpha, double beta, double damping, double clip) {
    Candidate c;
    c.level.resize(x.size()), c.slope.resize(x.size());
    c.damping = damping, c.drift = alpha;
    InnovationScale scale(x, clip);
    std::size_t const start = std::min<std::size_t>(x.size(), 4);
    double level = start_level(x), slope = 0;
    if (x.size() >= 3) {  // the median step of the first points: one wild value does not set a slope
        std::vector<double> steps;
        for (std::size_t i = 1; i < start; ++i) steps.push_back(x[i] - x[i - 1]);
        slope = median_in_place(steps);
        level = x[0] - damping * slope;
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
        double const expected = level + damping * slope, innovation = scale.clipped(x[i] - expected);
        level = expected + std::max(alpha, 1.0 / static_cast<double>(i + 1)) * innovation;
        slope = damping * slope + alpha * beta * innovation;
        c.level[i] = level, c.slope[i] = slope;
    }
    return c;
}

Candidate trailing_median(std::span<const double> x, std::size_t window) {
    Candidate c;
    c.level.resize(x.size());
    c.drift = 2 / (static_cast<double>(window) + 1);
    std::vector<double> sorted;  // of the window, so that a step costs one insertion and one removal
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (i >= window) sorted.erase(std::lower_bound(sorted.begin(), sorted.end(), x[i - window]));
        sorted.insert(std::upper_bound(sorted.begin(), sorted.end(), x[i]), x[i]);
        std::size_t const k = sorted.size() / 2;
        c.level[i] = sorted.size() % 2 == 1 ? sorted[k] : 0.5 * sorted[k - 1] + 0.5 * sorted[k];
    }
    return c;
}

Candidate last_value(std::span<const double> x, double momentum) {
    Candidate c;
    c.level.assign(x.begin(), x.end());
    c.drift = 1 + momentum;
    for (std::size_t i = 1; i < x.size(); ++i) c.level[i] += momentum * (x[i] - x[i - 1]);
    return c;
}

std::vector<Candidate> candidates(std::span<const double> x, const LevelOptions &options) {
    std::vector<Candidate> all;
    for (double alpha : options.smoothing) all.push_back(smoothed(x, alpha, options.clip));
    for (std::size_t i = 0; i < options.windows.size(); ++i) {
        all.push_back(trailing_median(x, options.windows[i]));
        all.back().prior = options.window_weights[i];
    }
    if (options.naive_prior > 0)
        for (double momentum : {0.0, 0.4}) {
            all.push_back(last_value(x, momentum));
            all.back().prior = options.naive_prior * (options.judge_walk ? walk_evidence(x) : 1);
        }
    if (options.trend && x.size() >= 8)
        for (auto [alpha, beta, damping] : {std::array{0.1, 0.1, 0.98}, std::array{0.3, 0.1, 0.95},
                                            std::array{0.2, 0.1, 1.0}, std::array{0.5, 0.2, 1.0}})
            all.push_back(trended(x, alpha, beta, damping, 0));
    return all;
}

std::vector<double> growth(double damping, std::size_t steps) {
    std::vector<double> g(steps);
    double sum = 0, power = 1;
    for (double &x : g) power *= damping, sum += power, x = sum;
    return g;
}

// Over the steps [from, to).
double rolling_error(std::span<const double> x, const Candidate &c, std::span<const std::size_t> origins,
                     std::size_t from, std::size_t to) {
    std::vector<double> const g = growth(c.damping, to);
    double sum = 0, count = 0;
    for (std::size_t origin : origins) {
        std::size_t const most = std::min(to, x.size() - 1 - origin);
        if (most <= from) continue;
        double const level = c.level[origin], *const seen = x.data() + origin + 1;
        if (c.slope.empty())
            for (std::size_t k = from; k < most; ++k) sum += std::abs(seen[k] - level);
        else
            for (std::size_t k = from; k < most; ++k) sum += std::abs(seen[k] - level - c.slope[origin] * g[k]);
        count += static_cast<double>(most - from);
    }
    return count > 0 ? sum / count : 0;
}

// Weights that sum to 1. Without an origin to judge by the prior alone decides, and nothing speaks for a trend.
void weigh(std::vector<Candidate> &all, double points, double patience, bool judged) {
    double best = HUGE_VAL, best_flat = HUGE_VAL, total = 0;
    for (const Candidate &c : all)
        if (c.slope.empty()) best_flat = std::min(best_flat, c.error);
    auto const counts = [&](const Candidate &c) {
        return c.slope.empty() || (judged && c.error < most_of_flat * best_flat);
    };
    for (const Candidate &c : all)
        if (counts(c)) best = std::min(best, c.error);
    for (Candidate &c : all) {
        if (!counts(c)) c.weight = 0;
        else if (!judged) c.weight = c.prior;
        else if (best > 0) c.weight = c.prior * std::pow(best / c.error, points / patience);
        else c.weight = c.error > 0 ? 0 : c.prior;
        total += c.weight;
    }
    for (Candidate &c : all) c.weight /= total;
}

// Adds a candidate's part of the forecasts at the steps [from, to), and takes it off the residuals there.
void add(LevelForecast &result, const Candidate &c, std::size_t from, std::size_t to) {
    if (!(c.weight > 1e-9)) return;
    std::vector<double> const g = growth(c.damping, to);
    double const slope = c.slope.empty() ? 0 : c.slope.back();
    for (std::size_t k = from; k < to; ++k) result.value[k] += c.weight * (c.level.back() + slope * g[k]);
    for (std::size_t j = 0; j < result.origins.size(); ++j) {
        double const level = c.level[result.origins[j]], rise = c.slope.empty() ? 0 : c.slope[result.origins[j]];
        std::vector<double> &residuals = result.residuals[j];
        for (std::size_t k = from; k < std::min(to, residuals.size()); ++k)
            residuals[k] -= c.weight * (level + rise * g[k]);
    }
    result.drift += c.weight * c.drift * static_cast<double>(to - from) / static_cast<double>(result.value.size());
}

}  // namespace

double walk_evidence(std::span<const double> x) {
    if (x.size() < 6) return 1;
    std::vector<double> steps(x.size() - 1);
    for (std::size_t i = 1; i < x.size(); ++i) steps[i - 1] = x[i] - x[i - 1];
    double const middle = median(steps), reach = 2.5 * mad_about(steps, middle);
    if (!(reach > 0)) return 1;
    for (double &step : steps) step = std::clamp(step - middle, -reach, reach);
    double together = 0, squares = 0;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        squares += steps[i] * steps[i];
        if (i > 0) together += steps[i] * steps[i - 1];
    }
    return std::clamp(std::exp(10 * (together / squares + 0.25)), 0.05, 50.0);
}

LevelForecast forecast_level(std::span<const double> x, std::size_t horizon, const LevelOptions &options,
                             const Stop &stop) {
    if (x.empty()) throw std::invalid_argument("a level needs at least one value");
    std::size_t const n = x.size(), steps = std::min(horizon, most_steps);
    LevelForecast result;
    result.value.assign(horizon, 0);
    std::size_t const first = std::min(options.first_origin, n / 2);
    std::size_t stride = (n + options.origins - 1) / options.origins;
    if (stride % 7 == 0 || stride % 12 == 0) ++stride;  // origins on all days and at all hours
    for (std::size_t i = n - 1; i >= first + stride && i > 0; i -= stride) {
        result.origins.push_back(i - 1);
        result.residuals.emplace_back(x.begin() + static_cast<std::ptrdiff_t>(i),
                                      x.begin() + static_cast<std::ptrdiff_t>(std::min(n, i + steps)));
    }

    std::vector<Candidate> all = candidates(x, options);
    std::vector<std::size_t> ends;
    for (std::size_t end : options.buckets)
        if (end < horizon) ends.push_back(end);
    ends.push_back(horizon);
    std::size_t from = 0;
    for (std::size_t end : ends) {
        bool judged = false;
        for (const auto &row : result.residuals) judged = judged || row.size() > from;
        // Steps beyond what the history can show keep the weights of the last that it could.
        if (judged || from == 0) {
            for (Candidate &c : all) {
                c.error = rolling_error(x, c, result.origins, from, std::min(end, steps));
                if (stop) stop();
            }
            weigh(all, static_cast<double>(n), options.patience, judged);
        }
        for (const Candidate &c : all) add(result, c, from, end);
        from = end;
        if (stop) stop();
    }
    return result;
}

}  // namespace analytics::core
