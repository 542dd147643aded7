#include "engine/live.hpp"

#include "engine/derived.hpp"
#include "engine/reader.hpp"
#include "engine/watch.hpp"
#include "pg/args.hpp"
#include "pg/rows.hpp"

#include <algorithm>
#include <map>

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "rewrite/rowsecurity.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
}

namespace analytics::engine {
namespace {

/// The state of a rollup as a snapshot sees it: how far it is summarised, and the signature of its source's watch list.
struct State {
    int64 summarised_to = beginning, signature = 0;
    StoresVersion version = {};
};

State read_state(const StoreTables &tables, const Rollup &rollup, Snapshot snapshot) {
    return pg::call([&] {
        State state;
        auto read = [&](Oid table, Oid index, int32 id, auto &&take) {
            Relation const relation = table_open(table, AccessShareLock);
            ScanKeyData key;
            ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(id));
            SysScanDesc const scan = systable_beginscan(relation, index, true, snapshot, 1, &key);
            if (HeapTuple const tuple = systable_getnext(scan)) take(tuple, RelationGetDescr(relation));
            systable_endscan(scan);
            table_close(relation, AccessShareLock);
        };
        auto const column = [](HeapTuple tuple, TupleDesc descriptor, int number, int64 &value) {
            bool null = true;
            Datum const datum = heap_getattr(tuple, number, descriptor, &null);
            if (!null) value = DatumGetInt64(datum);
        };
        read(tables.rollups, tables.rollups_key, rollup.id, [&](HeapTuple tuple, TupleDesc descriptor) {
            column(tuple, descriptor, 9, state.summarised_to);
            column(tuple, descriptor, 11, state.version.refreshed_at);
            state.version.place =
                uint64{ItemPointerGetBlockNumber(&tuple->t_self)} << 16 | ItemPointerGetOffsetNumber(&tuple->t_self);
            state.version.transaction = HeapTupleHeaderGetRawXmin(tuple->t_data);
        });
        read(tables.sources, tables.sources_key, rollup.source.id,
             [&](HeapTuple tuple, TupleDesc descriptor) { column(tuple, descriptor, 9, state.signature); });
        return state;
    });
}

/// A note as stored; the tenant points into palloc'd memory.
struct StoredNote {
    const char *tenant;  // nullptr: everybody
    int tenant_size;
    core::TimeRange range;
};
struct StoredNotes {
    StoredNote *data;
    int count;
};

/// Notes below `limit` of one tenant (or, without one, of all).
StoredNotes read_notes(const StoreTables &tables, int32 source, int64 limit, std::optional<std::string_view> tenant,
                       Snapshot snapshot) {
    return pg::call([&] {
        Relation const relation = table_open(tables.notes, AccessShareLock);
        ScanKeyData keys[2];
        ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(source));
        ScanKeyInit(&keys[1], 3, BTLessStrategyNumber, F_TIMESTAMPTZ_LT, TimestampTzGetDatum(limit));
        SysScanDesc const scan = systable_beginscan(relation, tables.notes_key, true, snapshot, 2, keys);
        int room = 64;
        StoredNotes notes{static_cast<StoredNote *>(palloc(sizeof(StoredNote) * 64)), 0};
        while (HeapTuple const tuple = systable_getnext(scan)) {
            Datum values[4];
            bool nulls[4];
            heap_deform_tuple(tuple, RelationGetDescr(relation), values, nulls);
            StoredNote note{nullptr, 0, {DatumGetTimestampTz(values[2]), DatumGetTimestampTz(values[3])}};
            if (!nulls[1]) {
                text *const name = DatumGetTextPP(values[1]);
                note.tenant_size = static_cast<int>(VARSIZE_ANY_EXHDR(name));
                if (tenant && (static_cast<std::size_t>(note.tenant_size) != tenant->size() ||
                               memcmp(VARDATA_ANY(name), tenant->data(), tenant->size()) != 0))
                    continue;
                note.tenant =
                    tenant ? tenant->data() : pnstrdup(VARDATA_ANY(name), static_cast<Size>(note.tenant_size));
            }
            if (notes.count == room)
                notes.data = static_cast<StoredNote *>(
                    repalloc_huge(notes.data, sizeof(StoredNote) * static_cast<Size>(room *= 2)));
            notes.data[notes.count++] = note;
        }
        systable_endscan(scan);
        table_close(relation, AccessShareLock);
        return notes;
    });
}

