#include "engine/watch.hpp"

#include "engine/notes.hpp"

#include <algorithm>
#include <map>

extern "C" {
#include "access/genam.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/partition.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"
#include "partitioning/partdesc.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/partcache.h"
#include "utils/syscache.h"
}

namespace analytics::engine {
namespace {

struct Cached {
    uint64 generation = 0;
    std::vector<Leaf> leaves;
    std::vector<Oid> divided;     // the partitioned tables among the tables of the source
    uint64 known_partitions = 0;  // of these, as hash_of_partitions() tells
};
std::map<int32, Cached> cache;

/// The instant in the first column of a partition bound.
int64 bound(List *datums, int64 otherwise) {
    if (datums == NIL) return otherwise;
    Node *const first = static_cast<Node *>(linitial(datums));
    if (!IsA(first, PartitionRangeDatum)) return otherwise;
    auto *datum = castNode(PartitionRangeDatum, first);
    if (datum->kind == PARTITION_RANGE_DATUM_MINVALUE) return beginning;
    if (datum->kind == PARTITION_RANGE_DATUM_MAXVALUE) return end_of_time;
    auto *constant = castNode(Const, datum->value);
    return constant->consttype == TIMESTAMPTZOID && !constant->constisnull ? DatumGetTimestampTz(constant->constvalue)
                                                                           : otherwise;
}

/// Bounds of a partition in time, or everything. Plain C: runs inside pg::call.
core::TimeRange bounds_of(Oid partition, AttrNumber time_in_root, Oid root) {
    core::TimeRange range{beginning, end_of_time};
    const char *const time_name = get_attname(root, time_in_root, true);
    for (Oid child = partition; child != root && time_name != nullptr;) {
        Oid const parent = get_partition_parent(child, true);
        Relation const relation = relation_open(parent, AccessShareLock);
        PartitionKey const key = RelationGetPartitionKey(relation);
        bool const by_time = key != nullptr && key->strategy == PARTITION_STRATEGY_RANGE && key->partattrs[0] != 0 &&
                             strcmp(get_attname(parent, key->partattrs[0], false), time_name) == 0;
        int const columns = key != nullptr ? key->partnatts : 0;
        relation_close(relation, AccessShareLock);
        if (by_time) {
            HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(child));
            bool null = true;
            Datum const spelled =
                HeapTupleIsValid(tuple) ? SysCacheGetAttr(RELOID, tuple, Anum_pg_class_relpartbound, &null) : Datum(0);
            if (!null) {
                auto *spec = castNode(PartitionBoundSpec, stringToNode(TextDatumGetCString(spelled)));
                if (!spec->is_default) {
                    range.from = std::max(range.from, bound(spec->lowerdatums, beginning));
                    int64 upper = bound(spec->upperdatums, end_of_time);
                    if (columns > 1 && upper != end_of_time && upper != beginning)
                        ++upper;  // the first column may equal it
                    range.to = std::min(range.to, upper);
                }
            }
            if (HeapTupleIsValid(tuple)) ReleaseSysCache(tuple);
        }
        child = parent;
    }
    return range;
}

/// Plain data, for use inside pg::call. `tree` holds all tables of the source, those without rows of their own too.
struct LeafList {
    Leaf *data;
    int count, room;
    List *tree, *divided;
    uint64 known_partitions;
};

constexpr uint64 mixed(uint64 hash, uint64 value) { return (hash ^ value) * 0x9E3779B97F4A7C15U; }

/// The partitions of a table that a plan made now would read. Plain C: runs inside pg::call.
PartitionDesc known_partitions(Relation table) { return RelationGetPartitionDesc(table, true); }

uint64 hash_of_partitions(PartitionDesc partitions, uint64 hash) {
    for (int i = 0; i < partitions->nparts; ++i) hash = mixed(hash, partitions->oids[i]);
    return mixed(hash, static_cast<uint64>(partitions->nparts));
}

uint64 hash_of_partitions(const std::vector<Oid> &tables) {
    return pg::call([&] {
        uint64 hash = 0;
        for (Oid const table : tables) {
            Relation const relation = try_relation_open(table, AccessShareLock);
            if (relation == nullptr || relation->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) hash = ~hash;
            else hash = hash_of_partitions(known_partitions(relation), hash);
            if (relation != nullptr) relation_close(relation, NoLock);
        }
        return hash;
    });
}

/// Our trigger as the catalog has it: whether it fires, and which version of its row this is (xmin and place: ALTER
/// TABLE
/// ... DISABLE TRIGGER and ENABLE TRIGGER each make a new one). Plain C: runs inside pg::call.
void look_at_trigger(const TriggerDesc *triggers, Leaf &leaf) {
    for (int i = 0; triggers != nullptr && i < triggers->numtriggers; ++i)
        if (strcmp(triggers->triggers[i].tgname, "agent_analytics_note") == 0)
            leaf.trigger = triggers->triggers[i].tgoid;
    if (!OidIsValid(leaf.trigger)) return;
    Relation const catalog = table_open(TriggerRelationId, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(leaf.trigger));
    SysScanDesc const scan = systable_beginscan(catalog, TriggerOidIndexId, true, nullptr, 1, &key);
    if (HeapTuple const tuple = systable_getnext(scan)) {
        leaf.enabled = reinterpret_cast<Form_pg_trigger>(GETSTRUCT(tuple))->tgenabled;
        std::uint64_t const place =
            std::uint64_t{ItemPointerGetBlockNumber(&tuple->t_self)} << 12 | ItemPointerGetOffsetNumber(&tuple->t_self);
        leaf.version = static_cast<int64>(std::uint64_t{HeapTupleHeaderGetRawXmin(tuple->t_data)} << 32 ^ place);
    }
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
}

void add_leaf(LeafList &list, const Leaf &leaf) {
    if (list.count == list.room) {
        list.room = list.room == 0 ? 16 : 2 * list.room;
        Size const size = sizeof(Leaf) * static_cast<Size>(list.room);
        list.data = static_cast<Leaf *>(list.data == nullptr ? palloc(size) : repalloc(list.data, size));
    }
    list.data[list.count++] = leaf;
}

/// A table with rows of its own. `leaving`: DETACH ... CONCURRENTLY has not ended yet.
Leaf look_at_leaf(Relation relation, Oid root, AttrNumber time, bool leaving) {
    Leaf leaf{};
    leaf.table = RelationGetRelid(relation);
    leaf.file = relation->rd_rel->relfilenode;
    look_at_trigger(relation->trigdesc, leaf);
    // A TRUNCATE keeps a file that this transaction has made, and a crash empties an unlogged table.
    bool const own_file = pg::has_own_file(relation);
    if (own_file) leaf.file = InvalidOid;
    leaf.guarded = relation->rd_rel->relkind == RELKIND_RELATION && !own_file && !leaving &&
                   relation->rd_rel->relpersistence == RELPERSISTENCE_PERMANENT && leaf.enabled == TRIGGER_FIRES_ALWAYS;
    leaf.bounds = relation->rd_rel->relispartition && leaf.table != root ? bounds_of(leaf.table, time, root)
                                                                         : core::TimeRange{beginning, end_of_time};
    return leaf;
}

/// Adds a table, which is locked, and all below it. A partition that is being detached belongs to it or not, as the
/// plan has it that reads the source (by its snapshot, and by the one it was made under), so it is listed and not
/// guarded. Nor is one that the catalog has and plans do not: what has been committed can be seen a moment, or where
/// processes wait for the processor some seconds, before the message comes that has plans made anew.
void look_below(LeafList &list, Oid table, Oid root, AttrNumber time, bool leaving) {
    list.tree = lappend_oid(list.tree, table);
    Relation const relation = relation_open(table, NoLock);
    bool const partitioned = relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
    Oid *planned = nullptr;
    int planned_count = 0;
    if (partitioned) {
        PartitionDesc const known = known_partitions(relation);
        planned_count = known->nparts;
        planned = static_cast<Oid *>(palloc(sizeof(Oid) * static_cast<Size>(planned_count + 1)));
        std::copy_n(known->oids, planned_count, planned);
        list.known_partitions = hash_of_partitions(known, list.known_partitions);
        list.divided = lappend_oid(list.divided, table);
    } else {
        add_leaf(list, look_at_leaf(relation, root, time, leaving));
    }
    relation_close(relation, NoLock);
    bool any_leaving = false;
    TransactionId since = InvalidTransactionId;
    ListCell *cell = nullptr;
    List *const children = find_inheritance_children_extended(table, false, AccessShareLock, &any_leaving, &since);
    foreach (cell, children) {
        Oid const child = lfirst_oid(cell);
        if (list_member_oid(list.tree, child)) continue;
        if (partitioned && !get_rel_relispartition(child)) continue;  // detached while we waited for its lock
        bool const unplanned =
            partitioned && std::find(planned, planned + planned_count, child) == planned + planned_count;
        look_below(list, child, root, time,
                   leaving || unplanned || (partitioned && any_leaving && PartitionHasPendingDetach(child)));
    }
}

LeafList look(Oid root, AttrNumber time) {
    return pg::call([&] {
        LeafList list{};
        look_below(list, root, root, time, false);
        return list;
    });
}

/// The watch list as stored: the columns leaf, file, trigger, enabled, version, from_at, to_at.
LeafList stored_leaves(Oid table, Oid index, int32 source, Snapshot snapshot) {
    return pg::call([&] {
        Relation const relation = table_open(table, AccessShareLock);
        ScanKeyData key;
        ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(source));
        SysScanDesc const scan = systable_beginscan(relation, index, true, snapshot, 1, &key);
        LeafList list{};
        while (HeapTuple const tuple = systable_getnext(scan)) {
            Datum values[8];
            bool nulls[8];
            heap_deform_tuple(tuple, RelationGetDescr(relation), values, nulls);
            add_leaf(list, Leaf{DatumGetObjectId(values[1]),
                                DatumGetObjectId(values[2]),
                                DatumGetObjectId(values[3]),
                                DatumGetChar(values[4]),
                                DatumGetInt64(values[5]),
                                true,
                                {DatumGetTimestampTz(values[6]), DatumGetTimestampTz(values[7])}});
        }
        systable_endscan(scan);
        table_close(relation, AccessShareLock);
        return list;
    });
}

