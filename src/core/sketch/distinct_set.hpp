#pragma once
// An exact, mergeable set of distinct values.
#include "core/sketch/hash_set.hpp"
#include "core/sketch/integer_set.hpp"

namespace analytics::core {

/// Integers are kept as they are (Roaring bitmaps), other values as 128-bit hashes of their bytes: two of a billion
/// values have the same one with probability 1.5e-21, far below that of a wrong bit in memory. Both never in one set.
///
/// Stored form, version 1, little-endian:
///     u8 version = 1; u8 kind; u48 number of values; payload
///     kind 0: no values, no payload         kind 1: hashes, ascending, 16 bytes each (high 64 bits, low 64 bits)
///     kind 2, 3: integers, as a list or as bitmaps (integer_set.hpp)
/// The same set always gives the same bytes, in whatever order and grouping it was made.
class DistinctSet {
  public:
    static constexpr std::size_t header_bytes = 8;
    enum class Kind : std::uint8_t { empty, hashes, integer_list, integer_bitmaps };
    struct Head {
        Kind kind = Kind::empty;
        std::uint64_t count = 0;
    };

    /// @throws std::invalid_argument when the set holds values of the other sort
    void add_integer(std::int64_t value) {
        choose(Holds::integers);
        integers_.add(value);
    }
    void add_hash(Hash128 hash) {
        choose(Holds::hashes);
        hashes_.add(hash);
    }
    /// Linear in the bytes. @throws std::invalid_argument as above, or when the bytes are not a valid set
    void merge(std::span<const std::byte> stored);

    std::uint64_t cardinality();
    std::vector<std::byte> bytes();

    /// From the first 8 bytes alone; the rest may be missing.
    static std::uint64_t cardinality(std::span<const std::byte> stored) { return head(stored).count; }
    static Head head(std::span<const std::byte> stored);
    /// Writes the first 8 bytes. @throws std::length_error when there are more than 2^48 - 1 values
    static void write_head(std::byte *to, const Head &head);
    /// Whether a set of hashes holds one; false for sets of integers. O(log values).
    /// @throws std::invalid_argument when the head is not that of a set or does not fit the length
    static bool holds(std::span<const std::byte> stored, Hash128 hash);
    /// @throws std::invalid_argument unless the bytes are a valid set; a form that bytes() would not choose is valid,
    /// so that another release of CRoaring may choose another
    static void validate(std::span<const std::byte> stored);

  private:
    enum class Holds : std::uint8_t { nothing, hashes, integers };
    void choose(Holds what) {
        if (holds_ != what) choose_first(what);
    }
    void choose_first(Holds what);

    Holds holds_ = Holds::nothing;
    HashSet hashes_ = {};
    IntegerSet integers_ = {};
};

}  // namespace analytics::core
