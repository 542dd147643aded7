#include "engine/definition.hpp"

#include "core/rollup/cover.hpp"
#include "engine/notes.hpp"
#include "pg/args.hpp"
#include "pg/arrays.hpp"
#include "pg/compat.hpp"
#include "pg/rows.hpp"

#include <algorithm>
#include <set>

extern "C" {
#include "access/relation.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/jsonb.h"
}

namespace analytics::engine {
namespace {

constexpr std::size_t longest_name = 48;  // "<name>_base" and index names must fit an identifier

bool is_plain_name(std::string_view name, std::size_t longest) {
    if (name.empty() || name.size() > longest || !(name[0] >= 'a' && name[0] <= 'z')) return false;
    return std::all_of(name.begin(), name.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

MeasureKind kind_of(const std::string &function) {
    static constexpr std::string_view names[] = {"count", "sum", "min", "max", "avg", "distinct", "quantiles"};
    return static_cast<MeasureKind>(std::find(std::begin(names), std::end(names), function) - std::begin(names));
}

struct SourceFacts {
    char kind, persistence;
    bool inherits, tenant_column, tenant_usable, foreign_partition, owned, catalog;
    Oid owner;
    const char *name;
};

SourceFacts look_at(Oid source) {
    return pg::call([&] {
        SourceFacts f{};
        Relation const relation = try_relation_open(source, AccessShareLock);
        if (relation == nullptr) return f;
        f.kind = relation->rd_rel->relkind;
        f.persistence = relation->rd_rel->relpersistence;
        f.owner = relation->rd_rel->relowner;
        f.catalog = IsCatalogRelation(relation);
        f.inherits = has_superclass(source) && !relation->rd_rel->relispartition;
        f.owned = pg::owns_relation(source, GetUserId());
        f.name = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
                                            RelationGetRelationName(relation));
        AttrNumber const tenant = get_attnum(source, "tenant_id");
        f.tenant_column = tenant != InvalidAttrNumber;
        f.tenant_usable = f.tenant_column && get_atttype(source, tenant) == TEXTOID &&
                          TupleDescAttr(RelationGetDescr(relation), tenant - 1)->attnotnull;
        if (f.kind == RELKIND_PARTITIONED_TABLE) {
            ListCell *cell = nullptr;
            List *const leaves = find_all_inheritors(source, AccessShareLock, nullptr);
            foreach (cell, leaves)
                if (get_rel_relkind(lfirst_oid(cell)) == RELKIND_FOREIGN_TABLE) f.foreign_partition = true;
        }
        relation_close(relation, NoLock);
        return f;
    });
}

/// The source that other rollups of this table and time column have made.
std::optional<Source> existing_source(const Definition &d) {
    const char *const column = d.time_column.c_str();
    AttrNumber const time = pg::call([&] { return get_attnum(d.source, column); });
    for (const Source &source : all_sources())
        if (source.relation == d.source && columns_of(source).time == time) return source;
    return std::nullopt;
}

}  // namespace

void check_source(Definition &d) {
    SourceFacts const f = look_at(d.source);
    auto refuse = [&](const std::string &why, const std::string &hint) {
        throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "source must be a permanent ordinary or partitioned table",
                        why, hint);
    };
    if (f.kind == '\0') refuse("The relation does not exist.", "Pass the name of a table.");
    if ((f.kind != RELKIND_RELATION && f.kind != RELKIND_PARTITIONED_TABLE) || f.catalog)
        refuse(std::string(f.name) + " is not a table of yours.", "Pass the name of a table.");
    if (f.persistence != RELPERSISTENCE_PERMANENT)
        refuse(std::string(f.name) + " is temporary or unlogged: a crash would empty it, but not the rollup.",
               "Use ALTER TABLE ... SET LOGGED.");
    if (f.inherits) refuse(std::string(f.name) + " inherits from another table.", "Use a partitioned table instead.");
    if (f.foreign_partition)
        refuse(std::string(f.name) + " has a foreign table as partition, whose changes nobody sees.",
               "Detach it or use a local table.");
    if (!f.owned)
        throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE, "must be owner of the source",
                        std::string(f.name) + " belongs to another role.", "Have its owner create the rollup.");
    std::optional<Source> const existing = existing_source(d);
    if (!existing && f.tenant_column && !f.tenant_usable)
        refuse("Column tenant_id of " + std::string(f.name) + " is not text NOT NULL.",
               "Make it so, or rename the column if it does not name the tenant.");
    d.source_name = f.name, d.owner = f.owner, d.has_tenant = f.tenant_usable, d.origin = origin_of(d.source);
    if (existing) {  // its notes decide, and its tenants may have been renamed or come later
        d.has_tenant = existing->has_tenant;
        AttrNumber const tenant = columns_of(*existing).tenant;
        if (tenant != 0) d.tenant_column = pg::call([&] { return get_attname(d.source, tenant, false); });
    }
    const char *const column = d.time_column.c_str();
    Oid const time_type = pg::call([&] {
        AttrNumber const number = get_attnum(d.source, column);
        return number > 0 ? get_atttype(d.source, number) : InvalidOid;
    });
    if (time_type != TIMESTAMPTZOID)
        pg::bad_argument("time_column", "\"" + d.time_column + "\"", "a column of the source of type timestamptz");
    if (d.dimensions.size() > 8)
        pg::bad_argument("dimensions", std::to_string(d.dimensions.size()) + " columns", "at most 8 columns");
    std::set<std::string> seen;
    for (const std::string &dimension : d.dimensions) {
        const char *const text = dimension.c_str();
        bool const there = pg::call([&] { return get_attnum(d.source, text) > 0; });
        if (!there || dimension == "tenant_id" || dimension == d.time_column || dimension == "bucket" ||
            dimension == "at" || !seen.insert(dimension).second)
            pg::bad_argument("dimensions", "\"" + dimension + "\"",
                             "columns of the source, each once, other than tenant_id, bucket, at and the time column");
    }
}

