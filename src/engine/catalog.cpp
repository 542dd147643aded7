#include "engine/catalog.hpp"

#include "pg/arrays.hpp"
#include "pg/memory.hpp"
#include "pg/values.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

extern "C" {
#include "access/genam.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "nodes/bitmapset.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/inval.h"
#include "utils/syscache.h"
}

namespace analytics::engine {
namespace {

struct Registry {
    bool loaded = false;
    StoreTables tables;
    std::vector<Source> sources;
    std::unordered_map<Oid, Oid> origins;  // of derived sources
    std::map<std::string, Rollup, std::less<>> rollups;
    std::unordered_map<Oid, std::vector<Target>> targets;
    std::set<Oid> known;  // relations whose change makes all this stale
};

// Replaced registries stay until the transaction ends: callers hold references into them.
std::vector<std::unique_ptr<Registry>> retired;
std::unique_ptr<Registry> current = std::make_unique<Registry>();
bool stale = false;             // set by the relcache callback, which may do nothing else
int watching_all = 0;           // while something is read that is not known yet, every message counts
uint64 generation_counter = 1;  // moves with every message about a known relation

void on_relcache_message(Datum, Oid relation) {
    if (relation == InvalidOid || watching_all > 0 || current->known.empty() || current->known.contains(relation)) {
        stale = true;
        ++generation_counter;
    }
}

/// A row of a registry table, deformed; all values are copied into the current memory context.
template <int N> struct Row {
    Datum values[N];
    bool nulls[N];
};

/// All rows of a table under the newest snapshot: definitions count at once, whatever the caller's snapshot.
template <int N> std::pair<Row<N> *, int> all_rows(Oid table) {
    struct List {
        Row<N> *rows;
        int count;
    };
    List const list = pg::call([&]() -> List {
        Relation const relation = table_open(table, AccessShareLock);
        SysScanDesc const scan = systable_beginscan(relation, InvalidOid, false, nullptr, 0, nullptr);
        int room = 16;
        List l{static_cast<Row<N> *>(palloc(sizeof(Row<N>) * 16)), 0};
        while (HeapTuple const tuple = systable_getnext(scan)) {
            if (l.count == room) l.rows = static_cast<Row<N> *>(repalloc(l.rows, sizeof(Row<N>) * (room *= 2)));
            HeapTuple const copy = heap_copytuple(tuple);
            for (int i = 0; i < N; ++i)
                l.rows[l.count].values[i] =
                    heap_getattr(copy, i + 1, RelationGetDescr(relation), &l.rows[l.count].nulls[i]);
            ++l.count;
        }
        systable_endscan(scan);
        table_close(relation, AccessShareLock);
        return l;
    });
    return {list.rows, list.count};
}

Oid relation_in(Oid schema, const std::string &name) {
    const char *const text = name.c_str();
    return pg::call([&] { return get_relname_relid(text, schema); });
}

std::vector<std::string> strings(Datum array, Oid type) {
    pg::ArrayElements const e = pg::elements_of(array, type);
    std::vector<std::string> list;
    list.reserve(static_cast<std::size_t>(e.count));
    for (int i = 0; i < e.count; ++i)
        list.push_back(type == NAMEOID ? NameStr(*DatumGetName(e.values[i])) : pg::to_string(e.values[i]));
    return list;
}

int64 microseconds(Datum interval) {
    Interval const *const i = DatumGetIntervalP(interval);
    return i->time + (i->day + static_cast<int64>(i->month) * 30) * day;
}

MeasureKind kind_named(const std::string &name) {
    static constexpr const char *names[] = {"count", "sum", "min", "max", "avg", "distinct", "quantiles"};
    for (int i = 0; i < 7; ++i)
        if (name == names[i]) return static_cast<MeasureKind>(i);
    throw pg::Error(ERRCODE_DATA_CORRUPTED, "analytics_store.rollups holds an unknown kind of measure");
}

StoreTables find_tables() {
    StoreTables t;
    pg::call([&] {
        t.schema = get_namespace_oid("analytics_store", true);
        if (!OidIsValid(t.schema)) return;
        t.sources = get_relname_relid("sources", t.schema), t.rollups = get_relname_relid("rollups", t.schema);
        t.notes = get_relname_relid("notes", t.schema), t.watch = get_relname_relid("watch", t.schema);
        t.derived = get_relname_relid("derived_sources", t.schema);
        t.sources_key = get_relname_relid("sources_pkey", t.schema);
        t.rollups_key = get_relname_relid("rollups_pkey", t.schema);
        t.notes_key = get_relname_relid("notes_source_id", t.schema);
        t.watch_key = get_relname_relid("watch_pkey", t.schema);
        if (!OidIsValid(t.sources)) return;
        Relation const relation = relation_open(t.sources, AccessShareLock);
        t.owner = relation->rd_rel->relowner;
        relation_close(relation, AccessShareLock);
    });
    return t;
}

/// Facts of a source's table; false if it is gone.
bool describe(Source &source, Oid schema) {
    struct Facts {
        Oid owner;
        bool there;
    };
    Oid const relation = source.relation;
    Facts const facts = pg::call([&]() -> Facts {
        HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));  // no lock: this must never wait
        if (!HeapTupleIsValid(tuple)) return {InvalidOid, false};
        Facts const f{reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner, true};
        ReleaseSysCache(tuple);
        return f;
    });
    source.owner = facts.owner;
    source.note_below = pg::call([&] {
        char name[NAMEDATALEN];
        pg_snprintf(name, sizeof name, "note_below_%d", source.id);
        return get_relname_relid(name, schema);
    });
    return facts.there;
}

