#include "core/anomaly/threshold.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace analytics::core {
namespace {

constexpr double least_orders = 5, least_orders_for_fulfillment = 10;

ShopHour means(std::span<const ShopHour> hours) {
    ShopHour mean;
    double fulfillment = 0;
    int rated = 0;
    for (const ShopHour &h : hours) {
        mean.orders += h.orders;
        mean.revenue += h.revenue;
        if (h.fulfillment) fulfillment += *h.fulfillment, ++rated;
    }
    if (!hours.empty()) {
        mean.orders /= static_cast<double>(hours.size());
        mean.revenue /= static_cast<double>(hours.size());
    }
    if (rated > 0) mean.fulfillment = fulfillment / rated;
    return mean;
}

}  // namespace

/// Limits are met by exact multiples, whatever the last bit of a quotient is.
std::optional<Severity> threshold_severity(double deviation_pct) {
    double const d = deviation_pct + 1e-9;
    if (d >= 80) return Severity::critical;
    if (d >= 60) return Severity::high;
    if (d >= 45) return Severity::medium;
    if (d >= 30) return Severity::low;
    return std::nullopt;
}

std::vector<ShopFinding> threshold_anomalies(std::span<const ShopHour> hours, std::size_t before) {
    std::vector<ShopFinding> found;
    for (std::size_t i = before; i < hours.size(); ++i) {
        ShopHour const mean = means(hours.subspan(i - before, before));
        auto const judge = [&](double actual, double expected, ShopAnomaly low, std::optional<ShopAnomaly> high) {
            if (!(expected > 0) || (actual > expected && !high)) return;
            double const deviation = deviation_pct(actual, expected);
            if (std::optional<Severity> const severity = threshold_severity(deviation))
                found.push_back({i, actual > expected ? *high : low, *severity});
        };
        if (mean.orders >= least_orders) {
            judge(hours[i].orders, mean.orders, ShopAnomaly::low_order_volume, ShopAnomaly::high_order_volume);
            judge(hours[i].revenue, mean.revenue, ShopAnomaly::low_revenue, ShopAnomaly::high_revenue);
        }
        if (mean.orders >= least_orders_for_fulfillment && hours[i].fulfillment && mean.fulfillment)
            judge(*hours[i].fulfillment, *mean.fulfillment, ShopAnomaly::low_fulfillment, std::nullopt);
    }
    std::sort(found.begin(), found.end(), [](const ShopFinding &a, const ShopFinding &b) {
        return std::tuple(a.severity, b.hour, a.anomaly) < std::tuple(b.severity, a.hour, b.anomaly);
    });
    return found;
}

}  // namespace analytics::core