bool same(const Leaf &a, const Leaf &b) {
    return a.table == b.table && a.file == b.file && a.trigger == b.trigger && a.enabled == b.enabled &&
           a.version == b.version && a.bounds == b.bounds;
}

}  // namespace

namespace {

/// Looking at partitions may bring messages.
bool is_current(const Cached &cached) {
    return cached.generation == generation() &&
           (cached.divided.empty() ||
            (hash_of_partitions(cached.divided) == cached.known_partitions && cached.generation == generation()));
}

}  // namespace

const std::vector<Leaf> &leaves_now(const Source &source) {
    Cached &cached = cache[source.id];
    for (const Leaf &leaf : cached.leaves) pg::call([&] { LockRelationOid(leaf.table, AccessShareLock); });
    if (is_current(cached)) return cached.leaves;
    AttrNumber time = 0;
    Relation const relation = pg::call([&] { return relation_open(source.relation, AccessShareLock); });
    for (const Target &target : targets_of(relation))
        if (target.source == source.id) time = target.time;
    pg::call([&] { relation_close(relation, NoLock); });
    WatchAll const all;
    uint64 before = 0;
    LeafList list{};
    do {  // messages that come while we look have us look again
        before = generation();
        list = look(source.relation, time);
        ListCell *cell = nullptr;
        foreach (cell, list.tree) know(lfirst_oid(cell));
    } while (before != generation());
    cached.leaves.assign(list.data, list.data + list.count);
    cached.divided.clear();
    ListCell *cell = nullptr;
    foreach (cell, list.divided) cached.divided.push_back(lfirst_oid(cell));
    cached.known_partitions = list.known_partitions;
    cached.generation = before;
    return cached.leaves;
}

