#include "engine/state_sql.hpp"

namespace analytics::engine {
namespace {

void join(std::string &list, const std::string &item) { list += (list.empty() ? "" : ", ") + item; }

std::string type_name(Oid type) {
    const char *const name = pg::call([&] { return format_type_be_qualified(type); });
    return name;
}

}  // namespace

std::string state_columns(const std::vector<Measure> &measures, const std::string &alias) {
    std::string list;
    for (const Measure &m : measures) {
        join(list, alias + "." + quoted(m.name));
        if (m.counted()) join(list, alias + "." + quoted(m.name + "__n"));
    }
    return list;
}

std::string states_of_rows(const std::vector<Measure> &measures) {
    std::string list;
    for (const Measure &m : measures) {
        std::string const column = "r." + quoted(m.name), as = " AS " + quoted(m.name);
        std::string const as_count = " AS " + quoted(m.name + "__n");
        switch (m.kind) {
        case MeasureKind::count:
            join(list, "pg_catalog.count(" + column + ")" + as);
            break;
        case MeasureKind::sum:
            join(list, "pg_catalog.sum(" + column + ")" + as);
            break;
        case MeasureKind::min:
            join(list, "pg_catalog.min(" + column + ")" + as);
            break;
        case MeasureKind::max:
            join(list, "pg_catalog.max(" + column + ")" + as);
            break;
        case MeasureKind::avg:
            join(list, "pg_catalog.sum(" + column + ")" + as);
            join(list, "pg_catalog.count(" + column + ")" + as_count);
            break;
        case MeasureKind::distinct:
            join(list, "analytics.distinct_set(" + column + ")" + as);
            join(list, "coalesce(analytics.cardinality(analytics.distinct_set(" + column + ")), 0)" + as_count);
            break;
        case MeasureKind::quantiles:
            join(list, "analytics.quantiles(" + column + ")" + as);
            break;
        }
    }
    return list;
}

std::string merged_states(const std::vector<Measure> &measures) {
    std::string list;
    for (const Measure &m : measures) {
        std::string const column = "s." + quoted(m.name), count = "s." + quoted(m.name + "__n");
        switch (m.kind) {
        case MeasureKind::count:
        case MeasureKind::sum:
            join(list, "pg_catalog.sum(" + column + ")::" + type_name(m.type));
            break;
        case MeasureKind::min:
            join(list, "pg_catalog.min(" + column + ")");
            break;
        case MeasureKind::max:
            join(list, "pg_catalog.max(" + column + ")");
            break;
        case MeasureKind::avg:
            join(list, "pg_catalog.sum(" + column + ")::" + type_name(m.type));
            join(list, "pg_catalog.sum(" + count + ")::bigint");
            break;
        case MeasureKind::distinct:
            join(list, "analytics.merge(" + column + ")");
            join(list, "coalesce(analytics.cardinality(analytics.merge(" + column + ")), 0)");
            break;
        case MeasureKind::quantiles:
            join(list, "analytics.merge(" + column + ")");
            break;
        }
    }
    return list;
}

std::string shown_states(const std::vector<Measure> &measures) {
    std::string list;
    for (const Measure &m : measures) {
        std::string const column = "s." + quoted(m.name), count = "s." + quoted(m.name + "__n");
        if (m.kind == MeasureKind::avg) {
            std::string const sum = m.type == FLOAT8OID ? column : column + "::pg_catalog.numeric";
            join(list, sum + " OPERATOR(pg_catalog./) nullif(" + count + ", 0) AS " + quoted(m.name));
        } else {
            join(list, column);
        }
        if (m.counted()) join(list, count);
    }
    return list;
}

std::string dimension_list(const std::vector<std::string> &dimensions, const std::string &alias) {
    std::string list;
    for (const std::string &d : dimensions) list += ", " + alias + "." + quoted(d);
    return list;
}

}  // namespace analytics::engine
