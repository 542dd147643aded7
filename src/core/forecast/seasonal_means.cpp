#include "core/forecast/seasonal_means.hpp"

#include "core/statistics/robust.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace analytics::core {

namespace {

struct Phase {
    std::vector<double> deviations, weights;
};

std::vector<Phase> collect(std::span<const double> y, std::size_t season, const SeasonOptions &options) {
    std::vector<double> const level = local_mean(y, season);
    std::vector<Phase> phases(season);
    double const step = std::pow(options.decay, 1.0 / static_cast<double>(season));
    double weight = 1;
    for (std::size_t i = y.size(); i-- > 0; weight *= step) {
        if (options.kind == SeasonKind::multiplicative && !(level[i] > 0)) continue;
        double const deviation = options.kind == SeasonKind::multiplicative ? y[i] / level[i] - 1 : y[i] - level[i];
        phases[i % season].deviations.push_back(deviation);
        phases[i % season].weights.push_back(std::max(weight, 1e-12));
    }
    return phases;
}

// Moves wild deviations in to 2.5 robust standard deviations from the middle: one wild day must neither set the figure
// of its phase nor, by its variance, make all figures look like chance. Three or fewer cannot tell which of them is
// wild.
void clip(std::vector<double> &x) {
    if (x.size() < 4) return;
    double const middle = median(x), reach = 2.5 * mad_about(x, middle);
    if (!(reach > 0)) return;
    for (double &value : x) value = std::clamp(value, middle - reach, middle + reach);
}

double centre_of(const Phase &phase, SeasonCentre how) {
    std::span<const double> const x = phase.deviations;
    if (x.empty()) return 0;
    if (how == SeasonCentre::median) return median(x);
    double sum = 0, weights = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += phase.weights[i] * x[i], weights += phase.weights[i];
    return sum / weights;
}

// How much of the differences between the phases is not chance.
double james_stein(const std::vector<Phase> &phases, std::span<const double> centres, double between) {
    double within = 0, points = 0, noise = 0;
    double const season = static_cast<double>(phases.size());
    for (std::size_t k = 0; k < phases.size(); ++k) {
        double sum = 0, squares = 0;
        for (double w : phases[k].weights) sum += w, squares += w * w;
        if (sum > 0) noise += squares / (sum * sum);
        for (double x : phases[k].deviations) within += (x - centres[k]) * (x - centres[k]);
        points += static_cast<double>(phases[k].deviations.size());
    }
    if (!(between > 0) || points <= season) return 0;
    double const variance = within / (points - season);
    return std::max(0.0, 1 - variance * noise * (season - 1) / (season * between));
}

std::vector<double> one_season(std::span<const double> y, std::size_t season, const SeasonOptions &options) {
    std::vector<double> sums(season, 0), counts(season, 0);
    for (std::size_t i = 0; i < y.size(); ++i) sums[i % season] += y[i], counts[i % season] += 1;
    for (std::size_t k = 0; k < season; ++k) sums[k] /= counts[k];
    double const middle = mean(sums);
    bool const factors = options.kind == SeasonKind::multiplicative;
    for (double &x : sums) {
        double const deviation = factors ? (middle > 0 ? x / middle - 1 : 0) : x - middle;
        x = (factors ? 1 : 0) + options.one_season * deviation;
    }
    return sums;
}

}  // namespace

std::vector<double> local_mean(std::span<const double> y, std::size_t width) {
    std::size_t const n = y.size();
    if (width == 0) throw std::invalid_argument("the width of a local mean must be at least 1");
    if (n <= width) return std::vector<double>(n, n > 0 ? mean(y) : 0);
    std::vector<double> sums(n + 1, 0), level(n);
    for (std::size_t i = 0; i < n; ++i) sums[i + 1] = sums[i] + y[i];
    for (std::size_t i = 0; i < n; ++i) {
        std::size_t const from = std::min(i > width / 2 ? i - width / 2 : 0, n - width);
        level[i] = (sums[from + width] - sums[from]) / static_cast<double>(width);
    }
    return level;
}

std::vector<double> seasonal_means(std::span<const double> y, std::size_t season, const SeasonOptions &options) {
    if (season == 0) throw std::invalid_argument("the season of seasonal means must be at least 1");
    double const none = options.kind == SeasonKind::multiplicative ? 1 : 0;
    if (season == 1 || y.size() < season) return std::vector<double>(season, none);
    if (y.size() < 2 * season) return one_season(y, season, options);

    std::vector<Phase> phases = collect(y, season, options);
    for (Phase &phase : phases) clip(phase.deviations);
    std::vector<double> figures(season);
    for (std::size_t k = 0; k < season; ++k) figures[k] = centre_of(phases[k], options.centre);
    double const middle = mean(figures);
    double between = 0;
    for (double &x : figures) x -= middle, between += x * x;
    double const share = james_stein(phases, figures, between);
    for (double &x : figures) x = none + share * x;
    return figures;
}

std::vector<double> deseasonalise(std::span<const double> y, std::span<const double> figures, SeasonKind kind) {
    std::vector<double> x(y.begin(), y.end());
    for (std::size_t i = 0; i < x.size(); ++i) {
        double const figure = figures[i % figures.size()];
        if (kind == SeasonKind::additive) x[i] -= figure;
        else if (figure > 0.05) x[i] /= figure;
    }
    return x;
}

}  // namespace analytics::core