/// A range in whole base buckets, below `limit`.
core::TimeRange rounded(core::TimeRange r, int64 bucket, int64 limit) {
    return {r.from == beginning ? beginning : core::floor_to(r.from, bucket),
            r.to >= limit ? limit : core::ceil_to(r.to, bucket)};
}

Snapshot active_snapshot() {
    if (!ActiveSnapshotSet()) throw pg::Error(ERRCODE_INTERNAL_ERROR, "a rollup is read without a snapshot");
    return GetActiveSnapshot();
}

/// Changed partitions, and everything for a reader under other policies.
void add_changes(const Rollup &rollup, const State &state, Snapshot snapshot, std::vector<core::TimeRange> &ranges) {
    const std::vector<Leaf> &leaves = leaves_now(rollup.source);
    if (signature(leaves) != state.signature)
        for (core::TimeRange r : changed_ranges(leaves, rollup.source, snapshot)) ranges.push_back(r);
    if (reads_raw(rollup.source)) ranges.push_back({beginning, end_of_time});
}

bool is_current_tenant(Node *node) {
    if (node != nullptr && IsA(node, SubLink)) {  // (SELECT analytics.current_tenant())
        auto *link = castNode(SubLink, node);
        auto *query = reinterpret_cast<::Query *>(link->subselect);
        if (link->subLinkType != EXPR_SUBLINK || query->rtable != NIL || query->jointree->quals != nullptr ||
            query->limitCount != nullptr || query->limitOffset != nullptr || query->havingQual != nullptr ||
            list_length(query->targetList) != 1)
            return false;
        node = reinterpret_cast<Node *>(linitial_node(TargetEntry, query->targetList)->expr);
    }
    if (node == nullptr || !IsA(node, FuncExpr)) return false;
    auto *call = castNode(FuncExpr, node);
    return call->args == NIL && get_func_namespace(call->funcid) == get_namespace_oid("analytics", false) &&
           strcmp(get_func_name(call->funcid), "current_tenant") == 0;
}

/// Whether a policy admits everybody to exactly the rows of the current tenant, as the stores' own policies do. Its
/// name alone tells nothing: it may hold for some roles only, or compare with something else. Plain C: runs inside
/// pg::call.
bool is_tenant_policy(const RowSecurityPolicy *policy, AttrNumber tenant) {
    if (!policy->permissive || (policy->polcmd != '*' && policy->polcmd != ACL_SELECT_CHR)) return false;
    auto const *roles = reinterpret_cast<const Oid *>(ARR_DATA_PTR(policy->roles));
    int const role_count = ARR_DIMS(policy->roles)[0];
    if (!std::any_of(roles, roles + role_count, [](Oid role) { return role == ACL_ID_PUBLIC; })) return false;
    auto *qual = reinterpret_cast<Node *>(policy->qual);
    if (qual == nullptr || !IsA(qual, OpExpr) || castNode(OpExpr, qual)->opfuncid != F_TEXTEQ) return false;
    auto *left = static_cast<Node *>(linitial(castNode(OpExpr, qual)->args));
    auto *right = static_cast<Node *>(lsecond(castNode(OpExpr, qual)->args));
    if (!IsA(left, Var)) std::swap(left, right);
    return IsA(left, Var) && castNode(Var, left)->varlevelsup == 0 && castNode(Var, left)->varattno == tenant &&
           is_current_tenant(right);
}

}  // namespace

bool is_restricted(Oid relation) {
    return pg::call([&] { return check_enable_rls(relation, InvalidOid, true) == RLS_ENABLED; });
}

bool is_restricted(const Source &source) {
    return is_restricted(source.relation) || (OidIsValid(source.origin) && is_restricted(source.origin));
}

