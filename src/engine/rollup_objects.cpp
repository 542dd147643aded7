#include "engine/definition.hpp"

#include "engine/state_sql.hpp"
#include "pg/args.hpp"

extern "C" {
#include "access/relation.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
}

namespace analytics::engine {
namespace {

/// A rows view: tenant_id, at, the dimensions and the argument of each measure with its filter folded in, of the source
/// or what is read in its place. PostgreSQL keeps it right when columns are renamed, and keeps columns that it uses
/// from being dropped.
std::string rows_view_sql(const Definition &d, const std::string &view, const std::string &relation) {
    std::string sql = "CREATE VIEW " + view + " WITH (security_invoker = true) AS SELECT " +
                      (d.has_tenant ? quoted(d.tenant_column) + " AS tenant_id" : "''::pg_catalog.text AS tenant_id") +
                      ", " + quoted(d.time_column) + " AS at";
    for (const std::string &dimension : d.dimensions) sql += ", " + quoted(dimension);
    for (std::size_t i = 0; i < d.measures.size(); ++i) {
        const core::MeasureText &text = d.texts[i];
        std::string value = text.argument == "*" ? "true" : "(" + text.argument + ")";
        if (d.measures[i].kind == MeasureKind::quantiles) value += "::pg_catalog.float8";
        if (!text.filter.empty()) value = "CASE WHEN (" + text.filter + ") THEN " + value + " END";
        sql += ", " + value + " AS " + quoted(d.measures[i].name);
    }
    return sql + " FROM " + relation + " WHERE " + quoted(d.time_column) +
           " OPERATOR(pg_catalog.>) '-infinity'::pg_catalog.timestamptz AND " + quoted(d.time_column) +
           " OPERATOR(pg_catalog.<) 'infinity'::pg_catalog.timestamptz";
}

bool uses_other_relations(Query *query, Oid source) {
    ListCell *cell = nullptr;
    foreach (cell, query->rtable) {
        auto *entry = lfirst_node(RangeTblEntry, cell);
        if (entry->rtekind == RTE_RELATION && entry->relid == source) continue;
        if (entry->rtekind == RTE_RELATION && entry->relkind == RELKIND_VIEW)
            continue;  // OLD and NEW up to PostgreSQL 15
        return true;
    }
    return false;
}

/// Measures and filters may use the row's own columns and immutable functions only: a rollup must be able to make the
/// same sums again later.
void check_rows_view(const Definition &d, Oid view) {
    bool const pure = pg::call([&] {
        Relation const relation = relation_open(view, AccessShareLock);
        Query *const query = get_view_query(relation);
        bool const ok = !query->hasSubLinks && !query->hasAggs && !query->hasWindowFuncs && !query->hasTargetSRFs &&
                        !contain_mutable_functions(reinterpret_cast<Node *>(query->targetList)) &&
                        !uses_other_relations(query, d.source);
        relation_close(relation, AccessShareLock);
        return ok;
    });
    if (!pure)
        throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
                        "measures must use only columns of the row and immutable functions",
                        "A measure of rollup \"" + d.name +
                            "\" holds a subquery, an aggregate or a function whose result "
                            "may change (of the clock, a setting, the time zone).",
                        "Keep such values in a column of the table.");
}

void check_types(const Definition &d, Oid store) {
    for (const Measure &m : d.measures) {
        if (m.kind != MeasureKind::sum && m.kind != MeasureKind::avg) continue;
        const char *const name = m.name.c_str();
        Oid const type = pg::call([&] { return get_atttype(store, get_attnum(store, name)); });
        if (type != INT8OID && type != NUMERICOID && type != FLOAT8OID)
            pg::bad_argument("measures", "\"" + m.name + "\", a sum of another type",
                             "sums of integers, numeric or double precision",
                             "Cast the argument to numeric or double precision.");
    }
}

}  // namespace

std::vector<std::string> store_names(const Definition &d) {
    if (d.bucket == hour) return {d.name + "_hour", d.name + "_day"};
    return {d.name + "_base", d.name + "_hour", d.name + "_day"};
}

Oid store_relation(const std::string &name) {
    Oid const schema = store_tables().schema;
    const char *const text = name.c_str();
    return pg::call([&] { return get_relname_relid(text, schema); });
}

