// drop_rollup removes what create_rollup made; restore_rollup brings back what DROP EXTENSION CASCADE took.
#include "engine/definition.hpp"
#include "engine/notes.hpp"
#include "pg/args.hpp"
#include "pg/rows.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
}

namespace analytics::engine {
namespace {

void require_owner(const Rollup &rollup) {
    bool const owned = pg::call([&] { return pg::owns_relation(rollup.source.relation, GetUserId()); });
    if (!owned)
        throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE, "must be owner of the rollup's source",
                        "The source of rollup \"" + rollup.name + "\" belongs to another role.");
}

std::string relation_name(Oid relation) {
    return pg::call([&] {
        return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), get_rel_name(relation));
    });
}

void drop_triggers(const Source &source) {
    for (const Source &other : all_sources())
        if (other.relation == source.relation && other.id != source.id) return;  // which needs them
    std::string const table = relation_name(source.relation);
    pg::Spi const spi;
    for (const char *name : {"agent_analytics_note", "agent_analytics_truncate"})
        pg::run_once(spi, std::string("DROP TRIGGER IF EXISTS ") + name + " ON " + table);
}

void forget_rollup(const pg::Spi &spi, const std::string &name) {
    pg::AsUserPinned const owner(store_tables().owner);
    pg::run_once(spi, "DELETE FROM analytics_store.rollups WHERE name = " + literal(name));
}

void drop_source_row(const pg::Spi &spi, int32 source) {
    pg::AsUserPinned const owner(store_tables().owner);
    std::string const id = std::to_string(source);
    for (const char *name : {"notes", "watch", "sources"})
        pg::run_once(spi, std::string("DELETE FROM analytics_store.") + name + " WHERE source_id = " + id);
    pg::run_once(spi, "DROP SEQUENCE IF EXISTS analytics_store.note_below_" + id);
    forget_source(source);
}

void drop_stores(const pg::Spi &spi, const std::string &name) {
    for (const char *level : {"_base", "_hour", "_day"})
        pg::run_once(spi, "DROP TABLE IF EXISTS analytics_store." + quoted(name + level));
}

void drop(const Rollup &rollup) {
    require_owner(rollup);
    lock_source(rollup.source.relation);
    bool const last = rollups_of(rollup.source.id).size() <= 1;
    {
        pg::Spi const spi;
        pg::run_once(spi, "DROP VIEW IF EXISTS analytics." + quoted(rollup.name));
        pg::run_once(spi, "DROP VIEW IF EXISTS " + rollup.rows_view());
        if (OidIsValid(rollup.source.origin)) pg::run_once(spi, "DROP VIEW IF EXISTS " + rollup.read_view());
        drop_stores(spi, rollup.name);
        forget_rollup(spi, rollup.name);
    }
    if (last) {
        drop_triggers(rollup.source);
        pg::Spi const spi;
        drop_source_row(spi, rollup.source.id);
    }
    invalidate(rollup.source.relation);
}

/// The definition of a rollup that exists, from its row.
Definition definition_of(const Rollup &rollup) {
    Definition d;
    d.name = rollup.name, d.source = rollup.source.relation, d.origin = rollup.source.origin;
    d.dimensions = rollup.dimensions;
    AttrNumber const time = columns_of(rollup.source).time;
    pg::AsUserPinned const owner(store_tables().owner);
    pg::Spi const spi;
    pg::Result const row = pg::run_once(
        spi,
        "SELECT s.time_column, r.measures, r.bucket FROM analytics_store.rollups r JOIN analytics_store.sources s "
        "USING (source_id) WHERE r.rollup_id = " +
            std::to_string(rollup.id),
        true);
    d.time_column = NameStr(*DatumGetName(*row.get(0, 0)));
    if (time != 0) d.time_column = pg::call([&] { return get_attname(d.source, time, false); });
    parse_measures(d, *row.get(0, 1));
    parse_bucket(d, *row.get(0, 2));
    return d;
}

bool stores_complete(const Definition &d) {
    for (const std::string &name : store_names(d)) {
        Oid const store = store_relation(name);
        if (!OidIsValid(store)) return false;
        for (const Measure &m : d.measures) {
            const char *const column = m.name.c_str();
            if (!pg::call([&] { return get_attnum(store, column) > 0; })) return false;
        }
    }
    return true;
}

