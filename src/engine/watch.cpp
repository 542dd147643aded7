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
#include "commands/trigger.h"
#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"
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

struct LeafList {
    Leaf *data;
    int count;
};

LeafList look(Oid root, AttrNumber time) {
    return pg::call([&] {
        List *const tables = find_all_inheritors(root, AccessShareLock, nullptr);
        LeafList list{static_cast<Leaf *>(palloc0(sizeof(Leaf) * static_cast<Size>(list_length(tables)))), 0};
        ListCell *cell = nullptr;
        foreach (cell, tables) {
            Relation const relation = relation_open(lfirst_oid(cell), NoLock);
            if (relation->rd_rel->relkind == RELKIND_RELATION || relation->rd_rel->relkind == RELKIND_FOREIGN_TABLE) {
                Leaf leaf{};
                leaf.table = RelationGetRelid(relation);
                leaf.file = relation->rd_rel->relfilenode;
                leaf.enabled = ' ';
                for (int i = 0; relation->trigdesc != nullptr && i < relation->trigdesc->numtriggers; ++i) {
                    const Trigger &trigger = relation->trigdesc->triggers[i];
                    if (strcmp(trigger.tgname, "agent_analytics_note") != 0) continue;
                    leaf.trigger = trigger.tgoid;
                    leaf.enabled = trigger.tgenabled;
                }
                leaf.bounds = relation->rd_rel->relispartition && leaf.table != root
                                  ? bounds_of(leaf.table, time, root)
                                  : core::TimeRange{beginning, end_of_time};
                list.data[list.count++] = leaf;
            }
            relation_close(relation, NoLock);
        }
        return list;
    });
}

/// A watched leaf as stored: the columns leaf, file, trigger, enabled, from_at, to_at.
LeafList stored_leaves(Oid table, Oid index, int32 source, Snapshot snapshot) {
    return pg::call([&] {
        Relation const relation = table_open(table, AccessShareLock);
        ScanKeyData key;
        ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(source));
        SysScanDesc const scan = systable_beginscan(relation, index, true, snapshot, 1, &key);
        int room = 16;
        LeafList list{static_cast<Leaf *>(palloc(sizeof(Leaf) * 16)), 0};
        while (HeapTuple const tuple = systable_getnext(scan)) {
            Datum values[7];
            bool nulls[7];
            heap_deform_tuple(tuple, RelationGetDescr(relation), values, nulls);
            if (list.count == room)
                list.data = static_cast<Leaf *>(repalloc(list.data, sizeof(Leaf) * static_cast<Size>(room *= 2)));
            list.data[list.count++] = Leaf{DatumGetObjectId(values[1]),
                                           DatumGetObjectId(values[2]),
                                           DatumGetObjectId(values[3]),
                                           DatumGetChar(values[4]),
                                           {DatumGetTimestampTz(values[5]), DatumGetTimestampTz(values[6])}};
        }
        systable_endscan(scan);
        table_close(relation, AccessShareLock);
        return list;
    });
}

bool same(const Leaf &a, const Leaf &b) {
    return a.table == b.table && a.file == b.file && a.trigger == b.trigger && a.enabled == b.enabled &&
           a.bounds == b.bounds;
}

}  // namespace

const std::vector<Leaf> &leaves_now(const Source &source) {
    Cached &cached = cache[source.id];
    for (const Leaf &leaf : cached.leaves) pg::call([&] { LockRelationOid(leaf.table, AccessShareLock); });
    if (cached.generation == generation() && !cached.leaves.empty()) return cached.leaves;
    AttrNumber time = 0;
    Relation const relation = pg::call([&] { return relation_open(source.relation, AccessShareLock); });
    for (const Target &target : targets_of(relation))
        if (target.source == source.id) time = target.time;
    pg::call([&] { relation_close(relation, NoLock); });
    uint64 before = 0;
    LeafList list{};
    do {  // messages that come while we look have us look again
        before = generation();
        list = look(source.relation, time);
        know(source.relation);
        for (int i = 0; i < list.count; ++i) know(list.data[i].table);
    } while (before != generation());
    cached.leaves.assign(list.data, list.data + list.count);
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
        mix(static_cast<unsigned char>(leaf.enabled));
        mix(static_cast<std::uint64_t>(leaf.bounds.from));
        mix(static_cast<std::uint64_t>(leaf.bounds.to));
    }
    return static_cast<int64>(hash);
}

std::vector<core::TimeRange> changed_ranges(const Source &source, Snapshot snapshot) {
    const StoreTables &tables = store_tables();
    LeafList const seen = stored_leaves(tables.watch, tables.watch_key, source.id, snapshot);
    std::vector<core::TimeRange> ranges;
    const std::vector<Leaf> &now = leaves_now(source);
    for (const Leaf &leaf : now) {
        bool const known = std::any_of(seen.data, seen.data + seen.count, [&](const Leaf &s) { return same(s, leaf); });
        if (!known || leaf.trigger == InvalidOid || leaf.enabled != TRIGGER_FIRES_ALWAYS) ranges.push_back(leaf.bounds);
    }
    for (int i = 0; i < seen.count; ++i) {
        bool const there =
            std::any_of(now.begin(), now.end(), [&](const Leaf &leaf) { return same(seen.data[i], leaf); });
        if (!there) ranges.push_back(seen.data[i].bounds);
    }
    return ranges;
}

void store_watch(const pg::Spi &spi, const Source &source, Snapshot snapshot) {
    const std::vector<Leaf> &leaves = leaves_now(source);
    static pg::Statement clear("DELETE FROM analytics_store.watch WHERE source_id = $1", {INT4OID});
    static pg::Statement add("INSERT INTO analytics_store.watch VALUES ($1, $2, $3, $4, $5, $6, $7)",
                             {INT4OID, OIDOID, OIDOID, OIDOID, CHAROID, TIMESTAMPTZOID, TIMESTAMPTZOID});
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
                                TimestampTzGetDatum(leaf.bounds.from),
                                TimestampTzGetDatum(leaf.bounds.to)};
        add.run_under(spi, snapshot, values);
    }
    Datum const values[] = {id, Int64GetDatum(signature(leaves))};
    sign.run_under(spi, snapshot, values);
}

}  // namespace analytics::engine