void create_rows_views(const pg::Spi &spi, const Definition &d) {
    Rollup const rollup = d.rollup();
    if (!OidIsValid(store_relation(d.name + "_rows"))) {
        pg::run_once(spi, rows_view_sql(d, rollup.rows_view(), d.source_name));
        check_rows_view(d, store_relation(d.name + "_rows"));
    }
    if (OidIsValid(d.origin) && !OidIsValid(store_relation(d.name + "_now"))) {
        Oid const source = d.source;
        std::string const table = pg::call([&] { return get_rel_name(source); });
        pg::run_once(spi, rows_view_sql(d, rollup.read_view(), "analytics_store." + quoted(table + "_now")));
    }
}

void find_types(Definition &d) {
    Oid const store = store_relation(store_names(d)[0]);
    for (Measure &m : d.measures) {
        const char *const name = m.name.c_str();
        m.type = pg::call([&] { return get_atttype(store, get_attnum(store, name)); });
    }
}

void create_stores(const pg::Spi &spi, const Definition &d) {
    Rollup const rollup = d.rollup();
    std::string const first = rollup.base_store();
    std::string const width = std::to_string(d.bucket);
    std::string dims = dimension_list(d.dimensions, "r");
    pg::run_once(spi, "CREATE TABLE " + first + " AS SELECT r.tenant_id, analytics_internal.bucket_of(r.at, " + width +
                          ") AS bucket" + dims + ", " + states_of_rows(d.measures) + " FROM " + rollup.rows_view() +
                          " r GROUP BY 1, 2" + dims + " WITH NO DATA");
    check_types(d, store_relation(store_names(d)[0]));
    std::string options = "fillfactor = 90", storage;
    for (const Measure &m : d.measures)
        if (m.kind == MeasureKind::distinct || m.kind == MeasureKind::quantiles)
            storage += ", ALTER COLUMN " + quoted(m.name) + " SET STORAGE EXTERNAL";
    if (!storage.empty()) options += ", toast_tuple_target = 128";  // reading sums must not drag sets along
    pg::run_once(spi, "ALTER TABLE " + first +
                          " ALTER COLUMN tenant_id SET NOT NULL, ALTER COLUMN bucket SET NOT NULL" + storage);
    std::string columns;
    for (const std::string &dimension : d.dimensions) columns += ", " + quoted(dimension);
    std::vector<std::string> const names = store_names(d);
    for (std::size_t i = 0; i < names.size(); ++i) {
        std::string const store = "analytics_store." + quoted(names[i]);
        if (i > 0) pg::run_once(spi, "CREATE TABLE " + store + " (LIKE " + first + " INCLUDING STORAGE)");
        if (d.dimensions.empty()) pg::run_once(spi, "ALTER TABLE " + store + " ADD PRIMARY KEY (tenant_id, bucket)");
        else
            pg::run_once(spi,
                         "CREATE UNIQUE INDEX ON " + store + " (tenant_id, bucket" + columns + ") NULLS NOT DISTINCT");
        if (d.has_tenant && i + 1 < names.size()) pg::run_once(spi, "CREATE INDEX ON " + store + " (bucket)");
        pg::run_once(spi, "ALTER TABLE " + store + " SET (" + options + ")");
        pg::run_once(spi, "COMMENT ON TABLE " + store + " IS " +
                              literal("Stored sums of rollup " + d.name + "; written by the refresh only."));
    }
}

void protect_stores(const pg::Spi &spi, const Definition &d, int32 source) {
    std::string const id = "(" + std::to_string(source) + ")";
    std::string predicate = "(SELECT analytics_internal.may_read_stores" + id + ")";
    if (d.has_tenant)  // who sees every row of the source sees every row of its stores
        predicate = "(SELECT analytics_internal.is_unrestricted" + id +
                    ") OR (tenant_id = (SELECT analytics.current_tenant()) AND " + predicate + ")";
    for (const std::string &name : store_names(d))
        pg::run_once(spi, "SELECT analytics_internal.ensure_policy(" + literal("analytics_store." + quoted(name)) +
                              ", " + literal(predicate) + ")");
}