bool reads_raw(const Source &source) {
    // A derived source has a policy of ours; what counts is what the caller may see of the rows it is made of.
    Oid const decides = OidIsValid(source.origin) ? source.origin : source.relation;
    if (!is_restricted(decides)) return false;
    AttrNumber tenant = pg::call([&] { return get_attnum(decides, "tenant_id"); });
    if (tenant == InvalidAttrNumber) tenant = columns_of(source).tenant;  // renamed
    return pg::call([&] {
        Relation const relation = table_open(decides, AccessShareLock);
        bool other = relation->rd_rsdesc == nullptr;
        ListCell *cell = nullptr;
        int count = 0;
        if (!other)
            foreach (cell, relation->rd_rsdesc->policies) {
                auto *policy = static_cast<RowSecurityPolicy *>(lfirst(cell));
                ++count;
                if (!is_tenant_policy(policy, tenant)) other = true;
            }
        table_close(relation, AccessShareLock);
        return other || count == 0;
    });
}

Live live(const Rollup &rollup, std::string_view tenant) {
    const StoreTables &tables = store_tables();
    Snapshot const snapshot = active_snapshot();
    (void)leaves_now(rollup.source);  // the lock comes first: what is compared below stays so
    State const state = read_state(tables, rollup, snapshot);
    Live result;
    result.summarised_to = state.summarised_to;
    result.version = state.version;
    std::vector<core::TimeRange> ranges;
    if (state.summarised_to != beginning) {
        add_changes(rollup, state, snapshot, ranges);
        StoredNotes const notes = read_notes(tables, rollup.source.id, state.summarised_to,
                                             rollup.source.has_tenant ? std::optional(tenant) : std::nullopt, snapshot);
        for (int i = 0; i < notes.count; ++i) ranges.push_back(notes.data[i].range);
        for (const Touched &touched : touched_here(rollup.source.id, snapshot->curcid))
            if (!touched.tenant || *touched.tenant == tenant) ranges.push_back(touched.range);
        for (const Unsettled &u : unsettled(rollup, tenant, state.summarised_to)) ranges.push_back({u.at, u.at + 1});
        for (core::TimeRange &r : ranges) r = rounded(r, rollup.bucket, state.summarised_to);
    }
    ranges.push_back({state.summarised_to, end_of_time});
    result.ranges = core::unite(std::move(ranges));
    return result;
}

std::vector<LiveRange> live_ranges(const pg::Spi &, const Rollup &rollup, std::string_view tenant) {
    return live(rollup, tenant).ranges;
}

