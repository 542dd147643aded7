// Hours of the shop that do not fit.
#include "core/anomaly/threshold.hpp"
#include "domains/commerce/shop_hours.hpp"
#include "engine/periods.hpp"
#include "pg/rows.hpp"

using namespace analytics;
using commerce::Customers;
using commerce::Sales;

namespace {

constexpr int looked_at = 24, before = 24;  // hours

const char *name_of(core::ShopAnomaly anomaly) {
    switch (anomaly) {
    case core::ShopAnomaly::low_order_volume: return "low_order_volume";
    case core::ShopAnomaly::high_order_volume: return "high_order_volume";
    case core::ShopAnomaly::low_revenue: return "low_revenue";
    case core::ShopAnomaly::high_revenue: return "high_revenue";
    case core::ShopAnomaly::low_fulfillment: return "low_fulfillment";
    }
    return "";
}

const char *name_of(core::Severity severity) {
    switch (severity) {
    case core::Severity::critical: return "critical";
    case core::Severity::high: return "high";
    case core::Severity::medium: return "medium";
    case core::Severity::low: return "low";
    }
    return "";
}

double two_decimals(double value) { return std::round(value * 100) / 100; }
std::optional<double> two_decimals(std::optional<double> value) {
    return value ? std::optional(two_decimals(*value)) : std::nullopt;
}

core::ShopHour shop_hour(const Sales &s) {
    core::ShopHour hour{static_cast<double>(s.orders), pg::to_double(s.revenue)};
    if (s.orders > 0) hour.fulfillment = 100.0 * static_cast<double>(s.fulfilled) / static_cast<double>(s.orders);
    return hour;
}

}  // namespace

ANALYTICS_FUNCTION(analytics_get_active_anomalies) {
    pg::Args const args(fcinfo);
    int64 const as_of = engine::as_of_argument(args, 0), end = core::floor_to(as_of, engine::hour);
    if (args.one_of(1, "method", {"seasonal", "threshold"}, "seasonal") == "seasonal")
        throw pg::Error(ERRCODE_FEATURE_NOT_SUPPORTED, "method 'seasonal' is not available yet",
                        "This version judges hours by the plain rule only.", "Pass method => 'threshold'.");
    using Number = std::optional<double>;
    pg::RowSink<pg::Timestamp, std::string, double, std::string, int64, double, pg::NumericValue, pg::NumericValue, Number, Number,
                double, double, double, Number>
        rows(fcinfo);
    pg::Spi const spi;
    std::vector<int64> edges;
    for (int i = -looked_at - before; i <= 0; ++i) edges.push_back(end + i * engine::hour);
    std::vector<Sales> const sales = commerce::read_sales(spi, engine::find_rollup(spi, "order_stats"), engine::current_tenant(), edges,
                                                          as_of, Customers::left_out);
    std::vector<core::ShopHour> hours;
    for (const Sales &s : sales) hours.push_back(shop_hour(s));
    for (const core::ShopFinding &f : core::threshold_anomalies(hours, before)) {
        const Sales &now = sales[f.hour];
        Datum revenue_before = pg::to_numeric(0);
        for (std::size_t i = f.hour - before; i < f.hour; ++i) revenue_before = pg::add(revenue_before, sales[i].revenue);
        rows.put(pg::Timestamp{edges[f.hour]}, name_of(f.anomaly), two_decimals(f.deviation_pct), name_of(f.severity), now.orders,
                 two_decimals(f.before.orders), pg::NumericValue{now.revenue},
                 *pg::quotient(revenue_before, pg::to_numeric(before), 2), two_decimals(hours[f.hour].fulfillment),
                 two_decimals(f.before.fulfillment), two_decimals(f.expected), two_decimals(f.expected * 0.7),
                 two_decimals(f.expected * 1.3), std::nullopt);
    }
    return 0;
}