/// A rollup from its row: rollup_id, name, source_id, measures, dimensions, bucket, measure_names, measure_kinds.
std::optional<Rollup> load_rollup(Registry &registry, const Row<8> &row) {
    Rollup rollup;
    rollup.id = DatumGetInt32(row.values[0]);
    rollup.name = NameStr(*DatumGetName(row.values[1]));
    int32 const source = DatumGetInt32(row.values[2]);
    auto const found =
        std::find_if(registry.sources.begin(), registry.sources.end(), [&](const Source &s) { return s.id == source; });
    if (found == registry.sources.end()) return std::nullopt;
    rollup.source = *found;
    rollup.dimensions = strings(row.values[4], NAMEOID);
    rollup.bucket = microseconds(row.values[5]);
    std::vector<std::string> const names = strings(row.values[6], NAMEOID), kinds = strings(row.values[7], TEXTOID);
    Oid const schema = registry.tables.schema;
    Oid const store = relation_in(schema, rollup.name + (rollup.bucket == hour ? "_hour" : "_base"));
    for (std::size_t i = 0; i < names.size() && i < kinds.size(); ++i) {
        const char *const measure = names[i].c_str();
        Oid const type = pg::call([&] {
            AttrNumber const column = get_attnum(store, measure);
            return column == InvalidAttrNumber ? InvalidOid : get_atttype(store, column);
        });
        rollup.stored = rollup.stored && OidIsValid(type);
        rollup.measures.push_back({names[i], kind_named(kinds[i]), type});
    }
    registry.known.insert(store);
    return rollup;
}

void load_origins(Registry &registry) {
    if (!OidIsValid(registry.tables.derived)) return;
    registry.known.insert(registry.tables.derived);
    auto const [rows, count] = all_rows<2>(registry.tables.derived);
    for (int i = 0; i < count; ++i)
        registry.origins[DatumGetObjectId(rows[i].values[0])] = DatumGetObjectId(rows[i].values[1]);
}