namespace {

Oid base_store_of(const Rollup &rollup) {
    std::string const name = rollup.name + (rollup.bucket == hour ? "_hour" : "_base");
    const char *const text = name.c_str();
    return pg::call([&] { return get_relname_relid(text, store_tables().schema); });
}

/// Ranges of every tenant, disjoint for each: those of all tenants, and what each has beyond them.
std::vector<Touched> all_live(const Rollup &rollup) {
    const StoreTables &tables = store_tables();
    Snapshot const snapshot = active_snapshot();
    (void)leaves_now(rollup.source);
    State const state = read_state(tables, rollup, snapshot);
    // A view has no tenant of its own to look for: where the source's rows are restricted, its stored half must be too.
    // The owner of both under FORCE ROW LEVEL SECURITY is the case.
    bool const unlike = is_restricted(rollup.source) && !is_restricted(base_store_of(rollup));
    std::vector<core::TimeRange> common{{unlike ? beginning : state.summarised_to, end_of_time}};
    std::vector<std::pair<std::string, core::TimeRange>> own;
    if (state.summarised_to != beginning) {
        add_changes(rollup, state, snapshot, common);
        auto add = [&](std::optional<std::string> tenant, core::TimeRange range) {
            if (tenant) own.emplace_back(std::move(*tenant), rounded(range, rollup.bucket, state.summarised_to));
            else common.push_back(range);
        };
        StoredNotes const notes = read_notes(tables, rollup.source.id, state.summarised_to, std::nullopt, snapshot);
        for (int i = 0; i < notes.count; ++i) {
            const StoredNote &n = notes.data[i];
            add(n.tenant != nullptr ? std::optional(std::string(n.tenant, static_cast<std::size_t>(n.tenant_size)))
                                    : std::nullopt,
                n.range);
        }
        for (Touched &touched : touched_here(rollup.source.id, snapshot->curcid))
            add(std::move(touched.tenant), touched.range);
        for (Unsettled &u : unsettled(rollup, std::nullopt, state.summarised_to))
            add(std::move(u.tenant), {u.at, u.at + 1});
    }
    for (core::TimeRange &r : common)
        if (r.from < state.summarised_to)
            r = rounded(r, rollup.bucket, r.to == end_of_time ? end_of_time : state.summarised_to);
    common = core::unite(std::move(common));
    std::vector<Touched> result;
    result.reserve(common.size() + own.size());
    for (core::TimeRange r : common) result.push_back({std::nullopt, r});
    std::sort(own.begin(), own.end(), [](const auto &a, const auto &b) {
        return a.first != b.first ? a.first < b.first : a.second.from < b.second.from;
    });
    for (std::size_t i = 0; i < own.size();) {
        std::vector<core::TimeRange> mine;
        std::string const tenant = own[i].first;
        for (; i < own.size() && own[i].first == tenant; ++i) mine.push_back(own[i].second);
        for (core::TimeRange r : core::unite(std::move(mine))) {
            for (core::TimeRange c : common) {
                if (c.to <= r.from || c.from >= r.to) continue;
                if (c.from > r.from) result.push_back({tenant, {r.from, c.from}});
                r.from = std::max(r.from, c.to);
            }
            if (r.from < r.to) result.push_back({tenant, r});
        }
    }
    return result;
}

/// What one execution of a query was told, so that both halves of a view go by the same: between them another session
/// may attach a partition or disable a trigger, which no snapshot hides.
using Execution = std::pair<const EState *, int32>;
std::map<Execution, std::vector<Touched>> told;

void forget_execution(void *state) {
    std::erase_if(told, [&](const auto &entry) { return entry.first.first == state; });
}

const std::vector<Touched> &live_for(EState *state, const Rollup &rollup) {
    auto const found = told.find({state, rollup.id});
    if (found != told.end()) return found->second;
    std::vector<Touched> ranges = all_live(rollup);
    auto *const callback = static_cast<MemoryContextCallback *>(
        pg::call([&] { return MemoryContextAllocZero(state->es_query_cxt, sizeof(MemoryContextCallback)); }));
    callback->func = forget_execution;
    callback->arg = state;
    MemoryContextRegisterResetCallback(state->es_query_cxt, callback);
    return told[{state, rollup.id}] = std::move(ranges);
}

}  // namespace
}  // namespace analytics::engine

using namespace analytics;

ANALYTICS_FUNCTION(analytics_live_ranges) {
    pg::RowSink<pg::Timestamp, pg::Timestamp, std::optional<std::string>> rows(fcinfo);
    const engine::Rollup *const rollup = engine::find_rollup_or_null(PG_GETARG_INT32(0));
    if (rollup == nullptr)
        throw pg::Error(MAKE_SQLSTATE('P', 'T', '4', '0', '4'), "unknown rollup",
                        "The view belongs to no rollup any more.", "Run SELECT analytics.install().");
    bool const restricted = engine::is_restricted(rollup->source);
    std::string const tenant = restricted ? engine::current_tenant() : "";
    auto *const context = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo)->econtext;
    for (const engine::Touched &touched : engine::live_for(context->ecxt_estate, *rollup)) {
        if (restricted && touched.tenant && *touched.tenant != tenant) continue;
        rows.put(pg::Timestamp{touched.range.from}, pg::Timestamp{touched.range.to}, touched.tenant);
    }
    return 0;
}

ANALYTICS_FUNCTION(analytics_may_read_stores) {
    for (const engine::Source &source : engine::all_sources())
        if (source.id == PG_GETARG_INT32(0)) return BoolGetDatum(!engine::reads_raw(source));
    return BoolGetDatum(false);
}

ANALYTICS_FUNCTION(analytics_is_unrestricted) {
    for (const engine::Source &source : engine::all_sources())
        if (source.id == PG_GETARG_INT32(0)) return BoolGetDatum(!engine::is_restricted(source));
    return BoolGetDatum(false);
}
