// Hours of the shop that do not fit.
#include "core/anomaly/seasonal_detector.hpp"
#include "core/anomaly/shares.hpp"
#include "core/anomaly/threshold.hpp"
#include "core/rollup/cover.hpp"
#include "domains/commerce/shop_hours.hpp"
#include "engine/periods.hpp"
#include "pg/rows.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

using namespace analytics;
using commerce::Customers;
using commerce::Sales;

namespace {

constexpr int looked_at = 24, before = 24, learnt = 28 * 24;  // hours

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

using Number = std::optional<pg::NumericValue>;
using Rows = pg::RowSink<pg::Timestamp, std::string, Number, std::string, int64, pg::NumericValue, pg::NumericValue,
                         pg::NumericValue, Number, Number, Number, Number, Number, std::optional<double>>;

std::vector<int64> hours_until(int64 end, int count) {
    std::vector<int64> edges;
    for (int i = -count; i <= 0; ++i) edges.push_back(end + i * engine::hour);
    return edges;
}

void judge_by_threshold(const pg::Spi &spi, int64 as_of, Rows &rows) {
    std::vector<int64> const edges = hours_until(core::floor_to(as_of, engine::hour), looked_at + before);
    std::vector<Sales> const sales = commerce::read_sales(commerce::Shop(spi), edges, as_of, Customers::left_out).slots;
    std::vector<core::ShopHour> hours;
    hours.reserve(sales.size());
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
}

/// An hour that was judged by what it usually is.
struct Judged {
    std::size_t hour;  // index
    core::ShopAnomaly anomaly;
    double actual, expected, lower, upper, p_value;
    std::optional<core::Severity> severity = std::nullopt;

