#pragma once
// What all backends share: the buckets of limits, and the requests that have been noted lately.
#include "core/limits/bucket_table.hpp"
#include "pg/shared_memory.hpp"

namespace analytics::delivery {

/// A table of buckets, with a lock for each partition.
struct SharedBuckets {
    static constexpr std::size_t slots = std::size_t{1} << 17;  // 100,000 live ones fit
    LWLockPadded locks[core::BucketTable::partitions];
    core::BucketSlot buckets[slots];
};

/// One request, as it is noted when its transaction ends. Strings end with a zero byte.
struct NotedRequest {
    std::uint64_t written_by;  // the transaction that wrote it into api_requests; 0: none has yet
    TimestampTz started_at;
    double duration_ms;
    Oid database;
    std::int32_t status;
    char method[8], endpoint[72], tenant[132], user[132], request_id[104], key_id[16], error_code[8], client[48];
};

/// The last requests of the server, in a ring: number n stands at n % size.
struct RequestRing {
    static constexpr std::size_t size = std::size_t{1} << 14;
    LWLockPadded lock;
    std::uint64_t noted;  // how many have been, ever
    std::uint64_t lost;   // how many of them nobody had written when they were overwritten
    NotedRequest requests[size];
};

struct SharedState {
    std::uint64_t seed;
    /// Apart from each other, so that a flood of addresses does not take the room of those who have said who they are.
    SharedBuckets anonymous, known;
    /// What keys without a slot share, by class of limit (limits.hpp).
    static constexpr std::size_t most_classes = 16;
    std::int64_t shared_buckets[most_classes];
    std::uint64_t calls_in_shared_buckets;
    RequestRing ring;
};

/// The state, or null where there is no shared memory; then a warning says so, once a session.
SharedState *shared_state();
/// Called by _PG_init.
void request_shared_state();

}  // namespace analytics::delivery
