#include "engine/notes.hpp"

#include "engine/stored_rows.hpp"
#include "pg/memory.hpp"
#include "pg/values.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

extern "C" {
#include "access/relation.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "commands/sequence.h"
#include "commands/trigger.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
}

namespace analytics::engine {
namespace {

/// The touched buckets of one source, each with the command that touched it first. Bounded: what does not fit into a
/// layer goes to the next coarser one. A layer's entries never change, so that what an older snapshot was told stays
/// true.
class TouchedBuckets {
  public:
    void add(std::string_view tenant, int64 from, int64 width, CommandId command) {
        if (all_) return;
        if (from == last_from_ && tenant == last_tenant_) return;
        width_ = std::max(width_, width);  // a finer rollup may have come in between
        key_.assign(reinterpret_cast<const char *>(&from), sizeof from);
        key_.append(tenant);
        if (exact_.size() < bound || exact_.contains(key_)) exact_.try_emplace(key_, command);
        else if (buckets_.size() < bound || buckets_.contains(from)) buckets_.try_emplace(from, command);
        else if (int64 const day_start = core::floor_to(from, day); days_.size() < bound || days_.contains(day_start))
            days_.try_emplace(day_start, command);
        else all_ = command;
        last_from_ = from;
        last_tenant_ = tenant;
    }
    void add_range(std::optional<std::string> tenant, core::TimeRange range, CommandId command) {
        ranges_.push_back({{std::move(tenant), range}, command});
    }

    template <class Visit> void visit(Visit &&see) const {
        for (const auto &[key, command] : exact_) {
            int64 from = 0;
            std::memcpy(&from, key.data(), sizeof from);
            std::optional<std::string> tenant;
            if (has_tenant) tenant = key.substr(sizeof from);
            see(Touched{std::move(tenant), {from, from + width_}}, command);
        }
        for (const auto &[from, command] : buckets_) see(Touched{std::nullopt, {from, from + width_}}, command);
        for (const auto &[from, command] : days_) see(Touched{std::nullopt, {from, from + day}}, command);
        for (const auto &[touched, command] : ranges_) see(touched, command);
        if (all_) see(Touched{std::nullopt, {beginning, end_of_time}}, *all_);
    }

    bool has_tenant = false;

  private:
    static constexpr std::size_t bound = 1000;
    std::unordered_map<std::string, CommandId> exact_;  // 8 bytes of the bucket's start, then the tenant
    std::map<int64, CommandId> buckets_, days_;
    std::vector<std::pair<Touched, CommandId>> ranges_;
    std::optional<CommandId> all_;
    int64 width_ = 0, last_from_ = 0;
    std::string last_tenant_{'\0'}, key_;  // no tenant is this: the first bucket is not "the last one again"
};

std::map<int32, TouchedBuckets> pending;
uint64 transaction = 1;        // counts this backend's transactions
bool written_through = false;  // the set became notes; what still comes is written at once

/// Writes notes straight into their table and its index: a statement would cost the writer of a single late row several
/// times as much. So they need no rights of the writer, whose transaction may have become read only since.
class NoteWriter {
  public:
    NoteWriter() {
        const StoreTables *const tables = store_tables_or_null();
        if (tables == nullptr || !OidIsValid(tables->notes)) return;  // the registry is gone, and the rollups with it
        pg::call([&] {
            notes_ = try_table_open(tables->notes, RowExclusiveLock);
            if (notes_ != nullptr) indexes_ = CatalogOpenIndexes(notes_);
        });
    }
    ~NoteWriter() {
        if (notes_ == nullptr || std::uncaught_exceptions() != exceptions_) return;  // transaction abort does it
        CatalogCloseIndexes(indexes_);
        table_close(notes_, NoLock);
    }
    NoteWriter(const NoteWriter &) = delete;
    NoteWriter &operator=(const NoteWriter &) = delete;