void parse_measures(Definition &d, Datum json) {
    struct Pairs {
        char **names, **texts;
        int count;
        bool object;
    };
    Pairs const pairs = pg::call([&] {
        Jsonb *const object = DatumGetJsonbP(json);
        Pairs p{};
        p.object = JB_ROOT_IS_OBJECT(object);
        if (!p.object) return p;
        auto const room = static_cast<Size>(JB_ROOT_COUNT(object) + 1) * sizeof(char *);
        p.names = static_cast<char **>(palloc(room)), p.texts = static_cast<char **>(palloc0(room));
        JsonbIterator *iterator = JsonbIteratorInit(&object->root);
        ::JsonbValue value;
        JsonbIteratorToken token = WJB_DONE;
        while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE) {
            if (token == WJB_KEY)
                p.names[p.count] = pnstrdup(value.val.string.val, static_cast<Size>(value.val.string.len));
            if (token != WJB_VALUE) continue;
            if (value.type == jbvString)
                p.texts[p.count] = pnstrdup(value.val.string.val, static_cast<Size>(value.val.string.len));
            ++p.count;
        }
        return p;
    });
    if (!pairs.object || pairs.count < 1 || pairs.count > 100)
        pg::bad_argument("measures", pairs.object ? std::to_string(pairs.count) + " entries" : "no object",
                         "an object of 1 to 100 measures", "Pass {\"orders\": \"count(*)\"}.");
    for (int i = 0; i < pairs.count; ++i) {
        std::string const name = pairs.names[i];
        bool const taken = std::find(d.dimensions.begin(), d.dimensions.end(), name) != d.dimensions.end();
        if (!is_plain_name(name, 56) || taken || name == "tenant_id" || name == "bucket" || name == "at" ||
            name.ends_with("__n"))
            pg::bad_argument(
                "measures", "a measure named \"" + name + "\"",
                "named in lower-case letters, digits and _, other than tenant_id, bucket, at, a dimension or ...__n");
        if (pairs.texts[i] == nullptr || strlen(pairs.texts[i]) > 2000)
            pg::bad_argument("measures", "\"" + name + "\" without a text of at most 2000 bytes", "an object of texts");
        d.texts.push_back(core::parse_measure(pairs.texts[i]));
        d.measures.push_back({name, kind_of(d.texts.back().function), InvalidOid});
    }
    d.measures_json = pg::call([&] { return DatumGetCString(DirectFunctionCall1(jsonb_out, json)); });
}

