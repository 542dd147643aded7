#include "core/forecast/profile.hpp"

#include "core/statistics/robust.hpp"

#include <algorithm>
#include <cmath>

namespace analytics::core {

namespace {

constexpr std::size_t most_origins = 40, most_steps = 200;
constexpr double sharpness = 40;

struct Smoothing {
    double level, day, week, autocorrelation;
};

// Where a point lies in the day and in the week; counting is cheaper than dividing.
struct Phase {
    std::size_t day, week;

    void next(std::size_t days, std::size_t weeks) {
        day = day + 1 < days ? day + 1 : 0;
        week = week + 1 < weeks ? week + 1 : 0;
    }
};

struct State {
    double level = 0, error = 0;
    std::vector<double> day, week;  // week: one 0 when there is none
    Phase phase = {0, 0};           // of the next point

    void learn(double z, const Smoothing &s) {
        double const deviation = z - level - day[phase.day] - week[phase.week];
        double const surprise = deviation - s.autocorrelation * error;
        level += s.level * surprise;
        day[phase.day] += s.day * surprise;
        week[phase.week] += s.week * surprise;  // without a week the weight is 0
        error = deviation - (s.level + s.day + s.week) * surprise;
        phase.next(day.size(), week.size());
    }
    // Forecasts of the next points.
    void ahead(double autocorrelation, std::span<double> out) const {
        double carried = error;
        Phase at = phase;
        for (double &x : out) {
            carried *= autocorrelation;
            x = level + day[at.day] + week[at.week] + carried;
            at.next(day.size(), week.size());
        }
    }
};

struct Plan {  // where the history is judged
    std::size_t start, stride, steps;
    bool origin(std::size_t i, std::size_t n) const { return i + 1 >= start && i + 1 < n && (n - 1 - i) % stride == 0; }
};

State start_state(std::span<const double> z, std::size_t start, std::size_t season, std::size_t week) {
    State state{mean(z.first(start)),
                0,
                std::vector<double>(season, 0),
                std::vector<double>(std::max<std::size_t>(week, 1), 0),
                {0, 0}};
    std::vector<double> counts(season, 0);
    for (std::size_t i = 0; i < start; ++i) state.day[i % season] += z[i] - state.level, counts[i % season] += 1;
    for (std::size_t k = 0; k < season; ++k) state.day[k] /= std::max(counts[k], 1.0);
    if (week == 0) return state;
    std::size_t const weeks = start / week;
    auto const seen = static_cast<double>(weeks);
    for (std::size_t i = 0; i < start; ++i)
        state.week[i % week] += 0.7 * (z[i] - state.level - state.day[i % season]) / seen;
    return state;
}

std::vector<Smoothing> grid(bool weekly) {
    std::vector<Smoothing> all;
    std::vector<double> const weeks = weekly ? std::vector<double>{0.03, 0.1, 0.3} : std::vector<double>{0};
    for (double level : {0.001, 0.01, 0.05, 0.2})
        for (double day : {0.03, 0.1, 0.3, 0.6})
            for (double week : weeks)
                for (double autocorrelation : {0.0, 0.6, 0.9, 0.97}) all.push_back({level, day, week, autocorrelation});
    return all;
}

// Runs one smoothing through the history. Forecasts from each origin go to `visit(i, forecasts)`; returns those from
// the end.
template <typename Visit>
std::vector<double> run(std::span<const double> z, State state, const Smoothing &s, const Plan &plan,
                        std::size_t horizon, Visit visit) {
    std::vector<double> ahead(plan.steps);
    for (std::size_t i = 0; i < z.size(); ++i) {
        state.learn(z[i], s);
        if (!plan.origin(i, z.size())) continue;
        std::span<double> const steps = std::span(ahead).first(std::min(plan.steps, z.size() - 1 - i));
        state.ahead(s.autocorrelation, steps);
        visit(i, steps);
    }
    std::vector<double> end(horizon);
    state.ahead(s.autocorrelation, end);
    return end;
}

}  // namespace

Prediction forecast_double_seasonal(std::span<const double> y, std::size_t season, std::size_t horizon,
                                    const Stop &stop) {
    y = recent_profile(y, season);
    std::size_t const n = y.size(), week = week_of(season, n), longest = week > 0 ? week : season;
    Prediction result{{}, Transform(y, 1), {}, n};
    std::vector<double> const z = result.transform.forward(y);
    Plan plan{std::min(n, n >= 4 * longest ? 2 * longest : longest), 1, std::min(horizon, most_steps)};
    plan.stride = std::max<std::size_t>(1, (n - plan.start) / most_origins);
    if (plan.stride % season == 0) ++plan.stride;  // origins at all times of the day
    State const start = start_state(z, plan.start, season, week);

    std::vector<Smoothing> const all = grid(week > 0);
    std::vector<double> errors;
    std::vector<std::vector<double>> ends;
    for (const Smoothing &s : all) {
        double sum = 0, count = 0;
        ends.push_back(run(z, start, s, plan, horizon, [&](std::size_t i, std::span<const double> steps) {
            for (std::size_t k = 0; k < steps.size(); ++k) sum += std::abs(z[i + 1 + k] - steps[k]);
            count += static_cast<double>(steps.size());
        }));
        errors.push_back(count > 0 ? sum / count : 0);
        if (stop) stop();
    }
    double const best = *std::min_element(errors.begin(), errors.end());
    std::vector<double> weights;
    weights.reserve(errors.size());
    for (double e : errors) weights.push_back(best > 0 ? std::pow(best / e, sharpness) : (e > 0 ? 0 : 1));
    for (double &w : weights) w = w < 0.01 ? 0 : w;  // the best has 1; the others cost a second run
    double total = 0;
    for (double w : weights) total += w;

    std::vector<double> end(horizon, 0);
    for (std::size_t i = n; i-- > 0;)
        if (plan.origin(i, n))
            result.residuals.emplace_back(z.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                          z.begin() + static_cast<std::ptrdiff_t>(std::min(n, i + 1 + plan.steps)));
    for (std::size_t c = 0; c < all.size(); ++c) {
        double const w = weights[c] / total;
        if (!(w > 0)) continue;
        for (std::size_t k = 0; k < horizon; ++k) end[k] += w * ends[c][k];
        std::size_t row = result.residuals.size();
        run(z, start, all[c], plan, 0, [&](std::size_t, std::span<const double> steps) {
            std::vector<double> &residuals = result.residuals[--row];
            for (std::size_t k = 0; k < steps.size(); ++k) residuals[k] -= w * steps[k];
        });
        if (stop) stop();
    }
    for (double x : end) result.value.push_back(result.transform.back(x));
    return result;
}

}  // namespace analytics::core
