#pragma once
// The working form of a distinct set: flat memory that a SQL aggregate changes in place.
#include "core/sketch/distinct_set.hpp"

namespace analytics::core {

/// A stored set (the body) and after it a tail of values that were added since, unsorted, in memory that the caller
/// owns. No pointers: it may be copied and sent as it is. A full tail is first rid of repeated values; if that does not
/// free half of it, the caller moves the state to larger memory (grow): a small tail just gets longer, a large one is
/// merged into the body. The tail is then as long as the body, so each value is moved a constant number of times.
///
/// Layout, little-endian, unaligned: u8 tag = 0xF2; u8 holds (1 hashes, 2 integers); u16 0; u32 used places of the
/// tail; u32 bytes of the body; the body; the tail to the end of the memory, 16 bytes a hash, 8 an integer.
class DistinctState {
  public:
    static constexpr std::byte tag{0xF2};
    static constexpr std::size_t header_bytes = 12;
    enum class Holds : std::uint8_t { hashes = 1, integers = 2 };

    /// What grow() has decided; `bytes` is the least memory that move_to needs.
    struct Growth {
        std::vector<std::byte> body;
        bool merged;  // the tail is in `body`
        std::size_t bytes;
    };

    static bool is_state(std::span<const std::byte> bytes) noexcept { return !bytes.empty() && bytes[0] == tag; }
    static DistinctState create(std::span<std::byte> memory, Holds holds, std::span<const std::byte> body = {});

    /// A look at memory that holds a state. @throws std::invalid_argument when it does not
    explicit DistinctState(std::span<std::byte> memory);

    /// False when it must grow first. @throws std::invalid_argument when the state holds the other sort
    bool add_hash(Hash128 hash);
    bool add_integer(std::int64_t value);
    /// Adds a stored set if its values find room in the tail; else false: then grow(stored) takes it in.
    bool add_stored(std::span<const std::byte> stored);

    Growth grow(std::span<const std::byte> stored = {}) const;
    DistinctState move_to(std::span<std::byte> larger, const Growth &growth) const;

    /// The stored form.
    std::vector<std::byte> encode() const { return all().bytes(); }

  private:
    /// Beyond it a tail is merged into the body, which for integers may be far smaller.
    std::size_t longest_tail() const noexcept { return holds() == Holds::hashes ? 65536 : 2048; }

    Holds holds() const noexcept { return static_cast<Holds>(memory_[1]); }
    std::size_t width() const noexcept { return holds() == Holds::hashes ? 16 : 8; }
    std::size_t used() const noexcept { return load<std::uint32_t>(memory_.data() + 4); }
    std::size_t body_bytes() const noexcept { return load<std::uint32_t>(memory_.data() + 8); }
    std::span<const std::byte> body() const noexcept { return memory_.subspan(header_bytes, body_bytes()); }
    std::byte *tail() const noexcept { return memory_.data() + header_bytes + body_bytes(); }
    std::size_t capacity() const noexcept { return (memory_.size() - header_bytes - body_bytes()) / width(); }
    void set_used(std::size_t used) noexcept { store(memory_.data() + 4, static_cast<std::uint32_t>(used)); }
    bool make_room(std::size_t count);
    template <class T> void remove_repeated();
    void require(Holds what) const;
    DistinctSet all() const;

    std::span<std::byte> memory_;
};

}  // namespace analytics::core
