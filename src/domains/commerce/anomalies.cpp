// Hours of the shop that do not fit.
#include "core/anomaly/threshold.hpp"
#include "core/rollup/cover.hpp"
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
    case core::ShopAnomaly::low_order_volume:
        return "low_order_volume";
    case core::ShopAnomaly::high_order_volume:
        return "high_order_volume";
    case core::ShopAnomaly::low_revenue:
        return "low_revenue";
    case core::ShopAnomaly::high_revenue:
        return "high_revenue";
    case core::ShopAnomaly::low_fulfillment:
        return "low_fulfillment";
    }
    return "";
}

/// The rate as numeric; nothing in an hour without orders.
std::optional<Datum> rate(const Sales &s) {
    if (s.orders == 0) return std::nullopt;
    return pg::numeric_call(numeric_div, pg::to_numeric(100 * s.fulfilled), pg::to_numeric(s.orders));
}

/// Exact means of the hours before one, unrounded.
struct Means {
    Datum orders, revenue;
    std::optional<Datum> rate;
};
Means means(std::span<const Sales> hours) {
    Datum orders = pg::to_numeric(0), revenue = orders, rates = orders;
    int64 rated = 0;
    for (const Sales &s : hours) {
        orders = pg::add(orders, pg::to_numeric(s.orders));
        revenue = pg::add(revenue, s.revenue);
        if (std::optional<Datum> const r = rate(s)) rates = pg::add(rates, *r), ++rated;
    }
    auto const mean = [](Datum sum, int64 n) { return pg::numeric_call(numeric_div, sum, pg::to_numeric(n)); };
    auto const n = static_cast<int64>(hours.size());
    return {mean(orders, n), mean(revenue, n), rated > 0 ? std::optional(mean(rates, rated)) : std::nullopt};
}

std::optional<pg::NumericValue> shown(std::optional<Datum> value) {
    return value ? std::optional(pg::rounded(*value, 2)) : std::nullopt;
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
    using pg::NumericValue;
    using Number = std::optional<NumericValue>;
    pg::RowSink<pg::Timestamp, std::string, Number, std::string, int64, NumericValue, NumericValue, NumericValue,
                Number, Number, NumericValue, Number, Number, std::optional<double>>
        rows(fcinfo);
    pg::Spi const spi;
    std::vector<int64> edges;
    for (int i = -looked_at - before; i <= 0; ++i) edges.push_back(end + i * engine::hour);
    std::vector<Sales> const sales = commerce::read_sales(commerce::Shop(spi), edges, as_of, Customers::left_out);
    std::vector<core::ShopHour> hours;
    for (const Sales &s : sales) hours.push_back(shop_hour(s));
    for (const core::ShopFinding &f : core::threshold_anomalies(hours, before)) {
        const Sales &now = sales[f.hour];
        Means const mean = means(std::span(sales).subspan(f.hour - before, before));
        Datum actual = 0, expected = 0;
        switch (f.anomaly) {
        case core::ShopAnomaly::low_order_volume:
        case core::ShopAnomaly::high_order_volume:
            actual = pg::to_numeric(now.orders), expected = mean.orders;
            break;
        case core::ShopAnomaly::low_revenue:
        case core::ShopAnomaly::high_revenue:
            actual = now.revenue, expected = mean.revenue;
            break;
        case core::ShopAnomaly::low_fulfillment:
            actual = rate(now).value(), expected = mean.rate.value();
            break;
        }
        Datum const off = pg::numeric_call(numeric_abs, pg::numeric_call(numeric_sub, actual, expected));
        auto const share = [&](int64 percent) {
            return pg::quotient(pg::numeric_call(numeric_mul, expected, pg::to_numeric(percent)), pg::to_numeric(100),
                                2);
        };
        rows.put(pg::Timestamp{edges[f.hour]}, name_of(f.anomaly),
                 pg::quotient(pg::numeric_call(numeric_mul, off, pg::to_numeric(100)), expected, 2),
                 core::name_of(f.severity), now.orders, pg::rounded(mean.orders, 2), pg::NumericValue{now.revenue},
                 pg::rounded(mean.revenue, 2), shown(rate(now)), shown(mean.rate), pg::rounded(expected, 2), share(70),
                 share(130), std::nullopt);
    }
    return 0;
}
