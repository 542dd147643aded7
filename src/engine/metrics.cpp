// Definitions of metrics: how they are checked, stored and found.
#include "engine/metrics.hpp"

#include "pg/args.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace analytics::engine {
namespace {

constexpr int not_found = MAKE_SQLSTATE('P', 'T', '4', '0', '4');
constexpr std::size_t most_cached = 500;

/// A metric's name is a word, so that it can be a label, a file and a column anywhere.
bool is_name(std::string_view name) {
    auto const letter = [](char c) { return c >= 'a' && c <= 'z'; };
    return !name.empty() && name.size() <= 63 && letter(name[0]) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

Fill fill_of(std::string_view text) { return text == "zero" ? Fill::zero : text == "last" ? Fill::last : Fill::null; }

core::Program parse(const std::string &expression, const Rollup &rollup) {
    std::vector<core::MeasureName> names;
    names.reserve(rollup.measures.size());
    for (const Measure &m : rollup.measures) names.push_back({m.name, role_of(m)});
    try {
        return core::parse_expression(expression, names);
    } catch (const core::ExpressionError &e) {
        throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, std::string("expression is not valid: ") + e.what(),
                        "At byte " + std::to_string(e.position) + " of \"" + expression + "\", over the rollup \"" +
                            rollup.name + "\".",
                        e.hint);
    }
}

/// Whether the measures that the metric was parsed against are still those of the rollup.
bool fits(const Metric &metric, const Rollup &rollup) {
    for (std::size_t i = 0; i < metric.measures.size(); ++i) {
        auto const index = static_cast<std::size_t>(metric.program.measures[i]);
        if (index >= rollup.measures.size()) return false;
        const Measure &now = rollup.measures[index], &then = metric.measures[i];
        if (now.name != then.name || now.kind != then.kind || now.type != then.type) return false;
    }
    return true;
}

void prepare(Metric &metric, const Rollup &rollup) {
    metric.program = parse(metric.expression, rollup);
    metric.measures.clear();
    for (int const index : metric.program.measures)
        metric.measures.push_back(rollup.measures[static_cast<std::size_t>(index)]);
    metric.rounding = rounding_of(metric.program, metric.unit);
}

}  // namespace

FoundMetric find_metric(const pg::Spi &spi, const std::string &name) {
    static pg::Statement definition(
        "SELECT rollup, expression, unit, fill FROM analytics_store.metrics WHERE name = $1", {TEXTOID});
    static std::unordered_map<std::string, std::shared_ptr<const Metric>> cache;

    std::array<Datum, 1> const values{pg::to_text(name)};
    pg::Result const found = definition.run(spi, values);
    if (found.empty())
        throw pg::Error(not_found, "metric not found", "There is no metric \"" + name + "\".",
                        "SELECT name FROM analytics.list_metrics() shows those that are defined.");
    auto const text = [&](int column) {
        auto const value = found.get(0, column);
        return value ? pg::to_string(*value) : std::string();
    };
    auto fresh = std::make_shared<Metric>();
    fresh->name = name;
    fresh->rollup = text(0);
    fresh->expression = text(1);
    fresh->unit = text(2);
    fresh->fill = fill_of(text(3));

    const Rollup &rollup = find_rollup(spi, fresh->rollup);
    if (auto const hit = cache.find(name); hit != cache.end()) {
        const Metric &kept = *hit->second;
        if (kept.rollup == fresh->rollup && kept.expression == fresh->expression && kept.unit == fresh->unit &&
            kept.fill == fresh->fill && fits(kept, rollup))
            return {hit->second, rollup};
    }
    prepare(*fresh, rollup);
    if (cache.size() >= most_cached) cache.clear();
    cache[name] = fresh;
    return {std::move(fresh), rollup};
}

}  // namespace analytics::engine

using namespace analytics;

/// define_metric(name, rollup, expression, unit, direction, description, fill)
ANALYTICS_FUNCTION(analytics_define_metric) {
    pg::Args const args(fcinfo);
    engine::Metric metric;
    metric.name = args.required_text(0, "name");
    if (!engine::is_name(metric.name))
        pg::bad_argument("name", "\"" + metric.name + "\"",
                         "a lower-case letter followed by at most 62 lower-case letters, digits and underscores");
    metric.rollup = args.required_text(1, "rollup");
    metric.expression = args.required_text(2, "expression", core::longest_expression);
    metric.unit = args.text(3, "unit", 40).value_or("");
    std::string const direction = args.one_of(4, "direction", {"up", "down", "neutral"}, "neutral");
    std::optional<std::string> const description = args.text(5, "description", 2000);
    std::string const fill = args.one_of(6, "fill", {"zero", "null", "last"}, "");
    {
        pg::Spi const spi;
        engine::prepare(metric, engine::find_rollup(spi, metric.rollup));
        std::string const gaps = !fill.empty() ? fill : metric.program.zero_when_empty ? "zero" : "null";
        static pg::Statement store(
            "INSERT INTO analytics_store.metrics AS m (name, rollup, expression, unit, direction, fill, description) "
            "VALUES ($1, $2, $3, nullif($4, ''), $5, $6, $7) ON CONFLICT (name) DO UPDATE SET rollup = excluded.rollup, "
            "expression = excluded.expression, unit = excluded.unit, direction = excluded.direction, "
            "fill = excluded.fill, description = excluded.description",
            {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID});
        std::array<Datum, 7> const values{
            pg::to_text(metric.name), pg::to_text(metric.rollup),          pg::to_text(metric.expression),
            pg::to_text(metric.unit), pg::to_text(direction), pg::to_text(gaps),
            pg::to_text(description.value_or(""))};
        store.run(spi, values, description ? "       " : "      n", false);
    }
    return pg::to_text(metric.name);
}
