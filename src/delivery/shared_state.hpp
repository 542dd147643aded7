#pragma once
// What all backends share: the buckets of limits.
#include "core/limits/bucket_table.hpp"
#include "pg/shared_memory.hpp"

namespace analytics::delivery {

/// A table of buckets, with a lock for each partition.
struct SharedBuckets {
    static constexpr std::size_t slots = std::size_t{1} << 17;  // 100,000 live ones fit
    LWLockPadded locks[core::BucketTable::partitions];
    core::BucketSlot buckets[slots];
};

struct SharedState {
    std::uint64_t seed;
    /// Apart from each other, so that a flood of addresses does not take the room of those who have said who they are.
    SharedBuckets anonymous, known;
    /// What keys without a slot share, by class of limit (limits.hpp).
    static constexpr std::size_t most_classes = 16;
    std::int64_t shared_buckets[most_classes];
    std::uint64_t calls_in_shared_buckets;
};

/// The state, or null where there is no shared memory; then a warning says so, once a session.
SharedState *shared_state();
/// Called by _PG_init.
void request_shared_state();

}  // namespace analytics::delivery
