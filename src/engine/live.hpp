#pragma once
// What must be read from the source: noted buckets, what this transaction touched, changed partitions, and what is not
// summarised yet.
#include "core/rollup/cover.hpp"
#include "engine/notes.hpp"

namespace analytics::engine {

using LiveRange = core::TimeRange;

/// Tells one state of a rollup's stores from every other: which row of the registry stood for it.
struct StoresVersion {
    uint64 place = 0;
    uint32 transaction = 0;
    int64 refreshed_at = 0;
};

struct Live {
    int64 summarised_to = beginning;
    StoresVersion version = {};
    std::vector<LiveRange> ranges;  // disjoint, ascending, whole base buckets; the last is the open end
};

/// For one tenant, under the active snapshot. Takes a lock (AccessShare) on the source and its partitions.
Live live(const Rollup &, std::string_view tenant);

/// The same ranges alone.
std::vector<LiveRange> live_ranges(const pg::Spi &, const Rollup &, std::string_view tenant);

/// Whether row security applies to the caller on a relation.
bool is_restricted(Oid relation);
/// The same on a source, or on what it is made of.
bool is_restricted(const Source &);

/// Whether the caller may see only some rows of the source, by a policy other than the tenant's: stored sums would tell
/// more than it may see, so everything is read from the source.
bool reads_raw(const Source &);

}  // namespace analytics::engine
