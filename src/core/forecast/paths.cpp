#include "core/forecast/paths.hpp"

#include "core/forecast/forecaster.hpp"
#include "core/forecast/intervals.hpp"
#include "core/statistics/random.hpp"
#include "core/statistics/robust.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>

namespace analytics::core {

namespace {

// Chosen on 486 daily and 120 simulated budgets by Brier score and coverage of the total.
constexpr double level_share = 0.3;  // of the variance that errors far ahead have beyond those of the next day
constexpr double noise_share = 0.8;  // of the errors of the next day: a part of them is the level's
constexpr double least_level = 0.3;  // variance of the level at least, in that of the next day's errors

// How far the mean errors over the horizon, seen within the history, say how far off its level may be, against what the
// errors of single steps say.
constexpr double trusted_after = 200;  // points after which they count as much

constexpr double redrawn_share = 0.25;     // of the paths are drawn from the last days
constexpr double redrawn_idle = 0.5;       // more of them where use comes and goes
constexpr double often_idle = 0.3;         // from this share of idle days on it does
constexpr std::size_t redrawn_days = 28;   // the last days
constexpr std::size_t redrawn_least = 14;  // values before that is done; also the days that make their mean certain

constexpr double mean_absolute = 1.2533141373155;  // a normal's standard deviation in mean absolute deviations
constexpr std::uint64_t seed = 0x616e616c79746963;

// Heavier tails than a normal's: the scale itself is uncertain. Student t with 5 degrees of freedom by Cornish and
// Fisher's expansion, good to 1 % within 4 standard deviations.
double heavy(double z) {
    constexpr double df = 5;
    double const z3 = z * z * z, z5 = z3 * z * z;
    return z + (z3 + z) / (4 * df) + (5 * z5 + 16 * z3 + 3 * z) / (96 * df * df);
}
// Quantiles of the noise, tabulated: a draw is a place in the table. The tails, where the table is coarse, are
// computed.
class NoiseQuantiles {
  public:
    explicit NoiseQuantiles(const PathModel &model) : model_(model) {
        for (std::size_t i = 0; i <= cells; ++i)
            table_[i] = exact(std::clamp(static_cast<double>(i) / cells, 1e-6, 1 - 1e-6));
    }
    double operator()(double u) const {
        double const place = u * cells;
        std::size_t const i = static_cast<std::size_t>(place);
        if (i < cells / 64 || i >= cells - cells / 64) return exact(u);
        return table_[i] + (place - static_cast<double>(i)) * (table_[i + 1] - table_[i]);
    }

  private:
    static constexpr std::size_t cells = 512;