    void write(int32 source, const Touched &touched) {
        if (notes_ == nullptr) return;
        const char *const tenant = touched.tenant ? touched.tenant->data() : nullptr;
        std::size_t const length = touched.tenant ? touched.tenant->size() : 0;
        pg::call([&] {
            TupleDesc const columns = RelationGetDescr(notes_);
            Datum values[] = {Int32GetDatum(source), 0, TimestampTzGetDatum(touched.range.from),
                              TimestampTzGetDatum(touched.range.to)};
            bool nulls[] = {false, tenant == nullptr, false, false};
            if (columns->natts != lengthof(values)) elog(ERROR, "analytics_store.notes has been altered");
            if (tenant != nullptr)
                values[1] = PointerGetDatum(cstring_to_text_with_len(tenant, static_cast<int>(length)));
            HeapTuple const note = heap_form_tuple(columns, values, nulls);
            CatalogTupleInsertWithInfo(notes_, note, indexes_);
            heap_freetuple(note);
        });
    }

  private:
    Relation notes_ = nullptr;
    CatalogIndexState indexes_ = nullptr;
    int exceptions_ = std::uncaught_exceptions();
};

void write_pending() {
    NoteWriter writer;
    for (const auto &[source, buckets] : pending)
        buckets.visit([&, id = source](const Touched &touched, CommandId) { writer.write(id, touched); });
}

void on_transaction(XactEvent event, void *) {
    switch (event) {
    case XACT_EVENT_PRE_COMMIT:
    case XACT_EVENT_PRE_PREPARE:
        if (!pending.empty()) pg::enter([] { write_pending(); });
        written_through = true;
        break;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PREPARE:
    case XACT_EVENT_ABORT:
        if (!pending.empty()) pending.clear();
        written_through = false;
        ++transaction;
        forget_retired();
        break;
    default:
        break;
    }
}

void remember(const Target &target, std::string_view tenant, int64 bucket) {
    // Marked as used, so that the next statement has another one: a trigger before ours (a foreign key's, say) may have
    // run statements of its own and left an unused number, with which the next statement would not see this entry.
    CommandId const command = pg::call([] { return GetCurrentCommandId(true); });
    if (!written_through) {
        TouchedBuckets &buckets = pending[target.source];
        buckets.has_tenant = target.tenant != 0;
        buckets.add(tenant, bucket, target.bucket, command);
        return;
    }
    Touched touched{std::nullopt, {bucket, bucket + target.bucket}};
    if (target.tenant != 0) touched.tenant = std::string(tenant);
    NoteWriter().write(target.source, touched);
}

/// Notes the bucket of one version of a row, if it is summarised.
void note(Target &target, HeapTuple tuple, TupleDesc descriptor) {
    bool null = false;
    Datum const time = heap_getattr(tuple, target.time, descriptor, &null);
    if (null) return;
    TimestampTz const at = DatumGetTimestampTz(time);
    if (at >= target.limit || TIMESTAMP_NOT_FINITE(at)) return;
    std::string_view tenant;
    if (target.tenant != 0) {
        Datum const value = heap_getattr(tuple, target.tenant, descriptor, &null);
        if (null) return;  // such a row is in no store either
        varlena *text = reinterpret_cast<varlena *>(DatumGetPointer(value));
        if (VARATT_IS_EXTERNAL(text) || VARATT_IS_COMPRESSED(text))
            text = pg::call([&] { return pg_detoast_datum(text); });
        tenant = {VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text)};
    }
    remember(target, tenant, core::floor_to(at, target.bucket));
}

/// Whether an update left every column as it was that a rollup uses.
bool unchanged(const Target &target, HeapTuple before, HeapTuple after, TupleDesc descriptor) {
    if (target.used.empty()) return false;
    for (AttrNumber column : target.used) {
        bool null_before = false, null_after = false;
        Datum const a = heap_getattr(before, column, descriptor, &null_before);
        Datum const b = heap_getattr(after, column, descriptor, &null_after);
        if (null_before != null_after) return false;
        if (null_before) continue;
        Form_pg_attribute const attribute = TupleDescAttr(descriptor, column - 1);
        if (!datumIsEqual(a, b, attribute->attbyval, attribute->attlen)) return false;
    }
    return true;
}

/// The limit below which rows must be noted: read once a transaction, after it has its transaction id. Whoever reads
/// the old value has an id below the one that the refresh takes after raising it.
void know_limit(Target &target) {
    if (target.limit_of == transaction) return;
    Assert(TransactionIdIsValid(GetTopTransactionIdIfAny()));
    target.limit = read_sequence(target.sequence);
    target.limit_of = transaction;
}

TriggerData *trigger_data(FunctionCallInfo fcinfo) {
    if (!CALLED_AS_TRIGGER(fcinfo))
        throw pg::Error(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED, "the function must be called as a trigger");
    return reinterpret_cast<TriggerData *>(fcinfo->context);
}

}  // namespace

