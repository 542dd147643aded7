#include "core/sketch/hash_set.hpp"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace analytics::core {

namespace {

constexpr Hash128 empty{};

Hash128 load_hash(const std::byte *from) noexcept { return {load<std::uint64_t>(from), load<std::uint64_t>(from + 8)}; }
void store_hash(std::byte *to, Hash128 hash) noexcept {
    store(to, hash.high);
    store(to + 8, hash.low);
}

}  // namespace

Hash128 hash_bytes(std::span<const std::byte> bytes, std::uint64_t seed) {
    XXH128_hash_t const hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
    if ((hash.high64 | hash.low64) == 0) return {0, 1};  // zero is kept for "empty"
    return {hash.high64, hash.low64};
}

void HashSet::add_to_list(Hash128 hash) {
    list_.push_back(hash);
    if (list_.size() >= std::max(list_limit, 2 * sorted_)) {
        sort_list();
        if (sorted_ > list_limit / 2 && !crowded_) make_table(4 * sorted_);
    }
}

void HashSet::sort_list() {
    if (sorted_ == list_.size()) return;
    auto const middle = list_.begin() + static_cast<std::ptrdiff_t>(sorted_);
    std::sort(middle, list_.end());
    std::inplace_merge(list_.begin(), middle, list_.end());
    list_.erase(std::unique(list_.begin(), list_.end()), list_.end());
    sorted_ = list_.size();
}

// Puts a hash where the order wants it, moving larger ones up. False when that would reach too far; `in_hand` is then
// the one that is left without a place.
bool HashSet::place(Hash128 &in_hand) {
    Hash128 *slot = slots_.data() + home(in_hand);
    Hash128 *const end = slot + reach;
    for (; slot < end; ++slot) {
        if (*slot < in_hand) {
            if (*slot == empty) break;
            continue;
        }
        if (*slot == in_hand) return true;
        // in_hand is new, its place is here; from now on every slot is moved up by one.
        for (; slot < end && *slot != empty; ++slot) std::swap(*slot, in_hand);
        break;
    }
    if (slot == end) return false;
    *slot = in_hand;
    ++used_;
    return true;
}

void HashSet::add_to_table(Hash128 hash) {
    if (used_ >= places_ - places_ / 4) make_table(2 * places_);
    if (slots_.empty()) return add_to_list(hash);
    if (!place(hash)) relieve(hash);
}

// A hash found no place: with a well filled table that is chance, with a rather empty one somebody's choice.
void HashSet::relieve(Hash128 in_hand) {
    if (used_ > places_ / 8) {
        make_table(2 * places_);
        return add(in_hand);
    }
    crowded_ = true;
    std::erase(slots_, empty);
    list_ = std::move(slots_);
    slots_ = {};
    sorted_ = list_.size();
    add_to_list(in_hand);
}

// A table of that many places, filled with what the list or the old table holds, both in order.
void HashSet::make_table(std::size_t places) {
    std::vector<Hash128> old = std::move(slots_.empty() ? list_ : slots_);
    list_ = {};
    sorted_ = 0;
    used_ = 0;
    places_ = std::max<std::size_t>(1024, places);
    slots_.assign(places_ + reach, empty);
    std::size_t i = 0;
    Hash128 in_hand;
    for (; i < old.size(); ++i) {
        in_hand = old[i];
        if (in_hand != empty && !place(in_hand)) break;
    }
    if (i == old.size()) return;
    crowded_ = true;
    std::erase(slots_, empty);
    list_ = std::move(slots_);
    slots_ = {};
    sorted_ = list_.size();
    list_.push_back(in_hand);
    for (++i; i < old.size(); ++i)
        if (old[i] != empty) list_.push_back(old[i]);
}

void HashSet::add_stored(std::span<const std::byte> hashes) {
    validate(hashes);
    std::size_t const count = hashes.size() / stored_bytes;
    std::size_t const held = slots_.empty() ? list_.size() : used_;
    if (!crowded_ && held + count > list_limit && (slots_.empty() || held + count > places_ - places_ / 4)) {
        sort_list();
        make_table(std::max(2 * places_, (held + count) * 3 / 2));
    }
    for (std::size_t i = 0; i < count; ++i) add(load_hash(hashes.data() + stored_bytes * i));
}

std::size_t HashSet::size() {
    if (!slots_.empty()) return used_;
    sort_list();
    return sorted_;
}

void HashSet::write(std::byte *to) {
    sort_list();
    for (Hash128 const hash : slots_.empty() ? list_ : slots_) {
        if (hash == empty) continue;
        store_hash(to, hash);
        to += stored_bytes;
    }
}

void HashSet::validate(std::span<const std::byte> hashes) {
    Hash128 previous = empty;
    for (std::size_t i = 0; i + stored_bytes <= hashes.size(); i += stored_bytes) {
        Hash128 const hash = load_hash(hashes.data() + i);
        if (!(previous < hash)) throw std::invalid_argument("not a valid distinct_set: its hashes are not in order");
        previous = hash;
    }
}

}  // namespace analytics::core
