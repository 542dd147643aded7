#include "core/forecast/budget.hpp"

#include "core/statistics/robust.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace analytics::core {

namespace {

// The share p of the futures is exhausted by this day.
std::optional<double> day_quantile(std::span<const double> sorted_days, double p) {
    double const place = p * static_cast<double>(sorted_days.size());
    double const day = sorted_days[std::min(static_cast<std::size_t>(place), sorted_days.size() - 1)];
    if (!std::isfinite(day)) return std::nullopt;
    return day;
}

}  // namespace

Exhaustion exhaustion_of(const SpendPaths &spend, double spent, double budget, const Stop &stop) {
    if (!std::isfinite(spent) || !std::isfinite(budget)) throw std::invalid_argument("spent and budget must be finite");
    std::size_t const days = spend.days();
    Exhaustion answer;
    answer.p_by_day.assign(days, 0), answer.cumulative_mean.assign(days, 0);
    std::vector<double> reached, totals;
    double const share = 1 / static_cast<double>(spend.paths().size());
    for (const std::vector<double> &path : spend.paths()) {
        if (stop) stop();
        double sum = 0, day = spent >= budget ? 0 : std::numeric_limits<double>::infinity();
        for (std::size_t k = 0; k < days; ++k) {
            if (std::isinf(day) && spent + sum + path[k] >= budget)
                day = static_cast<double>(k) + (budget - spent - sum) / path[k];
            sum = std::min(sum + path[k], std::numeric_limits<double>::max());
            answer.cumulative_mean[k] += share * sum;
            if (std::isfinite(day)) answer.p_by_day[k] += share;
        }
        reached.push_back(day), totals.push_back(sum);
    }
    std::sort(reached.begin(), reached.end());
    std::sort(totals.begin(), totals.end());
    answer.p_exhaust = days > 0 ? std::min(1.0, answer.p_by_day.back()) : spent >= budget ? 1 : 0;
    answer.day_p10 = day_quantile(reached, 0.1);
    answer.day_p50 = day_quantile(reached, 0.5);
    answer.day_p90 = day_quantile(reached, 0.9);
    answer.total_mean = answer.cumulative_mean.back();
    answer.total_lower_80 = quantile7_sorted(totals, 0.1);
    answer.total_upper_80 = quantile7_sorted(totals, 0.9);
    return answer;
}

Exhaustion forecast_exhaustion(std::span<const double> series, double spent, double budget, std::size_t horizon,
                               std::size_t season, const Stop &stop) {
    if (horizon < 1 || horizon > 10'000) throw std::invalid_argument("the horizon must be 1 to 10,000 steps");
    return exhaustion_of(SpendPaths(series, season, horizon, stop), spent, budget, stop);
}

}  // namespace analytics::core
