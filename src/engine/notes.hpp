#pragma once
// What writers leave for readers and the refresh: which summarised buckets they touched. In this backend's memory until
// the transaction ends, then in analytics_store.notes.
#include "core/rollup/cover.hpp"
#include "engine/catalog.hpp"

#include <optional>

namespace analytics::engine {

/// A range that must be read from the source. No tenant: everybody's rows.
struct Touched {
    std::optional<std::string> tenant;
    core::TimeRange range;
};

inline constexpr int64 beginning = PG_INT64_MIN, end_of_time = PG_INT64_MAX;  // -infinity and infinity as timestamptz

/// What this transaction touched, as a snapshot with command id `before` sees it.
std::vector<Touched> touched_here(int32 source, CommandId before);

/// Notes a range of a source (TRUNCATE, invalidate_rollup).
void touch(int32 source, std::optional<std::string> tenant, core::TimeRange range);

/// The value of a sequence, read from its page: seen at once, whatever the snapshot.
int64 read_sequence(Oid sequence);

/// Has this transaction read the limits again (after a refresh raised one).
void forget_limits();
/// Drops what is remembered of a source that is being removed.
void forget_source(int32 source);

/// Transaction and relcache callbacks; called once a backend.
void register_callbacks();

}  // namespace analytics::engine