void load_sources(Registry &registry) {
    load_origins(registry);
    auto const [rows, count] = all_rows<5>(registry.tables.sources);
    for (int i = 0; i < count; ++i) {
        Source source;
        source.id = DatumGetInt32(rows[i].values[0]);
        source.relation = DatumGetObjectId(rows[i].values[1]);
        source.bucket = microseconds(rows[i].values[3]);
        source.has_tenant = DatumGetBool(rows[i].values[4]);
        if (!describe(source, registry.tables.schema)) continue;
        registry.known.insert(source.relation);
        auto const origin = registry.origins.find(source.relation);
        if (origin != registry.origins.end()) source.origin = origin->second;
        registry.sources.push_back(source);
    }
    std::sort(registry.sources.begin(), registry.sources.end(),
              [](const Source &a, const Source &b) { return a.id < b.id; });
}

/// Has the registry count as stale if reading it anew fails (cancelled, out of memory).
class Loading {
  public:
    Loading() { stale = false; }
    ~Loading() {
        if (!done) stale = true;
    }
    Loading(const Loading &) = delete;
    Loading &operator=(const Loading &) = delete;
    bool done = false;

  private:
    WatchAll const all_;
};

void load_once() {
    Loading progress;
    auto fresh = std::make_unique<Registry>();
    fresh->tables = find_tables();
    const StoreTables &t = fresh->tables;
    if (OidIsValid(t.sources) && OidIsValid(t.rollups)) {
        fresh->known = {t.sources, t.rollups, t.notes, t.watch};
        MemoryContext const scratch = pg::call(
            [] { return AllocSetContextCreate(CurrentMemoryContext, "analytics registry", ALLOCSET_SMALL_SIZES); });
        {
            pg::InContext const in(scratch);
            load_sources(*fresh);
            auto const [rows, count] = all_rows<8>(t.rollups);
            for (int i = 0; i < count; ++i)
                if (auto rollup = load_rollup(*fresh, rows[i])) {
                    std::string name = rollup->name;
                    fresh->rollups.emplace(std::move(name), std::move(*rollup));
                }
        }
        pg::call([&] { MemoryContextDelete(scratch); });
        fresh->loaded = true;
    }  // otherwise install() may come at any moment
    retired.push_back(std::move(current));
    current = std::move(fresh);
    progress.done = true;
    ++generation_counter;  // the tables of the watch list must be made known to the new registry
}

/// What came while it was read may have torn it: a rollup's row read before a DROP, its store looked for after it.
void load() {
    if (current->loaded && !stale) return;
    int tries = 0;
    do load_once();
    while (stale && ++tries < 10);
}

/// Columns of the source that a rollup's rows view uses, and which of them is the time.
struct ViewColumns {
    Bitmapset *used;  // offset by FirstLowInvalidHeapAttributeNumber
    AttrNumber time, tenant;
};

ViewColumns view_columns(Oid view, Oid source) {
    return pg::call([&]() -> ViewColumns {
        ViewColumns columns{nullptr, InvalidAttrNumber, InvalidAttrNumber};
        Relation const relation = try_relation_open(view, AccessShareLock);
        if (relation == nullptr) return columns;  // its rollup was dropped just now
        Query *const query = get_view_query(relation);
        int index = 0, at = 0;
        ListCell *cell = nullptr;
        foreach (cell, query->rtable) {
            ++at;
            auto *entry = lfirst_node(RangeTblEntry, cell);
            if (entry->rtekind == RTE_RELATION && entry->relid == source) index = at;
        }
        pull_varattnos(reinterpret_cast<Node *>(query->targetList), static_cast<Index>(index), &columns.used);
        foreach (cell, query->targetList) {
            auto *entry = lfirst_node(TargetEntry, cell);
            if (entry->resname == nullptr || !IsA(entry->expr, Var)) continue;
            if (strcmp(entry->resname, "at") == 0) columns.time = castNode(Var, entry->expr)->varattno;
            if (strcmp(entry->resname, "tenant_id") == 0) columns.tenant = castNode(Var, entry->expr)->varattno;
        }
        relation_close(relation, AccessShareLock);
        return columns;
    });
}

