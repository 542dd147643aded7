#include "core/forecast/intermittent.hpp"

#include "core/series/scaling.hpp"
#include "core/statistics/distributions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

namespace analytics::core {
namespace {

/// What the methods share: the values brought to size about 1, and what there is to say of the sizes.
struct Demand {
    double scale;
    std::vector<double> y;
    std::size_t count = 0, first = 0, last = 0;  // periods with demand, and which
    double mean = 0, variance = 0;               // of their sizes

    explicit Demand(std::span<const double> series) : scale(size_of(series)), y(divided(series, scale)) {
        for (std::size_t t = 0; t < y.size(); ++t) {
            if (y[t] < 0) throw std::invalid_argument("demand must not be negative");
            if (y[t] == 0) continue;
            if (count++ == 0) first = t;
            last = t;
            double const off = y[t] - mean;  // Welford
            mean += off / static_cast<double>(count);
            variance += off * (y[t] - mean);
        }
        if (count > 1) variance /= static_cast<double>(count - 1);
    }

    /// Mean periods from demand to demand, the first counted from before the first point.
    double interval() const { return static_cast<double>(last + 1) / static_cast<double>(count); }

    DemandRate rate(double per_period, double probability) const {
        constexpr double largest = std::numeric_limits<double>::max();
        double const p = std::clamp(probability, 0.0, 1.0), size = p > 0 ? per_period / p : 0.0;
        double const deviation = std::sqrt(p * variance + p * (1 - p) * size * size);
        return {std::min(per_period * scale, largest), p, std::min(size * scale, largest),
                std::min(deviation * scale, largest)};
    }
};

void check(double weight) {
    if (!(weight > 0 && weight <= 1)) throw std::invalid_argument("a smoothing weight must be in (0, 1]");
}

DemandRate croston_times(const Demand &demand, double alpha, double factor) {
    if (demand.count == 0) return {};
    double size = demand.y[demand.first], interval = static_cast<double>(demand.first + 1);
    std::size_t before = demand.first;
    for (std::size_t t = demand.first + 1; t < demand.y.size(); ++t) {
        if (demand.y[t] == 0) continue;
        size += alpha * (demand.y[t] - size);
        interval += alpha * (static_cast<double>(t - before) - interval);
        before = t;
    }
    return demand.rate(factor * size / interval, 1 / interval);
}

DemandRate tsb_of(const Demand &demand, double alpha, double beta) {
    if (demand.count == 0) return {};
    double size = demand.y[demand.first], probability = demand.y[0] > 0 ? 1 : 0;
    for (std::size_t t = 1; t < demand.y.size(); ++t) {
        bool const some = demand.y[t] > 0;
        probability += beta * (some - probability);
        if (some) size += alpha * (demand.y[t] - size);
    }
    return demand.rate(size * probability, probability);
}

DemandPattern pattern_of(const Demand &demand) {
    DemandPattern pattern;
    if (demand.count == 0) return pattern;
    pattern.interval = demand.interval();
    pattern.cv2 = demand.variance / (demand.mean * demand.mean);
    bool const rare = pattern.interval >= 1.32, varied = pattern.cv2 >= 0.49;
    pattern.kind = rare ? (varied ? DemandKind::lumpy : DemandKind::intermittent)
                        : (varied ? DemandKind::erratic : DemandKind::smooth);
    auto const silent = static_cast<double>(demand.y.size() - 1 - demand.last);
    pattern.ending = silent >= 4 && silent > 3 * pattern.interval;
    return pattern;
}

}  // namespace

double demand_quantile(const DemandRate &demand, double p) {
    double const among = (p - (1 - demand.probability)) / demand.probability;
    if (!(demand.probability > 0 && among > 0)) return 0;
    double const relative = demand.deviation / demand.size,  // squares of the sizes themselves may be no doubles
        variance = relative * relative / demand.probability - (1 - demand.probability);
    if (!(variance > 1e-6)) return demand.size;
    return demand.size * gamma_quantile(among, 1 / variance, variance);
}

DemandRate croston(std::span<const double> y, double alpha) {
    check(alpha);
    return croston_times(Demand(y), alpha, 1);
}

DemandRate sba(std::span<const double> y, double alpha) {
    check(alpha);
    return croston_times(Demand(y), alpha, 1 - alpha / 2);
}

DemandRate tsb(std::span<const double> y, double alpha, double beta) {
    check(alpha), check(beta);
    return tsb_of(Demand(y), alpha, beta);
}

DemandRate adida(std::span<const double> y, double alpha) {
    check(alpha);
    Demand const demand(y);
    if (demand.count == 0) return {};
    std::size_t const n = demand.y.size();
    auto const block = std::clamp<std::size_t>(static_cast<std::size_t>(std::lround(demand.interval())), 1, n);
    double level = 0;
    bool started = false;
    for (std::size_t t = n % block; t < n; t += block) {
        double sum = 0;
        for (std::size_t i = t; i < t + block; ++i) sum += demand.y[i];
        level = started ? level + alpha * (sum - level) : sum;
        started = true;
    }
    return demand.rate(level / static_cast<double>(block), 1 / demand.interval());
}

DemandPattern demand_pattern(std::span<const double> y) { return pattern_of(Demand(y)); }

DemandRate intermittent_demand(std::span<const double> y, double alpha) {
    check(alpha);
    Demand const demand(y);
    DemandPattern const pattern = pattern_of(demand);
    if (pattern.ending) return tsb_of(demand, alpha, alpha);
    bool const rare = pattern.kind == DemandKind::intermittent || pattern.kind == DemandKind::lumpy;
    return croston_times(demand, alpha, rare ? 1 - alpha / 2 : 1);
}

}  // namespace analytics::core