int64 signature(const std::vector<Leaf> &leaves) {
    std::uint64_t hash = 14695981039346656037u;  // FNV-1a over the facts of each leaf
    auto mix = [&](std::uint64_t value) {
        for (int i = 0; i < 64; i += 8) hash = (hash ^ ((value >> i) & 255)) * 1099511628211u;
    };
    for (const Leaf &leaf : leaves) {
        for (Oid oid : {leaf.table, leaf.file, leaf.trigger}) mix(oid);
        mix(static_cast<unsigned char>(leaf.enabled) + (leaf.guarded ? 256U : 0U));
        mix(static_cast<std::uint64_t>(leaf.version));
        mix(static_cast<std::uint64_t>(leaf.bounds.from));
        mix(static_cast<std::uint64_t>(leaf.bounds.to));
    }
    return static_cast<int64>(hash);
}

std::vector<core::TimeRange> changed_ranges(const std::vector<Leaf> &now, const Source &source, Snapshot snapshot) {
    const StoreTables &tables = store_tables();
    LeafList const seen = stored_leaves(tables.watch, tables.watch_key, source.id, snapshot);
    std::vector<core::TimeRange> ranges;
    for (const Leaf &leaf : now) {
        bool const known = std::any_of(seen.data, seen.data + seen.count, [&](const Leaf &s) { return same(s, leaf); });
        if (!known || !leaf.guarded) ranges.push_back(leaf.bounds);
    }
    for (int i = 0; i < seen.count; ++i) {
        bool const there =
            std::any_of(now.begin(), now.end(), [&](const Leaf &leaf) { return same(seen.data[i], leaf); });
        if (!there) ranges.push_back(seen.data[i].bounds);
    }
    return ranges;
}

void store_watch(const pg::Spi &spi, const std::vector<Leaf> &leaves, const Source &source, Snapshot snapshot) {
    static pg::Statement clear("DELETE FROM analytics_store.watch WHERE source_id = $1", {INT4OID});
    static pg::Statement add(
        "INSERT INTO analytics_store.watch (source_id, leaf, file, trigger, enabled, version, from_at, "
        "to_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        {INT4OID, OIDOID, OIDOID, OIDOID, CHAROID, INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID});
    static pg::Statement sign("UPDATE analytics_store.sources SET watch_signature = $2 WHERE source_id = $1",
                              {INT4OID, INT8OID});
    Datum const id = Int32GetDatum(source.id);
    clear.run_under(spi, snapshot, std::span(&id, 1));
    for (const Leaf &leaf : leaves) {
        Datum const values[] = {id,
                                ObjectIdGetDatum(leaf.table),
                                ObjectIdGetDatum(leaf.file),
                                ObjectIdGetDatum(leaf.trigger),
                                CharGetDatum(leaf.enabled),
                                Int64GetDatum(leaf.version),
                                TimestampTzGetDatum(leaf.bounds.from),
                                TimestampTzGetDatum(leaf.bounds.to)};
        add.run_under(spi, snapshot, values);
    }
    bool const guarded = std::all_of(leaves.begin(), leaves.end(), [](const Leaf &leaf) { return leaf.guarded; });
    Datum const values[] = {id, Int64GetDatum(guarded ? signature(leaves) : ~signature(leaves))};
    sign.run_under(spi, snapshot, values);
}

}  // namespace analytics::engine
