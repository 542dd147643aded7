#pragma once
// A set of 128-bit hashes, made for uniting many sorted runs of them.
#include "core/sketch/bytes.hpp"

namespace analytics::core {

struct Hash128 {
    std::uint64_t high, low;
    bool operator==(const Hash128 &other) const noexcept { return ((high ^ other.high) | (low ^ other.low)) == 0; }
    bool operator<(const Hash128 &other) const noexcept { return number() < other.number(); }  // without branches

  private:
    __extension__ using Number = unsigned __int128;
    Number number() const noexcept { return Number{high} << 64 | low; }
};

/// XXH3's 128-bit hash (xxhash 0.8: a stable format, the same on every machine).
/// @param seed  a number of the kind of value, so that equal bytes of different kinds are different values
Hash128 hash_bytes(std::span<const std::byte> bytes, std::uint64_t seed);

/// Sorts hashes: by the highest bits with a radix sort, which for evenly spread hashes leaves next to nothing to do,
/// then by insertion; crowded ones, which somebody must have chosen, by comparison. 5 to 20 ns a hash against 50 to 80
/// of std::sort.
void sort_hashes(std::vector<Hash128> &hashes);

/// A list that is sorted, and rid of repeated hashes, when it has doubled and when it is read.
class HashSet {
  public:
    static constexpr std::size_t stored_bytes = 16;  // of one hash: high, then low

    void add(Hash128 hash) {
        if (list_.size() >= sort_at_) sort();
        list_.push_back(hash);
    }
    /// Adds hashes in the stored form. @throws std::invalid_argument unless they ascend strictly
    void add_stored(std::span<const std::byte> hashes);
    std::size_t size();
    /// Writes size() hashes, ascending.
    void write(std::byte *to);
    /// @throws std::invalid_argument unless they ascend strictly
    static void validate(std::span<const std::byte> hashes);

  private:
    void sort();

    std::vector<Hash128> list_ = {};
    std::size_t sorted_ = 0;  // so many at the front are sorted and unique
    std::size_t sort_at_ = std::size_t{1} << 18;
};

}  // namespace analytics::core
