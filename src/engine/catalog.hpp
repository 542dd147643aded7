#pragma once
// The registry (analytics_store.sources and .rollups) as this backend knows it, loaded once and again when it changes.
#include "engine/rollup.hpp"

namespace analytics::engine {

/// What the row trigger of one table (or partition) needs: where its columns are and which source it feeds.
struct Target {
    int32 source = 0;
    Oid sequence = InvalidOid;  // note_below
    int64 bucket = 0;
    AttrNumber time = 0, tenant = 0;  // tenant 0: the table has none
    std::vector<AttrNumber> used;     // columns that a rollup uses; empty: any
    int64 limit = 0;                  // note_below as read in the transaction `limit_of`
    uint64 limit_of = 0;
};

/// Targets of a table or partition: one a source (normally one). Empty if no rollup summarises it any more.
std::vector<Target> &targets_of(Relation relation);

/// Rollups of one source, in order of their ids.
std::vector<const Rollup *> rollups_of(int32 source);
/// Where a source's time and tenant stand, whatever they are called by now; 0 where there is none.
struct SourceColumns {
    AttrNumber time = 0, tenant = 0;
};
SourceColumns columns_of(const Source &);
/// Sources in order of their ids.
std::vector<Source> all_sources();
const Rollup *find_rollup_or_null(std::string_view name);

/// The table that a derived source's rows are made of (derived.hpp), or InvalidOid.
Oid origin_of(Oid relation);

/// OIDs of the registry's own tables.
struct StoreTables {
    Oid schema = InvalidOid, sources = InvalidOid, rollups = InvalidOid, notes = InvalidOid, watch = InvalidOid;
    Oid derived = InvalidOid;
    Oid sources_key = InvalidOid, rollups_key = InvalidOid, notes_key = InvalidOid, watch_key = InvalidOid;
    Oid owner = InvalidOid;
};
/// The registry's tables; throws 42P01 with a hint when install() was not called.
const StoreTables &store_tables();
/// The same, or null.
const StoreTables *store_tables_or_null();

const Rollup *find_rollup_or_null(int32 id);
/// Has changes of this relation count as changes of what is known here.
void know(Oid relation);

/// While it lives, changes of every relation count: for reading what is not known yet.
class WatchAll {
  public:
    WatchAll();
    ~WatchAll();
    WatchAll(const WatchAll &) = delete;
    WatchAll &operator=(const WatchAll &) = delete;
};

/// A counter that moves when a relation that rollups depend on may have changed (for the watch list).
uint64 generation();

/// Has every backend forget what it knows of a table's rollups, at commit.
void invalidate(Oid relation);
void register_catalog_callbacks();
/// Frees what readers of this transaction may still have referred to.
void forget_retired();

}  // namespace analytics::engine
