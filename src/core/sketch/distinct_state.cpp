#include "core/sketch/distinct_state.hpp"

#include <algorithm>

namespace analytics::core {

DistinctState DistinctState::create(std::span<std::byte> memory, Holds holds, std::span<const std::byte> body) {
    std::fill_n(memory.begin(), header_bytes, std::byte{0});
    memory[0] = tag;
    memory[1] = static_cast<std::byte>(holds);
    store(memory.data() + 8, static_cast<std::uint32_t>(body.size()));
    std::copy(body.begin(), body.end(), memory.begin() + header_bytes);
    return DistinctState(memory);
}

DistinctState::DistinctState(std::span<std::byte> memory) : memory_(memory) {
    if (memory.size() < header_bytes || memory[0] != tag || memory.size() - header_bytes < body_bytes() ||
        (holds() != Holds::hashes && holds() != Holds::integers) || used() > capacity())
        throw std::invalid_argument("not a valid distinct_set: its working form is damaged");
}

void DistinctState::require(Holds what) const {
    if (holds() != what) throw std::invalid_argument("integers and other values cannot be in one distinct_set");
}

// The tail is not aligned as T is, so it is sorted in a copy.
template <class T> void DistinctState::remove_repeated() {
    std::vector<T> values(used());
    std::memcpy(values.data(), tail(), sizeof(T) * values.size());
    if constexpr (std::is_same_v<T, Hash128>) sort_hashes(values);
    else std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    std::memcpy(tail(), values.data(), sizeof(T) * values.size());
    set_used(values.size());
}

// Room for `count` more values in the tail.
bool DistinctState::make_room(std::size_t count) {
    if (capacity() - used() >= count) return true;
    if (used() < capacity() / 2 || count > capacity()) return false;
    if (holds() == Holds::hashes) remove_repeated<Hash128>();
    else remove_repeated<std::uint64_t>();
    // At least half must be free, or the next value but a few would have us sort again.
    return used() <= capacity() / 2 && capacity() - used() >= count;
}

bool DistinctState::add_hash(Hash128 hash) {
    require(Holds::hashes);
    if (used() == capacity() && !make_room(1)) return false;
    store(tail() + 16 * used(), hash);
    set_used(used() + 1);
    return true;
}

bool DistinctState::add_integer(std::int64_t value) {
    require(Holds::integers);
    if (used() == capacity() && !make_room(1)) return false;
    store(tail() + 8 * used(), value);
    set_used(used() + 1);
    return true;
}

bool DistinctState::add_stored(std::span<const std::byte> stored) {
    DistinctSet::Head const incoming = DistinctSet::head(stored);
    if (incoming.kind == DistinctSet::Kind::empty) return true;
    require(incoming.kind == DistinctSet::Kind::hashes ? Holds::hashes : Holds::integers);
    if (incoming.count > capacity() || !make_room(static_cast<std::size_t>(incoming.count))) return false;
    std::span<const std::byte> const payload = stored.subspan(DistinctSet::header_bytes);
    std::byte *const free = tail() + width() * used();
    if (incoming.kind == DistinctSet::Kind::integer_bitmaps) {
        std::vector<std::int64_t> const values = IntegerSet::values(IntegerSet::Form::bitmaps, payload, incoming.count);
        std::memcpy(free, values.data(), 8 * values.size());
    } else {
        // A list or hashes: in the tail they stand as in the payload.
        if (payload.size() != width() * incoming.count)
            throw std::invalid_argument("not a valid distinct_set: its length does not fit its count");
        if (incoming.kind == DistinctSet::Kind::hashes) HashSet::validate(payload);
        std::memcpy(free, payload.data(), payload.size());
    }
    set_used(used() + static_cast<std::size_t>(incoming.count));
    return true;
}

DistinctSet DistinctState::all() const {
    DistinctSet set;
    if (body_bytes() > 0) set.merge(body());
    for (std::size_t i = 0; i < used(); ++i) {
        if (holds() == Holds::hashes) set.add_hash(load<Hash128>(tail() + 16 * i));
        else set.add_integer(load<std::int64_t>(tail() + 8 * i));
    }
    return set;
}

DistinctState::Growth DistinctState::grow(std::span<const std::byte> stored) const {
    std::uint64_t const incoming = stored.empty() ? 1 : DistinctSet::cardinality(stored);
    if (used() + incoming <= longest_tail() / 2) {
        std::size_t const places = std::max(2 * capacity(), 2 * (used() + static_cast<std::size_t>(incoming)));
        return {{}, false, header_bytes + body_bytes() + width() * places};
    }
    DistinctSet set = all();
    if (!stored.empty()) set.merge(stored);
    std::vector<std::byte> merged = set.bytes();
    std::size_t const bytes = header_bytes + merged.size() + std::max(width() * longest_tail(), merged.size());
    return {std::move(merged), true, bytes};
}

DistinctState DistinctState::move_to(std::span<std::byte> larger, const Growth &growth) const {
    if (growth.merged) return create(larger, holds(), growth.body);
    DistinctState moved = create(larger, holds(), body());
    std::memcpy(moved.tail(), tail(), width() * used());
    moved.set_used(used());
    return moved;
}

}  // namespace analytics::core