    double exact(double u) const {
        double const normal = fast_normal_quantile(u);
        if (model_.noise.empty()) return normal;
        return model_.trust * quantile7_sorted(model_.noise, u) + (1 - model_.trust) * mean_absolute * normal;
    }
    const PathModel &model_;
    double table_[cells + 1];
};

// The variance of the level's errors by the mean errors over the horizon, at origins that see half of it (a month is
// enough); their noise, of this variance a day, is taken off. Nothing where the history is too short for one.
std::optional<double> seen_level_variance(const Prediction &prediction, std::size_t horizon, double noise) {
    std::size_t const least = std::max<std::size_t>(4, std::min<std::size_t>(horizon, 30) / 2);
    double sum = 0, count = 0;
    for (const std::vector<double> &row : prediction.residuals) {
        if (row.size() < least) continue;
        std::span<const double> const steps(row.data(), std::min(horizon, row.size()));
        double const off = mean(steps);
        sum += off * off - noise / static_cast<double>(steps.size()), count += 1;
    }
    if (count == 0) return std::nullopt;
    return std::max(0.0, sum / count);
}

// The share of idle days, of those phases of the season that are in use: weekends that are always idle do not count.
double idle_share(std::span<const double> days, std::size_t season) {
    double idle = 0, all = 0;
    for (std::size_t phase = 0; phase < std::min(season, days.size()); ++phase) {
        double zeros = 0, values = 0;
        for (std::size_t i = phase; i < days.size(); i += season) zeros += days[i] == 0 ? 1 : 0, values += 1;
        if (zeros < values) idle += zeros, all += values;
    }
    return all > 0 ? idle / all : 0;
}

}  // namespace

PathModel path_model(const Prediction &prediction, std::size_t horizon, std::size_t season) {
    ErrorQuantiles const errors(prediction, horizon, season);
    PathModel model{prediction.transform, {}, 0, 0, 0, errors.trust(), errors.standardised()};
    for (double x : prediction.value) model.centre.push_back(prediction.transform.forward(x));
    // Standard deviations from mean absolute errors as a normal has them.
    double const first = mean_absolute * errors.scale(0), middle = mean_absolute * errors.expected(horizon / 2);
    model.scale = noise_share * errors.scale(0);
    double const level = std::max(middle * middle - first * first, least_level * first * first);
    double variance = level_share * level;
    double const noise = mean_absolute * model.scale;
    if (auto const seen = seen_level_variance(prediction, horizon, noise * noise)) {
        double const points = static_cast<double>(prediction.points), trust = points / (points + trusted_after);
        variance = (1 - trust) * variance + trust * *seen;
    }
    model.start_deviation = std::sqrt(variance);
    return model;
}

SpendPaths::SpendPaths(std::span<const double> series, std::size_t season, std::size_t horizon, const Stop &stop,
                       std::size_t paths) {
    PreparedSeries const prepared(series, season);
    Prediction const prediction = predict_for_sums(prepared.values, prepared.season, horizon, stop);
    simulate(path_model(prediction, horizon, prepared.season), paths, stop);
    std::span<const double> const known = prepared.values;
    if (known.size() >= redrawn_least) {
        std::span<const double> const last = known.last(std::min(known.size(), redrawn_days));
        double const idle = std::min(1.0, idle_share(last, prepared.season) / often_idle);
        redraw(last, redrawn_share + redrawn_idle * idle, stop);
    }
    for (auto &path : paths_) {
        if (stop) stop();
        for (double &x : path) x = prepared.restore(x);
    }
}

void SpendPaths::redraw(std::span<const double> last, double share, const Stop &stop) {
    auto const days = static_cast<double>(last.size()), count = static_cast<double>(paths_.size());
    double const centre = mean(last);
    double squares = 0;
    for (double const x : last) squares += (x - centre) * (x - centre);
    double const doubt = std::sqrt(squares / days / static_cast<double>(redrawn_least));
    for (std::size_t p = 0; p < paths_.size(); ++p) {
        // Evenly among the others, whose levels are in order.
        if (std::floor(share * static_cast<double>(p + 1)) == std::floor(share * static_cast<double>(p))) continue;
        if (stop) stop();
        double const level = doubt * fast_normal_quantile((static_cast<double>(p) + 0.5) / count);
        for (std::size_t k = 0; k < paths_[p].size(); ++k) {
            auto const day = static_cast<std::size_t>(random_uniform(seed + 1, p, k) * days);
            paths_[p][k] = std::max(0.0, last[std::min(day, last.size() - 1)] + level);
        }
    }
}

SpendPaths::SpendPaths(const PathModel &model, std::size_t paths) { simulate(model, paths, {}); }

void SpendPaths::simulate(const PathModel &model, std::size_t paths, const Stop &stop) {
    if (paths == 0) throw std::invalid_argument("at least one path is needed");
    std::size_t const days = model.centre.size();
    NoiseQuantiles const draw(model);
    double const count = static_cast<double>(paths);
    paths_.reserve(paths);
    for (std::size_t p = 0; p < paths; ++p) {
        if (stop) stop();
        std::vector<double> &path = paths_.emplace_back(days);
        double level = model.start_deviation * heavy(fast_normal_quantile((static_cast<double>(p) + 0.5) / count));
        for (std::size_t k = 0; k < days; ++k) {
            double const noise = model.scale * draw(random_uniform(seed, p, k));
            path[k] = std::max(0.0, model.transform.back(model.centre[k] + level + noise));
            level += model.drift * noise;
        }
    }
}

}  // namespace analytics::core
