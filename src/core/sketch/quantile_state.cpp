#include "core/sketch/quantile_state.hpp"

#include <algorithm>

namespace analytics::core {

QuantileState QuantileState::create(std::span<std::byte> memory, const Buckets &buckets) {
    std::fill(memory.begin(), memory.end(), std::byte{0});
    memory[0] = tag;
    store(memory.data() + 2, static_cast<std::uint16_t>(buckets.per_doubling()));
    store(memory.data() + 16, std::numeric_limits<double>::infinity());
    store(memory.data() + 24, -std::numeric_limits<double>::infinity());
    return QuantileState(memory);
}

QuantileState::QuantileState(std::span<std::byte> memory) : memory_(memory) {
    if (memory.size() < header_bytes + 16 || memory[0] != tag || used() > limit())
        throw std::invalid_argument("not a valid quantile_sketch: its working form is damaged");
}

// False when the key is new and there is no room for it.
bool QuantileState::add_bin(std::int32_t key, std::uint64_t count) {
    std::size_t const size = capacity();
    std::uint64_t const spread = static_cast<std::uint32_t>(static_cast<std::uint32_t>(key) * 0x9E3779B1u);
    std::size_t i = static_cast<std::size_t>((spread * size) >> 32);
    for (;;) {
        std::uint64_t const held = slot(i);
        if (held == 0) break;
        if (key_of(held) == key) {
            store(slots() + 8 * i, held + count);
            return true;
        }
        if (++i == size) i = 0;
    }
    std::size_t const before = used();
    if (before == limit()) return false;
    store(slots() + 8 * i, static_cast<std::uint64_t>(std::int64_t{key}) << count_bits | count);
    store(memory_.data() + 4, static_cast<std::uint32_t>(before + 1));
    return true;
}

void QuantileState::count_more(std::uint64_t more, double least, double greatest) {
    store(memory_.data() + 8, count() + more);
    store(memory_.data() + 16, std::min(load<double>(memory_.data() + 16), least));
    store(memory_.data() + 24, std::max(load<double>(memory_.data() + 24), greatest));
}

static void check_total(std::uint64_t count, std::uint64_t more) {
    if (more > QuantileSketch::most_values - count)
        throw std::invalid_argument("a quantile_sketch holds at most 2^43 - 1 values");
}

void QuantileState::check_accuracy(int other) const {
    if (other != per_doubling())
        throw std::invalid_argument("quantile sketches of different relative accuracy cannot be merged");
}

bool QuantileState::add(double x) {
    check_total(count(), 1);
    x += 0.0;  // no negative zero, see QuantileSketch::add
    if (!add_bin(Buckets(per_doubling()).key(x), 1)) return false;
    count_more(1, x, x);
    return true;
}

void QuantileState::merge_stored(std::span<const std::byte> stored) {
    QuantileHead const head = QuantileSketch::head(stored);
    check_accuracy(head.per_doubling);
    check_total(count(), head.count);
    QuantileSketch::decode(stored, Buckets(head.per_doubling), [this](std::int32_t key, std::uint64_t count) {
        if (!add_bin(key, count)) throw std::logic_error("no room was made for a quantile_sketch");
    });
    if (head.count > 0) count_more(head.count, head.least, head.greatest);
}

void QuantileState::merge_state(const QuantileState &other) {
    check_accuracy(other.per_doubling());
    check_total(count(), other.count());
    for (std::size_t i = 0; i < other.capacity(); ++i)
        if (std::uint64_t const held = other.slot(i); held != 0 && !add_bin(key_of(held), count_of(held)))
            throw std::logic_error("no room was made for a quantile_sketch");
    count_more(other.count(), load<double>(other.memory_.data() + 16), load<double>(other.memory_.data() + 24));
}

QuantileState QuantileState::move_to(std::span<std::byte> larger) const {
    QuantileState moved = create(larger, Buckets(per_doubling()));
    moved.merge_state(*this);
    return moved;
}

std::vector<std::byte> QuantileState::encode() const {
    std::vector<Bin> bins;
    bins.reserve(used());
    for (std::size_t i = 0; i < capacity(); ++i)
        if (std::uint64_t const held = slot(i); held != 0) bins.push_back({key_of(held), count_of(held)});
    std::sort(bins.begin(), bins.end(), [](const Bin &a, const Bin &b) { return a.key < b.key; });
    return QuantileSketch::encode(
        {per_doubling(), count(), load<double>(memory_.data() + 16), load<double>(memory_.data() + 24)}, bins);
}

}  // namespace analytics::core
