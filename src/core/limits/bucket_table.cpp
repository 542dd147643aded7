#include "core/limits/bucket_table.hpp"

#include <atomic>

namespace analytics::core {

/// The groups at which a key may stand. Odd steps through a power of two meet each group once.
class BucketTable::Path {
  public:
    Path(std::span<BucketSlot> slots, Hash128 key) noexcept
        : groups_(slots.size() / (partitions * group)),
          partition_(slots.subspan(partition(key) * groups_ * group, groups_ * group)), at_(key.low / partitions),
          step_(key.high | 1) {}

    std::size_t length() const noexcept { return groups_ < probes ? groups_ : probes; }
    std::span<BucketSlot> next() noexcept {
        std::span<BucketSlot> const here = partition_.subspan((at_ & (groups_ - 1)) * group, group);
        at_ += step_;
        return here;
    }

  private:
    std::size_t groups_;
    std::span<BucketSlot> partition_;
    std::uint64_t at_, step_;
};

Hash128 BucketTable::key(std::string_view name, std::uint64_t seed) {
    Hash128 hash = hash_bytes(std::as_bytes(std::span(name.data(), name.size())), seed);
    if (hash == Hash128{0, 0}) hash.low = 1;  // the key of a slot that was never used
    return hash;
}

// A slot never becomes unused again, and a key takes the first slot it may have: behind an unused one it cannot be.

std::int64_t *BucketTable::find(Hash128 key) const noexcept {
    Path path(slots_, key);
    for (std::size_t i = 0; i < path.length(); ++i)
        for (BucketSlot &slot : path.next()) {
            if (slot.key == key) return &slot.full_at;
            if (slot.key == Hash128{0, 0}) return nullptr;
        }
    return nullptr;
}

std::int64_t *BucketTable::claim(Hash128 key, std::int64_t now) noexcept {
    BucketSlot *idle = nullptr;
    Path path(slots_, key);
    bool unused = false;
    for (std::size_t i = 0; i < path.length() && !unused; ++i)
        for (BucketSlot &slot : path.next()) {
            if (slot.key == key) return &slot.full_at;
            unused = slot.key == Hash128{0, 0};
            if (idle == nullptr && slot.full_at <= now) idle = &slot;
            if (unused) break;
        }
    if (idle == nullptr) return nullptr;
    idle->key = key;
    idle->full_at = 0;
    return &idle->full_at;
}

std::size_t BucketTable::live(std::int64_t now) const noexcept {
    std::size_t count = 0;
    for (BucketSlot &slot : slots_)
        count += std::atomic_ref<std::int64_t>(slot.full_at).load(std::memory_order_relaxed) > now;
    return count;
}

}  // namespace analytics::core