int64 read_sequence(Oid sequence) {
    return pg::call([&] {
        LockRelationOid(sequence, AccessShareLock);
        Relation const relation = RelationIdGetRelation(sequence);
        if (relation == nullptr) elog(ERROR, "a rollup's sequence is gone");
        Buffer const buffer = ReadBuffer(relation, 0);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        Page const page = BufferGetPage(buffer);
        auto const *header =
            reinterpret_cast<HeapTupleHeader>(PageGetItem(page, PageGetItemId(page, FirstOffsetNumber)));
        int64 const value =
            reinterpret_cast<const FormData_pg_sequence_data *>(reinterpret_cast<const char *>(header) + header->t_hoff)
                ->last_value;
        UnlockReleaseBuffer(buffer);
        RelationClose(relation);
        return value;
    });
}

std::vector<Touched> touched_here(int32 source, CommandId before) {
    std::vector<Touched> list;
    auto const found = pending.find(source);
    if (found != pending.end())
        found->second.visit([&](Touched touched, CommandId command) {
            if (command < before) list.push_back(std::move(touched));
        });
    return list;
}

void touch(int32 source, std::optional<std::string> tenant, core::TimeRange range) {
    CommandId const command = pg::call([] { return GetCurrentCommandId(true); });
    TouchedBuckets &buckets = pending[source];
    buckets.add_range(std::move(tenant), range, command);
}

void forget_limits() { ++transaction; }
void forget_source(int32 source) { pending.erase(source); }

void register_callbacks() {
    register_catalog_callbacks();
    register_stored_rows_callbacks();
    pg::call([] { RegisterXactCallback(on_transaction, nullptr); });
}

}  // namespace analytics::engine

using namespace analytics;

ANALYTICS_FUNCTION(analytics_note_rows) {
    TriggerData *const data = engine::trigger_data(fcinfo);
    if (!TRIGGER_FIRED_AFTER(data->tg_event) || !TRIGGER_FIRED_FOR_ROW(data->tg_event))
        throw pg::Error(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED, "the function must be an AFTER ROW trigger");
    TupleDesc const descriptor = RelationGetDescr(data->tg_relation);
    for (engine::Target &target : engine::targets_of(data->tg_relation)) {
        engine::know_limit(target);
        if (TRIGGER_FIRED_BY_UPDATE(data->tg_event)) {
            if (engine::unchanged(target, data->tg_trigtuple, data->tg_newtuple, descriptor)) continue;
            engine::note(target, data->tg_newtuple, descriptor);
        }
        engine::note(target, data->tg_trigtuple, descriptor);
    }
    return PointerGetDatum(nullptr);
}

ANALYTICS_FUNCTION(analytics_note_truncate) {
    TriggerData *const data = engine::trigger_data(fcinfo);
    for (const engine::Target &target : engine::targets_of(data->tg_relation))
        engine::touch(target.source, std::nullopt, {engine::beginning, engine::end_of_time});
    return PointerGetDatum(nullptr);
}
