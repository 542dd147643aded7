#pragma once
// The working form of a quantile sketch: flat memory that a SQL aggregate changes in place.
#include "core/sketch/quantile_sketch.hpp"

namespace analytics::core {

/// A hash table of bins in memory that the caller owns; it has no pointers, so it may be copied and sent as it is.
/// When it is full the caller gives it larger memory (move_to).
///
/// Layout, little-endian, unaligned: u8 tag = 0xF1; u8 0; u16 per_doubling; u32 used slots; u64 count; f64 least;
/// f64 greatest; slots of 8 bytes to the end of the memory: key (signed) in the upper 21 bits, count in the lower 43,
/// 0 for an empty slot. A stored sketch begins with its version, 1, so the two forms can be told apart.
class QuantileState {
  public:
    static constexpr std::byte tag{0xF1};
    static constexpr std::size_t header_bytes = 32;

    static bool is_state(std::span<const std::byte> bytes) noexcept { return !bytes.empty() && bytes[0] == tag; }
    /// The memory that holds `bins` bins.
    static std::size_t bytes_for(std::size_t bins) noexcept { return header_bytes + 8 * (bins + bins / 3 + 2); }
    static QuantileState create(std::span<std::byte> memory, const Buckets &buckets);

    /// A look at memory that holds a state. @throws std::invalid_argument when it does not
    explicit QuantileState(std::span<std::byte> memory);

    int per_doubling() const noexcept { return load<std::uint16_t>(memory_.data() + 2); }
    std::uint64_t count() const noexcept { return load<std::uint64_t>(memory_.data() + 8); }
    std::size_t used() const noexcept { return load<std::uint32_t>(memory_.data() + 4); }
    bool has_room(std::size_t more_bins) const noexcept { return used() + more_bins <= limit(); }

    /// False, and nothing has changed, when it must move to larger memory first. x must be finite.
    bool add(double x);
    /// @throws std::invalid_argument when the accuracies differ or the bytes are not valid; there must be room
    void merge_stored(std::span<const std::byte> stored);
    void merge_state(const QuantileState &other);
    QuantileState move_to(std::span<std::byte> larger) const;

    /// The stored form.
    std::vector<std::byte> encode() const;

  private:
    static constexpr int count_bits = 43;
    std::size_t capacity() const noexcept { return (memory_.size() - header_bytes) / 8; }
    std::size_t limit() const noexcept { return capacity() - capacity() / 4 - (capacity() < 4 ? 1 : 0); }
    std::uint64_t slot(std::size_t i) const noexcept { return load<std::uint64_t>(slots() + 8 * i); }
    std::byte *slots() const noexcept { return memory_.data() + header_bytes; }
    bool add_bin(std::int32_t key, std::uint64_t count);
    void count_more(std::uint64_t more, double least, double greatest);
    void check_accuracy(int other) const;
    static std::int32_t key_of(std::uint64_t slot) noexcept {
        return static_cast<std::int32_t>(static_cast<std::int64_t>(slot) >> count_bits);
    }
    static std::uint64_t count_of(std::uint64_t slot) noexcept { return slot & QuantileSketch::most_values; }

    std::span<std::byte> memory_;
};

}  // namespace analytics::core