/// The columns of `source` as they are numbered in `relation`, one of its partitions or itself.
AttrNumber number_in(Oid relation, Oid source, AttrNumber column) {
    if (relation == source) return column;
    return pg::call([&] { return get_attnum(relation, get_attname(source, column, false)); });
}

Target make_target(const Source &source, Oid relation) {
    Target target;
    target.source = source.id, target.sequence = source.note_below, target.bucket = source.bucket;
    std::set<AttrNumber> used;
    bool any = false;
    for (const Rollup *rollup : rollups_of(source.id)) {
        Oid const view = relation_in(current->tables.schema, rollup->name + "_rows");
        if (!OidIsValid(view)) continue;
        current->known.insert(view);
        ViewColumns const columns = view_columns(view, source.relation);
        if (columns.time == InvalidAttrNumber) continue;
        target.time = number_in(relation, source.relation, columns.time);
        if (source.has_tenant) target.tenant = number_in(relation, source.relation, columns.tenant);
        for (int c = -1; (c = bms_next_member(columns.used, c)) >= 0;) {
            int const number = c + FirstLowInvalidHeapAttributeNumber;
            if (number <= 0) any = true;  // a whole row
            else used.insert(number_in(relation, source.relation, static_cast<AttrNumber>(number)));
        }
    }
    if (!any) target.used.assign(used.begin(), used.end());
    return target;
}

}  // namespace

std::vector<Target> &targets_of(Relation relation) {
    load();
    Oid const id = RelationGetRelid(relation);
    auto const found = current->targets.find(id);
    if (found != current->targets.end()) return found->second;
    struct Ids {
        Oid *data;
        int count;
    };
    Ids const ancestors = pg::call([&] {
        Ids ids{static_cast<Oid *>(palloc(sizeof(Oid))), 1};
        ids.data[0] = id;
        if (relation->rd_rel->relispartition) {
            List *const list = get_partition_ancestors(id);
            ids.data =
                static_cast<Oid *>(repalloc(ids.data, sizeof(Oid) * static_cast<std::size_t>(list_length(list) + 1)));
            ListCell *cell = nullptr;
            foreach (cell, list) ids.data[ids.count++] = lfirst_oid(cell);
        }
        return ids;
    });
    std::vector<Target> targets;
    for (const Source &source : all_sources())
        if (std::find(ancestors.data, ancestors.data + ancestors.count, source.relation) !=
            ancestors.data + ancestors.count) {
            Target const target = make_target(source, id);
            if (target.time != InvalidAttrNumber) targets.push_back(target);
        }
    current->known.insert(id);
    return current->targets[id] = std::move(targets);
}

std::vector<const Rollup *> rollups_of(int32 source) {
    load();
    std::vector<const Rollup *> list;
    for (const auto &[name, rollup] : current->rollups)
        if (rollup.source.id == source) list.push_back(&rollup);
    std::sort(list.begin(), list.end(), [](const Rollup *a, const Rollup *b) { return a->id < b->id; });
    return list;
}

SourceColumns columns_of(const Source &source) {
    for (const Rollup *rollup : rollups_of(source.id)) {
        Oid const view = relation_in(current->tables.schema, rollup->name + "_rows");
        ViewColumns const columns = OidIsValid(view) ? view_columns(view, source.relation) : ViewColumns{};
        if (columns.time != InvalidAttrNumber) return {columns.time, columns.tenant};
    }
    return {};
}

Oid origin_of(Oid relation) {
    load();
    auto const found = current->origins.find(relation);
    return found == current->origins.end() ? InvalidOid : found->second;
}

std::vector<Source> all_sources() {
    load();
    return current->sources;
}

