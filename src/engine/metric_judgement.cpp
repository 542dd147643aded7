// get_metric_anomalies and forecast_metric: a metric's buckets judged by their past, and continued.
#include "engine/metric_judgement.hpp"

#include "core/anomaly/seasonal_detector.hpp"
#include "core/anomaly/severity.hpp"
#include "core/forecast/forecaster.hpp"
#include "engine/forecast_method.hpp"
#include "engine/metric_line.hpp"
#include "pg/numeric.hpp"
#include "pg/rows.hpp"

#include <algorithm>
#include <cmath>

using namespace analytics;
using engine::Habits;
using engine::habits_of;
using engine::Number;

engine::Habits engine::habits_of(const core::Bucket &bucket) {
    if (bucket.name == "15m") return {{.days = 14}, 96};
    if (bucket.name == "30m") return {{.days = 21}, 48};
    if (bucket.name == "1h") return {{.days = 28}, 24};
    if (bucket.name == "1d") return {{.days = 365}, 7};
    if (bucket.name == "1w") return {{.days = 4 * 364}, 1};
    return {{.months = 120}, 12};
}

namespace {

core::Span operator+(const core::Span &a, const core::Span &b) {
    return {a.months + b.months, a.days + b.days, a.micros + b.micros};
}

/// The buckets of the period and, as far as their number allows, those to learn from before them.
engine::Series with_past(const core::Bucket &bucket, const core::Span &period, core::Instant as_of) {
    core::Span const past = habits_of(bucket).past;
    bool const fits = (core::longest(period) + core::longest(past)) / core::shortest(bucket.length) <
                      static_cast<std::int64_t>(engine::most_buckets);
    return engine::make_series(bucket, fits ? period + past : period, "UTC", as_of);
}

/// The first bucket with anything in it: what is before tells nothing.
std::size_t beginning(const std::vector<double> &values) {
    auto const first = std::find_if(values.begin(), values.end(), [](double v) { return !std::isnan(v) && v != 0; });
    return static_cast<std::size_t>(first - values.begin());
}

/// As the metric rounds its quotients; sums, which it does not round, to cents or 6 significant digits.
Number shown(double value, const engine::Metric &metric) {
    if (!std::isfinite(value)) return std::nullopt;
    using Kind = engine::Rounding::Kind;
    engine::Rounding rounding = metric.rounding;
    if (rounding.kind == Kind::none || rounding.kind == Kind::trim) rounding = {Kind::money, 2};
    return pg::NumericValue{*engine::rounded(pg::from_double(value), rounding)};
}

}  // namespace

/// get_metric_anomalies(metric, period, bucket, filters, as_of)
ANALYTICS_FUNCTION(analytics_get_metric_anomalies) {
    pg::Args const args(fcinfo);
    core::Span const period = engine::period_argument(args, 1, "7d");
    core::Bucket const bucket = engine::bucket_argument(args, 2, "1h");
    core::Instant const as_of = engine::as_of_argument(args, 4);
    engine::Series const asked = engine::make_series(bucket, period, "UTC", as_of);
    engine::Series const series = with_past(bucket, period, as_of);
    pg::RowSink<pg::Timestamp, Number, Number, Number, Number, double, std::string, std::string> rows(fcinfo);
    pg::Spi const spi;
    engine::MetricLine const line = engine::read_line(spi, args, 0, 3, series);

    std::size_t const complete = series.slots.size() - (series.last_is_partial ? 1 : 0);
    std::size_t const first = series.slots.size() - asked.slots.size(), learnt = beginning(line.values);
    core::SeasonalDetector detector({.season = habits_of(bucket).season});
    struct Found {
        std::size_t slot;
        core::Judgement judgement;
        std::optional<core::Severity> severity;
    };
    std::vector<Found> found;
    std::vector<double> p, off;
    for (std::size_t i = learnt; i < complete; ++i) {
        core::Judgement const judgement = detector.push(line.values[i]);
        if ((i & 1023) == 1023) pg::check_for_interrupts();
        if (i < first || std::isnan(line.values[i])) continue;
        found.push_back({i, judgement, std::nullopt});
        p.push_back(judgement.p_value), off.push_back(core::deviation_pct(judgement.value, judgement.expected));
    }
    std::vector<std::optional<core::Severity>> const severities = core::severities(p, off);
    for (std::size_t k = 0; k < found.size(); ++k) found[k].severity = severities[k];
    std::erase_if(found, [](const Found &f) { return !f.severity; });
    std::stable_sort(found.begin(), found.end(), [](const Found &a, const Found &b) {
        return *a.severity != *b.severity ? *a.severity < *b.severity : a.slot > b.slot;
    });
    const engine::Metric &metric = *line.metric;
    for (const Found &f : found) {
        const core::Judgement &j = f.judgement;
        engine::Value const value = engine::rounded(line.exact[f.slot], metric.rounding);
        rows.put(pg::Timestamp{series.slots[f.slot].from}, value ? Number(pg::NumericValue{*value}) : Number(),
                 shown(j.expected, metric), shown(j.lower, metric), shown(j.upper, metric), j.p_value,
                 core::name_of(*f.severity), j.value > j.expected ? "up" : "down");
    }
    return 0;
}

/// forecast_metric(metric, horizon, bucket, filters, as_of, method)
ANALYTICS_FUNCTION(analytics_forecast_metric) {
    pg::Args const args(fcinfo);
    int const horizon = args.integer(1, "horizon", 1, 1000, 14);
    core::Bucket const bucket = engine::bucket_argument(args, 2, "1d");
    Habits const habits = habits_of(bucket);
    engine::Series const series = engine::make_series(bucket, habits.past, "UTC", engine::as_of_argument(args, 4));
    pg::RowSink<pg::Timestamp, Number, Number, Number, Number, Number> rows(fcinfo);
    pg::Spi const spi;
    engine::MetricLine const line = engine::read_line(spi, args, 0, 3, series);

    std::size_t const complete = series.slots.size() - (series.last_is_partial ? 1 : 0);
    std::vector<double> history(line.values.begin(), line.values.begin() + static_cast<std::ptrdiff_t>(complete));
    std::size_t const learnt = beginning(history);
    bool const any = learnt < history.size();
    if (any) history.erase(history.begin(), history.begin() + static_cast<std::ptrdiff_t>(learnt));
    core::ForecastOptions options;
    options.horizon = horizon, options.season = habits.season;
    options.method = engine::forecast_method_argument(args, 5, history);
    core::ForecastResult const result =
        any ? core::forecast(history, options, pg::check_for_interrupts) : core::ForecastResult{};
    bool const counted = line.metric->fill == engine::Fill::zero;  // nothing so far means nothing to come
    core::Instant at = series.last_is_partial ? series.slots.back().from : series.slots.back().to;
    for (std::size_t i = 0; i < static_cast<std::size_t>(horizon); ++i) {
        auto const bound = [&](const std::vector<std::vector<double>> &bounds, std::size_t level) {
            return any ? shown(bounds[i][level], *line.metric) : counted ? shown(0, *line.metric) : Number();
        };
        rows.put(pg::Timestamp{at},
                 any       ? shown(result.value[i], *line.metric)
                 : counted ? shown(0, *line.metric)
                           : Number(),
                 bound(result.lower, 0), bound(result.upper, 0), bound(result.lower, 1), bound(result.upper, 1));
        at = core::next_bucket(series.zone, bucket, at);
    }
    return 0;
}
