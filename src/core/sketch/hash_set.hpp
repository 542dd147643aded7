#pragma once
// A set of 128-bit hashes, made for uniting many sorted runs of them.
#include "core/sketch/bytes.hpp"

#include <compare>

namespace analytics::core {

struct Hash128 {
    std::uint64_t high = 0, low = 0;
    auto operator<=>(const Hash128 &) const = default;
};

/// XXH3's 128-bit hash (xxhash 0.8: a stable format, the same on every machine).
/// @param seed  a number of the kind of value, so that equal bytes of different kinds are different values
Hash128 hash_bytes(std::span<const std::byte> bytes, std::uint64_t seed);

/// Small sets are a list that is sorted now and then. Larger ones are a table kept in order by linear probing (Amble
/// and Knuth, "Ordered hash tables", 1974), whose place for a hash is given by its high bits: so a sorted run is added,
/// and the sorted result read, from front to back. Hashes crowd in one place only if somebody chose them to; a crowded
/// set goes back to the list, so the cost is O(n log n) whatever comes.
class HashSet {
  public:
    static constexpr std::size_t stored_bytes = 16;  // of one hash: high, then low

    void add(Hash128 hash) {
        if (slots_.empty()) add_to_list(hash);
        else add_to_table(hash);
    }
    /// Adds hashes in the stored form. @throws std::invalid_argument unless they ascend strictly
    void add_stored(std::span<const std::byte> hashes);
    std::size_t size();
    /// Writes size() hashes, ascending.
    void write(std::byte *to);
    /// @throws std::invalid_argument unless they ascend strictly
    static void validate(std::span<const std::byte> hashes);

  private:
    static constexpr std::size_t list_limit = 256;  // beyond it a table
    static constexpr std::size_t reach = 1024;      // a table's hash is at most that far from its place

    void add_to_list(Hash128 hash);
    void add_to_table(Hash128 hash);
    void sort_list();
    void make_table(std::size_t places);
    void relieve(Hash128 in_hand);
    bool place(Hash128 &in_hand);
    std::size_t home(Hash128 hash) const noexcept {
        return static_cast<std::size_t>((static_cast<unsigned __int128>(hash.high) * places_) >> 64);
    }

    std::vector<Hash128> list_ = {};
    std::size_t sorted_ = 0;           // so many of the list are sorted and unique
    std::vector<Hash128> slots_ = {};  // {0, 0} is an empty one; `reach` more than places_
    std::size_t places_ = 0, used_ = 0;
    bool crowded_ = false;
};

}  // namespace analytics::core