void parse_bucket(Definition &d, Datum interval) {
    Interval const *const i = DatumGetIntervalP(interval);
    d.bucket = i->month == 0 && i->day == 0 ? i->time : 0;
    if (d.bucket < minute || d.bucket > hour || hour % d.bucket != 0) {
        std::string const given =
            pg::call([&] { return DatumGetCString(DirectFunctionCall1(interval_out, interval)); });
        pg::bad_argument("bucket", given, "1 hour or a whole part of it, from 1 minute",
                         "Pass 5, 10, 15, 20, 30 or 60 minutes.");
    }
    d.bucket_text = std::to_string(d.bucket / second) + " seconds";
}

namespace {

/// The row of analytics_store.sources for the table and its time column; made if there is none.
int32 source_row(const Definition &d) {
    std::optional<Source> const existing = existing_source(d);
    pg::AsUserPinned const owner(store_tables().owner);
    pg::Spi const spi;
    if (existing) {
        // Touched only if something changes: a refresh holds the row's lock, and we hold up the writers.
        pg::run_once(spi, "UPDATE analytics_store.sources SET bucket = least(bucket, " + literal(d.bucket_text) +
                              "), time_column = " + literal(d.time_column) + " WHERE source_id = " +
                              std::to_string(existing->id) + " AND (bucket > " + literal(d.bucket_text) +
                              "::pg_catalog.interval OR time_column <> " + literal(d.time_column) + ")");
        return existing->id;
    }
    pg::Result const made = pg::run_once(
        spi, "INSERT INTO analytics_store.sources (relation, time_column, bucket, by_tenant) VALUES (" +
                 std::to_string(d.source) + "::pg_catalog.oid, " + literal(d.time_column) + ", " +
                 literal(d.bucket_text) + ", " + (d.has_tenant ? "true" : "false") + ") RETURNING source_id");
    int32 const id = DatumGetInt32(*made.get(0, 0));
    pg::run_once(spi, "CREATE SEQUENCE analytics_store.note_below_" + std::to_string(id) + " MINVALUE " +
                          std::to_string(beginning) + " START " + std::to_string(beginning));
    pg::run_once(spi, "COMMENT ON SEQUENCE analytics_store.note_below_" + std::to_string(id) +
                          " IS 'Writers of the source note rows older than this (microseconds since 2000).'");
    return id;
}

int32 rollup_row(const Definition &d, int32 source) {
    pg::AsUserPinned const owner(store_tables().owner);
    pg::Spi const spi;
    std::string names, kinds, dims;
    for (std::size_t i = 0; i < d.measures.size(); ++i) {
        names += (i > 0 ? ", " : "") + literal(d.measures[i].name);
        kinds += (i > 0 ? ", " : "") + literal(d.texts[i].function);
    }
    for (const std::string &dimension : d.dimensions) dims += (dims.empty() ? "" : ", ") + literal(dimension);
    pg::Result const made = pg::run_once(
        spi, "INSERT INTO analytics_store.rollups (name, source_id, measures, dimensions, bucket, measure_names, "
             "measure_kinds) VALUES (" +
                 literal(d.name) + ", " + std::to_string(source) + ", " + literal(d.measures_json) + ", ARRAY[" + dims +
                 "]::pg_catalog.name[], " + literal(d.bucket_text) + ", ARRAY[" + names +
                 "]::pg_catalog.name[], ARRAY[" + kinds + "]::pg_catalog.text[]) RETURNING rollup_id");
    return DatumGetInt32(*made.get(0, 0));
}

void warn_without_index(const pg::Spi &spi, const Definition &d) {
    pg::Result const index =
        pg::run_once(spi,
                     "SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN "
                     "pg_catalog.pg_am m ON m.oid = c.relam "
                     "JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attname = " +
                         literal(d.time_column) + " WHERE i.indrelid = " + std::to_string(d.source) +
                         " AND m.amname = 'btree' AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = a.attnum",
                     true);
    if (!index.empty()) return;
    const char *const name = d.source_name.c_str(), *const column = d.time_column.c_str();
    pg::call([&] {
        ereport(WARNING,
                (errmsg("no btree index of %s starts with %s", name, column),
                 errhint("Create one, or the refresh reads the whole table: CREATE INDEX ON %s (%s).", name, column)));
    });
}

Oid create(Definition &d) {
    lock_source(d.source);
    check_source(d);  // again, now that it stays so
    if (find_rollup_or_null(d.name) != nullptr)
        throw pg::Error(ERRCODE_DUPLICATE_OBJECT, "rollup \"" + d.name + "\" already exists", {},
                        "Drop it first, or choose another name.");
    pg::Spi const spi;
    create_rows_views(spi, d);
    create_stores(spi, d);
    int32 const source = source_row(d), id = rollup_row(d, source);
    protect_stores(spi, d, source);
    find_types(d);
    create_shown_view(spi, d, id);
    hand_over(spi, d);
    create_triggers(d.source, d.source_name);
    warn_without_index(spi, d);
    invalidate(d.source);
    const char *const name = d.name.c_str();
    return pg::call([&] { return get_relname_relid(name, get_namespace_oid("analytics", false)); });
}

}  // namespace
}  // namespace analytics::engine

