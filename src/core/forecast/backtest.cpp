#include "core/forecast/backtest.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace analytics::core {

namespace {

// Mean absolute change from one season to the next; from point to point when the history is short; the mean absolute
// value when it never changes.
double naive_error(std::span<const double> history, std::size_t season) {
    std::size_t const lag = history.size() >= 2 * season ? season : 1;
    double sum = 0, count = 0, size = 0, values = 0;
    for (std::size_t i = 0; i < history.size(); ++i) {
        if (std::isnan(history[i])) continue;
        size += std::abs(history[i]), values += 1;
        if (i >= lag && !std::isnan(history[i - lag])) sum += std::abs(history[i] - history[i - lag]), count += 1;
    }
    if (sum > 0) return sum / count;
    return values > 0 ? size / values : 0;
}

struct Sums {
    double error = 0, value = 0, symmetric = 0, within_80 = 0, within_95 = 0, count = 0, scaled = 0, scaled_folds = 0;
};

}  // namespace

Backtest backtest(std::span<const double> series, int horizon, int season, int folds, Method method, const Stop &stop) {
    if (horizon < 1 || horizon > 10'000) throw std::invalid_argument("the horizon must be 1 to 10,000 steps");
    if (folds < 1) throw std::invalid_argument("a backtest needs at least one fold");
    if (season < 0) throw std::invalid_argument("the season must be at least 1 point");
    PreparedSeries const whole(series, static_cast<std::size_t>(season));
    std::size_t const steps = static_cast<std::size_t>(horizon),
                      least = std::max({steps, 2 * whole.season, std::size_t{4}});
    ForecastOptions const options{horizon, static_cast<int>(whole.season), {80, 95}, method};
    double const unit = whole.restore(1) > 0 ? whole.restore(1) : 1;  // sums of values near the largest double

    Sums sums;
    Backtest result;
    for (std::size_t end = series.size(); result.folds < folds && end >= steps + least; end -= steps) {
        std::span<const double> const history = series.first(end - steps), seen = series.subspan(end - steps, steps);
        if (std::all_of(history.begin(), history.end(), [](double x) { return std::isnan(x); })) break;
        ForecastResult const made = forecast(history, options, stop);
        double fold = 0, judged = 0;
        for (std::size_t k = 0; k < steps; ++k) {
            if (std::isnan(seen[k])) continue;
            double const y = seen[k] / unit, f = made.value[k] / unit, error = std::abs(y - f);
            double const size = std::abs(y) + std::abs(f);
            fold += error, judged += 1;
            sums.error += error, sums.value += std::abs(y), sums.count += 1;
            sums.symmetric += size > 0 ? 200 * error / size : 0;
            sums.within_80 += seen[k] >= made.lower[k][0] && seen[k] <= made.upper[k][0] ? 1 : 0;
            sums.within_95 += seen[k] >= made.lower[k][1] && seen[k] <= made.upper[k][1] ? 1 : 0;
        }
        double const scale = naive_error(std::span<const double>(whole.values).first(end - steps), whole.season);
        if (judged > 0 && scale > 0) sums.scaled += fold / judged / scale, sums.scaled_folds += 1;
        ++result.folds;
    }
    if (result.folds == 0) {
        double const unknown = std::nan("");
        return {unknown, unknown, unknown, unknown, unknown, unknown, 0};
    }
    result.mae = sums.error / sums.count * unit;
    result.wape = sums.value > 0 ? sums.error / sums.value : (sums.error > 0 ? std::nan("") : 0);
    result.smape = sums.symmetric / sums.count;
    result.mase = sums.scaled_folds > 0 ? sums.scaled / sums.scaled_folds : (sums.error > 0 ? std::nan("") : 0);
    result.coverage_80 = sums.within_80 / sums.count;
    result.coverage_95 = sums.within_95 / sums.count;
    return result;
}

}  // namespace analytics::core
