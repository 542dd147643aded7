// Definitions of metrics: how they are checked, stored and found.
#include "engine/metrics.hpp"

#include "pg/args.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "utils/fmgroids.h"
}

namespace analytics::engine {
namespace {

constexpr int not_found = MAKE_SQLSTATE('P', 'T', '4', '0', '4');
constexpr std::size_t most_cached = 500;

/// A metric's name is a word, so that it can be a label, a file and a column anywhere.
bool is_name(std::string_view name) {
    auto const letter = [](char c) { return c >= 'a' && c <= 'z'; };
    return !name.empty() && name.size() <= 63 && letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
        return letter(c) || (c >= '0' && c <= '9') || c == '_';
    });
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
    require_stored(rollup);  // its measures' types are unknown otherwise
    metric.program = parse(metric.expression, rollup);
    metric.measures.clear();
    for (int const index : metric.program.measures)
        metric.measures.push_back(rollup.measures[static_cast<std::size_t>(index)]);
    metric.rounding = rounding_of(metric.program, metric.unit);
}

/// A row of analytics_store.metrics, copied into the current memory context; unit may be 0.
struct Definition {
    bool there;
    Datum rollup, expression, unit, fill;
};

/// Reads it by the primary key, not by SQL: every answer begins with it, and definitions are everybody's to read.
Definition definition(Datum name) {
    constexpr int name_column = 1, rollup_column = 2, expression_column = 3, unit_column = 4, fill_column = 6;
    return pg::call([&] {
        Oid const schema = get_namespace_oid("analytics_store", true);
        Oid const table = OidIsValid(schema) ? get_relname_relid("metrics", schema) : InvalidOid;
        if (!OidIsValid(table))
            ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE), errmsg("the tables of agent_analytics are not there"),
                    errdetail("The table analytics_store.metrics does not exist."),
                    errhint("Run SELECT analytics.install()."));
        Definition result{};
        Relation const relation = table_open(table, AccessShareLock);
        list_free(RelationGetIndexList(relation));  // finds out which is the primary key
        ScanKeyData key;
        ScanKeyEntryInitialize(&key, 0, name_column, BTEqualStrategyNumber, InvalidOid, DEFAULT_COLLATION_OID, F_TEXTEQ,
                               name);
        SysScanDesc const scan = systable_beginscan(relation, relation->rd_pkindex, OidIsValid(relation->rd_pkindex),
                                                    GetActiveSnapshot(), 1, &key);
        if (HeapTuple tuple = systable_getnext(scan); HeapTupleIsValid(tuple)) {
            tuple = heap_copytuple(tuple);
            bool null = false;
            auto const column = [&](int i) { return heap_getattr(tuple, i, RelationGetDescr(relation), &null); };
            result = {true, column(rollup_column), column(expression_column), 0, column(fill_column)};
            Datum const unit = column(unit_column);
            if (!null) result.unit = unit;
        }
        systable_endscan(scan);
        table_close(relation, AccessShareLock);
        return result;
    });
}

}  // namespace

FoundMetric find_metric(const pg::Spi &spi, const std::string &name) {
    static std::unordered_map<std::string, std::shared_ptr<const Metric>> cache;

    Definition const found = definition(pg::to_text(name));
    if (!found.there)
        throw pg::Error(not_found, "metric not found", "There is no metric \"" + name + "\".",
                        "SELECT name FROM analytics.list_metrics() shows those that are defined.");
    auto fresh = std::make_shared<Metric>();
    fresh->name = name;
    fresh->rollup = pg::to_string(found.rollup);
    fresh->expression = pg::to_string(found.expression);
    if (found.unit != 0) fresh->unit = pg::to_string(found.unit);
    fresh->fill = fill_of(pg::to_string(found.fill));

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
            "INSERT INTO analytics_store.metrics (name, rollup, expression, unit, direction, fill, description) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO UPDATE "
            "SET rollup = excluded.rollup, expression = excluded.expression, unit = excluded.unit, "
            "direction = excluded.direction, fill = excluded.fill, description = excluded.description",
            std::vector<Oid>(7, TEXTOID));
        std::array<Datum, 7> const values{pg::to_text(metric.name),
                                          pg::to_text(metric.rollup),
                                          pg::to_text(metric.expression),
                                          pg::to_text(metric.unit),
                                          pg::to_text(direction),
                                          pg::to_text(gaps),
                                          pg::to_text(description.value_or(""))};
        std::string nulls(values.size(), ' ');
        if (metric.unit.empty()) nulls[3] = 'n';
        if (!description) nulls[6] = 'n';
        store.run(spi, values, nulls.c_str(), false);
    }
    return pg::to_text(metric.name);
}
