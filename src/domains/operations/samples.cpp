#include "domains/operations/samples.hpp"

#include "core/anomaly/seasonal_detector.hpp"
#include "core/forecast/forecaster.hpp"
#include "engine/metric_judgement.hpp"
#include "pg/arrays.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

extern "C" {
#include "utils/jsonb.h"
}

namespace analytics::operations {
namespace {

using core::AlertSample;
using core::Condition;
using core::Instant;

constexpr std::size_t most_label_sets = 1000;
constexpr double unusual = 0.0001, band = 95;  // where a rule gives no threshold

/// The slot of a trailing window that includes its end.
core::Slot slot_of(const core::AlertRule &rule, Instant at) { return {at - rule.window + 1, at + 1}; }

bool is_metric(const pg::Spi &spi, const std::string &name) {
    static pg::Statement statement("SELECT 1 FROM analytics_store.metrics WHERE name = $1", {TEXTOID});
    Datum const value = pg::to_text(name);
    return !statement.run(spi, std::span(&value, 1)).empty();
}

/// Of a rule's labels those that are dimensions of what the metric sums up.
std::vector<engine::Filter> filters_of(const Watch &watch, const engine::Rollup &rollup) {
    std::vector<engine::Filter> filters;
    Datum const labels = watch.labels;
    Jsonb *const object = pg::call([&] { return DatumGetJsonbP(labels); });
    for (const std::string &dimension : rollup.dimensions) {
        struct {
            bool found = false;
            text *value = nullptr;
        } label;
        pg::call([&] {
            JsonbValue storage;
            JsonbValue *const v = getKeyJsonValueFromContainer(&object->root, dimension.data(),
                                                               static_cast<int>(dimension.size()), &storage);
            if (v == nullptr) return;
            label.found = true;
            if (v->type == jbvString) label.value = cstring_to_text_with_len(v->val.string.val, v->val.string.len);
            else if (v->type == jbvBool) label.value = cstring_to_text(v->val.boolean ? "true" : "false");
            else if (v->type == jbvNumeric)
                label.value =
                    cstring_to_text(DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(v->val.numeric))));
        });
        if (label.value != nullptr) filters.push_back({dimension, {pg::to_string(PointerGetDatum(label.value))}});
    }
    return filters;
}

Datum instants(std::span<const Instant> values) {
    std::vector<Datum> datums;
    for (Instant const at : values) datums.push_back(TimestampTzGetDatum(at));
    return pg::to_array(datums, TIMESTAMPTZOID);
}

/// Means of the points of each window, by label set. A point belongs to the rule unless it bears one of the rule's
/// labels with another value; its set is its own labels and the rule's.
Samples point_means(const pg::Spi &spi, const Watch &watch, std::span<const Instant> moments) {
    static pg::Statement statement(
        "SELECT (p.labels || $4)::text, m.i::integer, avg(p.value) "
        "FROM unnest($3) WITH ORDINALITY m(at, i), analytics_data.metric_points p "
        "WHERE p.tenant_id = $1 AND p.metric = $2 AND p.recorded_at > m.at - $5 AND p.recorded_at <= m.at "
        "AND $4 || p.labels @> $4 GROUP BY 1, 2",
        {TEXTOID, TEXTOID, TIMESTAMPTZARRAYOID, JSONBOID, INTERVALOID}, pg::PlanFor::by_index);
    int64 const window = watch.rule.window;
    Interval *const length = pg::call([] { return static_cast<Interval *>(palloc0(sizeof(Interval))); });
    length->time = window;
    Datum const values[] = {pg::to_text(engine::current_tenant()), pg::to_text(watch.metric), instants(moments),
                            watch.labels, PointerGetDatum(length)};
    pg::Result const rows = statement.run(spi, values);
    Samples samples;
    for (uint64 row = 0; row < rows.size(); ++row) {
        std::vector<AlertSample> &of_set = samples[pg::to_string(*rows.get(row, 0))];
        if (samples.size() > most_label_sets)
            pg::bad_argument("metric", "\"" + watch.metric + "\", which has more",
                             "of at most " + std::to_string(most_label_sets) + " label sets",
                             "Narrow it down by labels.");
        of_set.resize(moments.size());
        double const mean = DatumGetFloat8(*rows.get(row, 2));
        of_set[static_cast<std::size_t>(DatumGetInt32(*rows.get(row, 1)) - 1)] = {
            true, core::compares(watch.rule.condition, mean, watch.rule.threshold), mean};
    }
    return samples;
}