const Rollup *find_rollup_or_null(std::string_view name) {
    load();
    auto const found = current->rollups.find(name);
    return found == current->rollups.end() ? nullptr : &found->second;
}

const Rollup *find_rollup_or_null(int32 id) {
    load();
    for (const auto &[name, rollup] : current->rollups)
        if (rollup.id == id) return &rollup;
    return nullptr;
}

void know(Oid relation) { current->known.insert(relation); }

WatchAll::WatchAll() { ++watching_all; }
WatchAll::~WatchAll() { --watching_all; }

const Rollup &find_rollup(const pg::Spi &, std::string_view name) {
    const Rollup *const rollup = find_rollup_or_null(name);
    if (rollup == nullptr) {
        (void)store_tables();
        throw pg::Error(MAKE_SQLSTATE('P', 'T', '4', '0', '4'), "unknown rollup",
                        "There is no rollup \"" + std::string(name) + "\".",
                        "See SELECT name FROM analytics.get_rollup_status().");
    }
    return *rollup;
}

void require_stored(const Rollup &rollup) {
    if (!rollup.stored)
        throw pg::Error(ERRCODE_UNDEFINED_TABLE, "the stores of rollup \"" + rollup.name + "\" are not there", {},
                        "Run SELECT analytics.install(), which makes them again.");
}

const StoreTables *store_tables_or_null() {
    load();
    return current->loaded ? &current->tables : nullptr;
}

const StoreTables &store_tables() {
    const StoreTables *const tables = store_tables_or_null();
    if (tables == nullptr)
        throw pg::Error(ERRCODE_UNDEFINED_TABLE, "the tables of agent_analytics are not there",
                        "The schema analytics_store or its tables do not exist.", "Run SELECT analytics.install().");
    return *tables;
}

uint64 generation() { return generation_counter; }

void forget_retired() { retired.clear(); }

void invalidate(Oid relation) {
    // Backends that know other rollups, but none of this table, listen for the registry itself.
    Oid const registry = store_tables().rollups;
    pg::call([&] {
        CacheInvalidateRelcacheByRelid(relation);
        CacheInvalidateRelcacheByRelid(registry);
    });
    stale = true;
    ++generation_counter;
}

void register_catalog_callbacks() {
    pg::call([] { CacheRegisterRelcacheCallback(on_relcache_message, Datum(0)); });
}

int Rollup::measure(std::string_view measure_name) const {
    std::string list;
    for (std::size_t i = 0; i < measures.size(); ++i) {
        if (measures[i].name == measure_name) return static_cast<int>(i);
        list += (list.empty() ? "" : ", ") + measures[i].name;
    }
    throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
                    "rollup \"" + name + "\" has no measure \"" + std::string(measure_name) + "\"",
                    "Its measures are " + list + ".", "Use one of them.");
}

bool Rollup::has_dimension(std::string_view dimension) const {
    return std::find(dimensions.begin(), dimensions.end(), dimension) != dimensions.end();
}

std::string Rollup::rows_view() const { return "analytics_store." + quoted(name + "_rows"); }
std::string Rollup::read_view() const {
    return OidIsValid(source.origin) ? "analytics_store." + quoted(name + "_now") : rows_view();
}
std::string Rollup::base_store() const {
    return "analytics_store." + quoted(name + (bucket == hour ? "_hour" : "_base"));
}
std::string Rollup::hour_store() const { return "analytics_store." + quoted(name + "_hour"); }
std::string Rollup::day_store() const { return "analytics_store." + quoted(name + "_day"); }

std::string quoted(std::string_view identifier) {
    std::string const copy(identifier);
    const char *const text = copy.c_str();
    const char *const result = pg::call([&] { return quote_identifier(text); });
    return result;
}

std::string literal(std::string_view value) {
    std::string const copy(value);
    const char *const text = copy.c_str();
    const char *const result = pg::call([&] { return quote_literal_cstr(text); });
    return result;
}

}  // namespace analytics::engine