std::vector<std::string> restore(const Rollup &rollup) {
    std::vector<std::string> done;
    Definition d = definition_of(rollup);
    const char *const view_name = d.name.c_str();
    bool const view =
        pg::call([&] { return OidIsValid(get_relname_relid(view_name, get_namespace_oid("analytics", false))); });
    bool const rows = OidIsValid(store_relation(d.name + "_rows")) &&
                      (!OidIsValid(d.origin) || OidIsValid(store_relation(d.name + "_now")));
    bool const stores = stores_complete(d);
    if (!view || !rows || !stores) {
        check_source(d);
        lock_source(d.source);
        pg::Spi const spi;
        if (view) pg::run_once(spi, "DROP VIEW analytics." + quoted(d.name));
        if (!rows) create_rows_views(spi, d), done.push_back("rows view of rollup " + d.name);
        if (!stores) {
            for (const std::string &name : store_names(d))
                pg::run_once(spi, "DROP TABLE IF EXISTS analytics_store." + quoted(name));
            create_stores(spi, d);
            pg::AsUserPinned const owner(store_tables().owner);
            pg::run_once(spi, "UPDATE analytics_store.rollups SET summarised_to = '-infinity', first_row_at = NULL "
                              "WHERE rollup_id = " +
                                  std::to_string(rollup.id));
            done.push_back("stores of rollup " + d.name);
        }
        protect_stores(spi, d, rollup.source.id);
        find_types(d);
        create_shown_view(spi, d, rollup.id);
        hand_over(spi, d);
        invalidate(d.source);
        done.push_back("view analytics." + d.name);
    }
    if (create_triggers(d.source, relation_name(d.source))) done.push_back("triggers on " + relation_name(d.source));
    return done;
}

}  // namespace

std::vector<std::string> forget_lost_sources() {
    pg::Spi const spi;
    pg::AsUserPinned const superuser(
        BOOTSTRAP_SUPERUSERID);  // what is left belonged to the table's owner, who may be gone
    pg::Result const lost =
        pg::run_once(spi, "SELECT s.source_id, r.name::pg_catalog.text FROM analytics_store.sources s LEFT JOIN "
                          "analytics_store.rollups r "
                          "USING (source_id) WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid "
                          "OPERATOR(pg_catalog.=) s.relation)");
    struct Lost {
        int32 source;
        std::string rollup;
    };
    std::vector<Lost> list;
    list.reserve(lost.size());
    for (uint64 i = 0; i < lost.size(); ++i)
        list.push_back({DatumGetInt32(*lost.get(i, 0)), lost.get(i, 1) ? pg::to_string(*lost.get(i, 1)) : ""});
    for (const Lost &l : list) {
        if (!l.rollup.empty()) drop_stores(spi, l.rollup), forget_rollup(spi, l.rollup);
        drop_source_row(spi, l.source);
    }
    if (!list.empty()) invalidate(store_tables().sources);
    // Of writers that were under way when a rollup was dropped.
    pg::run_once(spi, "DELETE FROM analytics_store.notes n WHERE NOT EXISTS (SELECT FROM analytics_store.sources s "
                      "WHERE s.source_id OPERATOR(pg_catalog.=) n.source_id)");
    std::vector<std::string> names;
    names.reserve(list.size());
    for (Lost &l : list) names.push_back(std::move(l.rollup));
    return names;
}

}  // namespace analytics::engine

using namespace analytics;

ANALYTICS_FUNCTION(analytics_drop_rollup) {
    pg::Args const args(fcinfo);
    std::string const name = args.required_text(0, "name");
    (void)engine::store_tables();
    for (const std::string &lost : engine::forget_lost_sources())
        if (lost == name) return 0;
    engine::Rollup const rollup = [&] {
        pg::Spi const spi;
        return engine::find_rollup(spi, name);
    }();
    engine::drop(rollup);
    return 0;
}

ANALYTICS_FUNCTION(analytics_restore_rollup) {
    pg::Args const args(fcinfo);
    pg::RowSink<std::string> rows(fcinfo);
    std::string const name = args.required_text(0, "name");
    engine::Rollup const rollup = [&] {
        pg::Spi const spi;
        return engine::find_rollup(spi, name);
    }();
    for (const std::string &line : engine::restore(rollup)) rows.put(line);
    return 0;
}

ANALYTICS_FUNCTION(analytics_forget_lost_sources) {
    (void)engine::store_tables();
    (void)engine::forget_lost_sources();
    return 0;
}