/// Means of all points of the rule in each slot, NaN where there are none.
std::vector<double> point_line(const pg::Spi &spi, const Watch &watch, std::span<const core::Slot> slots) {
    static pg::Statement statement(
        "SELECT s.i::integer, avg(p.value) "
        "FROM unnest($3, $4) WITH ORDINALITY s(from_at, to_at, i), analytics_data.metric_points p "
        "WHERE p.tenant_id = $1 AND p.metric = $2 AND p.recorded_at >= s.from_at AND p.recorded_at < s.to_at "
        "AND $5 || p.labels @> $5 GROUP BY 1",
        {TEXTOID, TEXTOID, TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID, JSONBOID}, pg::PlanFor::by_index);
    std::vector<Instant> from, to;
    for (const core::Slot &slot : slots) from.push_back(slot.from), to.push_back(slot.to);
    Datum const values[] = {pg::to_text(engine::current_tenant()), pg::to_text(watch.metric), instants(from),
                            instants(to), watch.labels};
    pg::Result const rows = statement.run(spi, values);
    std::vector<double> line(slots.size(), std::numeric_limits<double>::quiet_NaN());
    for (uint64 row = 0; row < rows.size(); ++row)
        line[static_cast<std::size_t>(DatumGetInt32(*rows.get(row, 0)) - 1)] = DatumGetFloat8(*rows.get(row, 1));
    return line;
}

/// The bucket that the conditions outside and anomaly judge: the shortest that is not shorter than the window.
core::Bucket bucket_of(const core::AlertRule &rule) {
    for (const char *name : {"15m", "30m", "1h", "1d", "1w"}) {
        core::Bucket const bucket = *core::parse_bucket(name);
        if (rule.window <= core::shortest(bucket.length)) return bucket;
    }
    return *core::parse_bucket("1mo");
}

/// Whether the newest of some values does not fit those before it. NaN is a missing value.
bool stands_out(const Watch &watch, std::span<const double> line, int season) {
    auto const first = std::find_if(line.begin(), line.end(), [](double v) { return !std::isnan(v) && v != 0; });
    std::span<const double> const known = line.subspan(static_cast<std::size_t>(first - line.begin()));
    if (known.size() < 2) return false;
    if (watch.rule.condition == Condition::outside) {
        core::ForecastOptions options;
        options.season = season;
        options.levels = {watch.threshold.value_or(band)};
        core::ForecastResult const told =
            core::forecast(known.first(known.size() - 1), options, pg::check_for_interrupts);
        return known.back() < told.lower[0][0] || known.back() > told.upper[0][0];
    }
    core::SeasonalDetector detector({.season = season});
    double p_value = 1;
    for (std::size_t i = 0; i < known.size(); ++i) {
        if ((i & 1023) == 1023) pg::check_for_interrupts();
        p_value = detector.push(known[i]).p_value;
    }
    return p_value < watch.threshold.value_or(unusual);
}

/// The newest complete bucket at each moment, judged by its past.
std::vector<AlertSample> judged(const pg::Spi &spi, const Watch &watch, std::span<const Instant> moments,
                                const std::optional<engine::FoundMetric> &found) {
    core::Bucket const bucket = bucket_of(watch.rule);
    engine::Habits const habits = engine::habits_of(bucket);
    std::vector<AlertSample> samples;
    Instant judged_to = DT_NOBEGIN;
    for (Instant const at : moments) {
        engine::Series series = engine::make_series(bucket, habits.past, "UTC", at);
        if (series.last_is_partial) series.slots.pop_back();
        if (series.slots.back().to != judged_to) {
            judged_to = series.slots.back().to;
            series.last_is_partial = false;
            std::vector<double> line =
                found ? engine::read_line(spi, *found, filters_of(watch, found->rollup), series).values
                      : point_line(spi, watch, series.slots);
            double &value = line.back();
            if (std::isnan(value) && watch.rule.no_data == core::NoData::zero) value = 0;
            if (std::isnan(value)) samples.push_back({});
            else samples.push_back({true, stands_out(watch, line, habits.season), value});
        } else {
            samples.push_back(samples.back());
        }
    }
    return samples;
}