    double deviation_pct() const { return core::deviation_pct(actual, expected); }
};

/// The last hours of a line, each by all before it.
void judge_line(const std::vector<double> &line, bool counts, core::ShopAnomaly low, core::ShopAnomaly high,
                std::vector<Judged> &judged) {
    auto const begun = std::find_if(line.begin(), line.end(), [](double v) { return v != 0; });
    core::SeasonalDetector detector({.season = 24, .counts = counts});
    for (auto i = static_cast<std::size_t>(begun - line.begin()); i < line.size(); ++i) {
        core::Judgement const j = detector.push(line[i]);
        if (i + looked_at >= line.size())
            judged.push_back({i, j.value > j.expected ? high : low, j.value, j.expected, j.lower, j.upper, j.p_value});
    }
}

/// Fulfillment by age: an hour of this morning has had less time than one of last week. So each of the last hours is
/// compared with the hour so many days earlier as it stood so many days ago.
void judge_fulfillment(const commerce::Shop &shop, const std::vector<int64> &edges, const std::vector<Sales> &sales,
                       int64 as_of, std::vector<Judged> &judged) {
    constexpr int most_days = 7;
    constexpr int64 most_orders = 20'000;  // read from the source: some ten milliseconds
    std::size_t const first = sales.size() - looked_at;
    int days = 0;
    int64 orders = 0;
    for (; days < most_days; ++days) {
        for (std::size_t i = 0; i < looked_at; ++i)
            orders += sales[first + i - static_cast<std::size_t>(days + 1) * looked_at].orders;
        if (orders > most_orders && days >= 2) break;
    }
    static pg::Statement statement(
        "SELECT o.created_at, CASE WHEN o.status = 'fulfilled' THEN o.fulfilled_at END FROM analytics_data.orders o "
        "WHERE o.tenant_id = $1 AND o.created_at >= $2 AND o.created_at < $3 AND o.status <> 'cancelled'",
        {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID}, pg::PlanFor::by_index);
    int64 const end = edges[first], start = end - days * engine::day;
    std::array const values{pg::to_text(shop.tenant), TimestampTzGetDatum(start), TimestampTzGetDatum(end)};
    pg::Result const rows = statement.run(shop.spi, values);
    std::vector<std::vector<core::Share>> past(static_cast<std::size_t>(days), std::vector<core::Share>(looked_at));
    for (uint64 r = 0; r < rows.size(); ++r) {
        int64 const since = DatumGetTimestampTz(*rows.get(r, 0)) - start, ago = days - since / engine::day;
        core::Share &share =
            past[static_cast<std::size_t>(ago - 1)][static_cast<std::size_t>(since % engine::day / engine::hour)];
        std::optional<Datum> const fulfilled = rows.get(r, 1);
        ++share.trials;
        if (fulfilled && DatumGetTimestampTz(*fulfilled) <= as_of - ago * engine::day) ++share.hits;
    }
    rows.free();
    std::vector<core::Share> now;
    for (std::size_t i = first; i < sales.size(); ++i)
        now.push_back({static_cast<double>(sales[i].fulfilled), static_cast<double>(sales[i].orders)});
    std::vector<core::ShareJudgement> const judgements = core::judge_shares(now, past);
    for (std::size_t i = 0; i < looked_at; ++i) {
        const core::ShareJudgement &j = judgements[i];
        if (std::isnan(j.p_value)) continue;
        judged.push_back({first + i, core::ShopAnomaly::low_fulfillment, 100 * now[i].hits / now[i].trials,
                          100 * j.expected, 100 * j.lower, 100 * j.upper, j.p_value});
    }
}

Number decimals(double value) {
    return std::isfinite(value) ? Number(pg::rounded(pg::from_double(value), 2)) : Number();
}

void judge_by_season(const pg::Spi &spi, int64 as_of, Rows &rows) {
    std::vector<int64> const edges = hours_until(core::floor_to(as_of, engine::hour), learnt + looked_at);
    commerce::Shop const shop(spi);
    std::vector<Sales> const sales = commerce::read_sales(shop, edges, as_of, Customers::left_out).slots;
    std::vector<double> orders, revenue;
    for (const Sales &s : sales) {
        orders.push_back(static_cast<double>(s.orders));
        revenue.push_back(pg::to_double(s.revenue));
    }
    std::vector<Judged> judged;
    using enum core::ShopAnomaly;
    judge_line(orders, true, low_order_volume, high_order_volume, judged);
    judge_line(revenue, false, low_revenue, high_revenue, judged);
    judge_fulfillment(shop, edges, sales, as_of, judged);

    std::vector<double> p, off;
    for (const Judged &j : judged) p.push_back(j.p_value), off.push_back(j.deviation_pct());
    std::vector<std::optional<core::Severity>> const severities = core::severities(p, off);
    for (std::size_t i = 0; i < judged.size(); ++i) judged[i].severity = severities[i];
    std::erase_if(judged, [](const Judged &j) { return !j.severity; });
    std::sort(judged.begin(), judged.end(), [](const Judged &a, const Judged &b) {
        return std::tuple(*a.severity, b.hour, a.anomaly) < std::tuple(*b.severity, a.hour, b.anomaly);
    });
    for (const Judged &j : judged) {
        const Sales &now = sales[j.hour];
        Means const mean = means(std::span(sales).subspan(j.hour - before, before));
        rows.put(pg::Timestamp{edges[j.hour]}, name_of(j.anomaly), decimals(j.deviation_pct()),
                 core::name_of(*j.severity), now.orders, pg::rounded(mean.orders, 2), pg::NumericValue{now.revenue},
                 pg::rounded(mean.revenue, 2), shown(rate(now)), shown(mean.rate), decimals(j.expected),
                 decimals(j.lower), decimals(j.upper), j.p_value);
    }
}

}  // namespace

ANALYTICS_FUNCTION(analytics_get_active_anomalies) {
    pg::Args const args(fcinfo);
    int64 const as_of = engine::as_of_argument(args, 0);
    bool const by_season = args.one_of(1, "method", {"seasonal", "threshold"}, "seasonal") == "seasonal";
    Rows rows(fcinfo);
    pg::Spi const spi;
    if (by_season) judge_by_season(spi, as_of, rows);
    else judge_by_threshold(spi, as_of, rows);
    return 0;
}