using namespace analytics;

ANALYTICS_FUNCTION(analytics_bucket_of) {
    TimestampTz const at = PG_GETARG_TIMESTAMPTZ(0);
    int64 const width = PG_GETARG_INT64(1);
    if (TIMESTAMP_NOT_FINITE(at) || width <= 0) PG_RETURN_NULL();
    PG_RETURN_TIMESTAMPTZ(core::floor_to(at, width));
}

ANALYTICS_FUNCTION(analytics_instant) { PG_RETURN_TIMESTAMPTZ(PG_GETARG_INT64(0)); }

ANALYTICS_FUNCTION(analytics_create_rollup) {
    pg::Args const args(fcinfo);
    engine::Definition d;
    (void)engine::store_tables();
    d.name = args.required_text(0, "name");
    if (!engine::is_plain_name(d.name, engine::longest_name))
        pg::bad_argument("name", "\"" + d.name + "\"", "lower-case letters, digits and _, at most 48, a letter first");
    for (int i : {1, 2, 3, 5})
        if (args.null(i))
            pg::bad_argument(i == 1   ? "source"
                             : i == 2 ? "time_column"
                             : i == 3 ? "measures"
                                      : "bucket",
                             "NULL", "given");
    d.source = DatumGetObjectId(args.datum(1));
    d.time_column = NameStr(*DatumGetName(args.datum(2)));
    if (!args.null(4)) {
        pg::ArrayElements const e = pg::elements_of(args.datum(4), NAMEOID);
        for (int i = 0; i < e.count; ++i) {
            if (e.nulls[i]) pg::bad_argument("dimensions", "an array with NULL", "an array of column names");
            d.dimensions.emplace_back(NameStr(*DatumGetName(e.values[i])));
        }
    }
    (void)engine::forget_lost_sources();
    engine::check_source(d);
    engine::parse_measures(d, args.datum(3));
    engine::parse_bucket(d, args.datum(5));
    return ObjectIdGetDatum(engine::create(d));
}