/// Days until the budget is exhausted, by its forecast. Where it lasts, the condition does not hold.
std::vector<AlertSample> days_left(const pg::Spi &spi, const Watch &watch, std::span<const Instant> moments) {
    static pg::Statement statement("SELECT o.days_left::double precision, o.status "
                                   "FROM analytics_internal.budget_outlook(1, $1 ->> 'budget_id', $2) o",
                                   {JSONBOID, TIMESTAMPTZOID});
    std::vector<AlertSample> samples;
    for (Instant const at : moments) {
        Datum const values[] = {watch.labels, TimestampTzGetDatum(at)};
        pg::Result const rows = statement.run(spi, values);
        std::optional<Datum> const days = rows.get(0, 0);
        std::string const status = pg::to_string(*rows.get(0, 1));
        if (status == "no_budget")
            throw pg::Error(MAKE_SQLSTATE('P', 'T', '4', '0', '4'), "unknown budget", "There is no budget.",
                            "set_budget makes one.");
        AlertSample sample{days || status != "insufficient_data", false,
                           days ? DatumGetFloat8(*days) : std::numeric_limits<double>::quiet_NaN()};
        sample.holds = days && sample.value <= watch.rule.threshold;
        samples.push_back(sample);
        pg::check_for_interrupts();
    }
    return samples;
}

/// Whether anything was there in each window.
std::vector<AlertSample> presence(const pg::Spi &spi, const Watch &watch, std::span<const Instant> moments) {
    std::vector<AlertSample> samples(moments.size());
    for (auto const &[labels, of_set] : point_means(spi, watch, moments))
        for (std::size_t i = 0; i < moments.size(); ++i) samples[i].known = samples[i].known || of_set[i].known;
    return samples;
}

std::vector<AlertSample> metric_values(const pg::Spi &spi, const Watch &watch, std::span<const Instant> moments,
                                       const engine::FoundMetric &found) {
    std::vector<engine::Filter> const filters = filters_of(watch, found.rollup);
    engine::Fill const fill = watch.rule.condition == Condition::absent ? engine::Fill::null : found.metric->fill;
    std::vector<AlertSample> samples;
    for (Instant const at : moments) {  // each by itself: as of it, where the metric is of what changes over time
        auto const value = engine::value_over(spi, found, filters, slot_of(watch.rule, at), fill);
        samples.push_back({value.has_value(),
                           value && core::compares(watch.rule.condition, *value, watch.rule.threshold),
                           value.value_or(0)});
        pg::check_for_interrupts();
    }
    return samples;
}

}  // namespace

Samples measure(const pg::Spi &spi, const Watch &watch, std::span<const Instant> moments) {
    auto const whole = [&](std::vector<AlertSample> samples) {
        return Samples{{watch.rule.labels, std::move(samples)}};
    };
    if (watch.rule.condition == Condition::exhausts_within) return whole(days_left(spi, watch, moments));
    std::optional<engine::FoundMetric> found;
    if (is_metric(spi, watch.metric)) found = engine::find_metric(spi, watch.metric);
    if (watch.rule.condition == Condition::outside || watch.rule.condition == Condition::anomaly)
        return whole(judged(spi, watch, moments, found));
    if (found) return whole(metric_values(spi, watch, moments, *found));
    if (watch.rule.condition == Condition::absent) return whole(presence(spi, watch, moments));
    return point_means(spi, watch, moments);
}

}  // namespace analytics::operations
