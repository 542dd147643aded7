#pragma once
// What no row trigger sees: TRUNCATE of a partition, ATTACH, DETACH, a rewritten table, a disabled trigger. The file
// and the trigger of each table of a source are compared with those that the last refresh saw (analytics_store.watch).
#include "core/rollup/cover.hpp"
#include "engine/rollup.hpp"

namespace analytics::engine {

/// One table that holds rows of a source: the source itself or a partition.
struct Leaf {
    Oid table = InvalidOid, file = InvalidOid, trigger = InvalidOid;
    char enabled = ' ';
    int64 version = 0;         // of the trigger's definition: disabled and enabled again it is another one
    bool guarded = false;      // changes of its rows are noted, and a TRUNCATE changes its file
    core::TimeRange bounds{};  // of the partition; everything where they are not known
};

/// The tables as they are now, locked against TRUNCATE and DETACH until the transaction ends. Normally costs one lock a
/// table: they are looked at again only after relcache messages came.
const std::vector<Leaf> &leaves_now(const Source &);

/// A hash of the leaves, kept in analytics_store.sources so that one comparison normally does. A list with a table that
/// is not guarded is stored with another one, so that it never compares equal.
int64 signature(const std::vector<Leaf> &);

/// Ranges where the leaves differ from the watch list that `snapshot` sees, and those of tables that are not guarded.
std::vector<core::TimeRange> changed_ranges(const std::vector<Leaf> &, const Source &, Snapshot snapshot);

/// Makes the watch list these leaves; under the refresh's snapshot, as owner of the list.
void store_watch(const pg::Spi &, const std::vector<Leaf> &, const Source &, Snapshot snapshot);

}  // namespace analytics::engine