namespace {

/// Of the raw half: in_range and IS NOT FALSE (true where l.tenant_id is NULL) are forms that partition pruning cannot
/// use. With OR it prunes while it runs, below a table divided by tenant, and PostgreSQL then leaves out the last
/// partition above where the table has one more than when the query was planned, as while DETACH ... CONCURRENTLY goes
/// on.
std::string shown_view_sql(const Definition &d, int32 rollup_id) {
    Rollup const rollup = d.rollup();
    std::string const id = std::to_string(rollup_id);
    return "CREATE VIEW analytics." + quoted(d.name) +
           " WITH (security_invoker = true) AS SELECT s.tenant_id, s.bucket" + dimension_list(d.dimensions, "s") +
           ", " + shown_states(d.measures) + " FROM (SELECT * FROM " + rollup.base_store() +
           " b WHERE NOT EXISTS (SELECT FROM analytics_internal.live_ranges(" + id +
           ") l WHERE b.bucket >= l.from_at AND b.bucket < l.to_at AND (l.tenant_id IS NULL OR l.tenant_id = "
           "b.tenant_id))"
           " UNION ALL SELECT r.tenant_id, analytics_internal.bucket_of(r.at, " +
           std::to_string(d.bucket) + ")" + dimension_list(d.dimensions, "r") + ", " + states_of_rows(d.measures) +
           " FROM analytics_internal.live_ranges(" + id + ") l JOIN " + rollup.read_view() +
           " r ON analytics_internal.in_range(r.at, l.from_at, l.to_at) AND (l.tenant_id = r.tenant_id) IS NOT FALSE "
           "GROUP "
           "BY 1, 2" +
           dimension_list(d.dimensions, "r") + ") s";
}

}  // namespace

void create_shown_view(const pg::Spi &spi, const Definition &d, int32 rollup_id) {
    pg::run_once(spi, shown_view_sql(d, rollup_id));
    pg::run_once(spi, "COMMENT ON VIEW analytics." + quoted(d.name) + " IS " +
                          literal("Rollup of " + d.source_name + ": exact sums a bucket of " + d.bucket_text +
                                  ", refreshed or not."));
}

void hand_over(const pg::Spi &spi, const Definition &d) {
    std::vector<std::string> objects{"VIEW analytics." + quoted(d.name), "VIEW " + d.rollup().rows_view()};
    if (OidIsValid(d.origin)) objects.push_back("VIEW " + d.rollup().read_view());
    for (const std::string &name : store_names(d)) objects.push_back("TABLE analytics_store." + quoted(name));
    if (d.owner != GetUserId()) {
        std::string const owner = quoted(pg::call([&] { return GetUserNameFromId(d.owner, false); }));
        for (const std::string &object : objects) pg::run_once(spi, "ALTER " + object + " OWNER TO " + owner);
    }
    pg::Result const grantees =
        pg::run_once(spi,
                     "SELECT DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE "
                     "pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END::pg_catalog.text "
                     "FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a WHERE c.oid = " +
                         std::to_string(d.source) + " AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner",
                     true);
    std::vector<std::string> roles;
    for (uint64 i = 0; i < grantees.size(); ++i) roles.push_back(pg::to_string(*grantees.get(i, 0)));
    for (const std::string &role : roles)
        for (const std::string &object : objects)
            pg::run_once(spi, "GRANT SELECT ON " + object.substr(object.find(' ') + 1) + " TO " + role);
}

namespace {

bool has_our_trigger(const pg::Spi &spi, const std::string &trigger, Oid source) {
    return !pg::run_once(spi,
                         "SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = " + std::to_string(source) +
                             " AND tgname = " + literal(trigger),
                         true)
                .empty();
}

}  // namespace

bool create_triggers(Oid source, const std::string &source_name) {
    pg::AsUserPinned const superuser(BOOTSTRAP_SUPERUSERID);
    pg::Spi const spi;
    bool made = false;
    for (auto const &[name, what] :
         {std::pair{
              "agent_analytics_note",
              "AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION analytics_internal.note_rows()"},
          std::pair{"agent_analytics_truncate",
                    "AFTER TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION analytics_internal.note_truncate()"}}) {
        if (has_our_trigger(spi, name, source)) continue;
        std::string text = what;
        text.replace(text.find("%s"), 2, source_name);
        pg::run_once(spi, std::string("CREATE TRIGGER ") + name + " " + text);
        pg::run_once(spi, "ALTER TABLE " + source_name + " ENABLE ALWAYS TRIGGER " + name);
        made = true;
    }
    return made;
}

void lock_source(Oid source) {
    struct Timeout {
        int old = LockTimeout;
        Timeout() {
            if (old == 0 || old > 5000) LockTimeout = 5000;
        }
        ~Timeout() { LockTimeout = old; }
    } const timeout;
    pg::call([&] {
        LockRelationOid(source, ShareRowExclusiveLock);  // the next call locks what is below it only
        (void)find_all_inheritors(source, ShareRowExclusiveLock, nullptr);
    });
}

}  // namespace analytics::engine
