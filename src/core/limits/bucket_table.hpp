#pragma once
// Buckets by key, in fixed memory that several processes share.
#include "core/sketch/hash_set.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace analytics::core {

/// One bucket. All zero: never used.
struct BucketSlot {
    Hash128 key;
    std::int64_t full_at;  // see token_bucket.hpp
};

/// A hash table of buckets that never grows and never forgets one that is not full: a new key gets a slot that was
/// never used, or one whose bucket is full again (idle), which means the same as no bucket. So a flood of keys cannot
/// bring an exhausted bucket back to life. With no such slot on the key's path, the caller lets it share a bucket with
/// others in the same plight.
///
/// The table is cut into partitions, and a key's path stays in one. The caller has a lock for each: shared for find()
/// and for taking from what it returned, exclusive for claim() and for the first taking. A slot changes hands under the
/// exclusive lock only, so that a token is never taken from somebody else's bucket.
///
/// A path is up to `probes` groups of `group` slots, by double hashing: with three quarters of 2^17 slots in use, a new
/// key still finds one.
class BucketTable {
  public:
    static constexpr std::size_t partitions = 128, group = 8, probes = 16;

    /// @param slots  a power of two, at least partitions * group; zeroed before the first use
    explicit BucketTable(std::span<BucketSlot> slots) noexcept : slots_(slots) {}

    /// @param seed  random and secret: nobody shall choose keys that meet
    static Hash128 key(std::string_view name, std::uint64_t seed);
    static std::size_t partition(Hash128 key) noexcept { return key.low % partitions; }

    /// The bucket of a key, or null if it has none. Lock: shared.
    std::int64_t *find(Hash128 key) const noexcept;
    /// The bucket of a key, its own or one that it takes over now; null if none is free. Lock: exclusive, and held
    /// until something was taken: only then the bucket is not idle.
    std::int64_t *claim(Hash128 key, std::int64_t now) noexcept;
    /// Buckets that are not full. Looks at all slots; without locks an estimate.
    std::size_t live(std::int64_t now) const noexcept;

  private:
    class Path;
    std::span<BucketSlot> slots_;
};

}  // namespace analytics::core
