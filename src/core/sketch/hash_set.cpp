#include "core/sketch/hash_set.hpp"

#include <algorithm>
#include <array>
#include <memory>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace analytics::core {

namespace {

static_assert(sizeof(Hash128) == HashSet::stored_bytes && std::is_trivially_copyable_v<Hash128>);

// Insertion sort that gives up (false) when it moves more than a few times as many hashes as there are.
bool sort_nearly_sorted(std::vector<Hash128> &hashes) {
    std::size_t moves = 0;
    std::size_t const most_moves = 4 * hashes.size();
    for (std::size_t i = 1; i < hashes.size(); ++i) {
        Hash128 const hash = hashes[i];
        if (!(hash < hashes[i - 1])) continue;
        std::size_t to = i;
        for (; to > 0 && hash < hashes[to - 1]; --to) hashes[to] = hashes[to - 1];
        hashes[to] = hash;
        moves += i - to;
        if (moves > most_moves) return false;
    }
    return true;
}

}  // namespace

Hash128 hash_bytes(std::span<const std::byte> bytes, std::uint64_t seed) {
    XXH128_hash_t const hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
    return {hash.high64, hash.low64};
}

void sort_hashes(std::vector<Hash128> &hashes) {
    std::size_t const count = hashes.size();
    if (count < 128) return std::sort(hashes.begin(), hashes.end());

    // Enough high bits that few hashes share them, in passes of at most 11 bits.
    int const bits = std::min(44, static_cast<int>(std::bit_width(count)) + 3);
    int const passes = (bits + 10) / 11;
    int const digit_bits = (bits + passes - 1) / passes;
    std::size_t const digits = std::size_t{1} << digit_bits;
    auto const digit = [&](Hash128 hash, int pass) {
        return static_cast<std::size_t>(hash.high >> (64 - digit_bits * (passes - pass))) & (digits - 1);
    };
    std::array<std::vector<std::size_t>, 4> starts;
    for (int pass = 0; pass < passes; ++pass) starts[static_cast<std::size_t>(pass)].resize(digits);
    for (Hash128 const hash : hashes)
        for (int pass = 0; pass < passes; ++pass) ++starts[static_cast<std::size_t>(pass)][digit(hash, pass)];

    auto const spare = std::make_unique_for_overwrite<Hash128[]>(count);
    Hash128 *from = hashes.data(), *to = spare.get();
    for (int pass = 0; pass < passes; ++pass) {
        std::vector<std::size_t> &start = starts[static_cast<std::size_t>(pass)];
        std::size_t sum = 0;
        for (std::size_t &s : start) sum += std::exchange(s, sum);
        for (std::size_t i = 0; i < count; ++i) to[start[digit(from[i], pass)]++] = from[i];
        std::swap(from, to);
    }
    if (from != hashes.data()) std::copy_n(from, count, hashes.data());
    if (!sort_nearly_sorted(hashes)) std::sort(hashes.begin(), hashes.end());
}

void HashSet::sort() {
    if (sorted_ != list_.size()) {
        sort_hashes(list_);
        // std::unique without its branch, which nobody can predict.
        std::size_t kept = 0;
        for (std::size_t i = 0; i < list_.size(); ++i) {
            list_[kept] = list_[i];
            kept += i + 1 == list_.size() || list_[i + 1] != list_[i] ? 1 : 0;
        }
        list_.resize(kept);
        sorted_ = kept;
    }
    sort_at_ = std::max(sort_at_, 2 * sorted_);
}

void HashSet::add_stored(std::span<const std::byte> hashes) {
    validate(hashes);
    std::size_t const count = hashes.size() / stored_bytes;
    if (list_.size() + count > sort_at_) sort();
    std::size_t const held = list_.size();
    // What is reserved and never touched costs nothing; moving a list to fresh pages costs as much as sorting it.
    if (held + count > list_.capacity()) list_.reserve(held == 0 ? count : std::max(8 * held, held + count));
    list_.resize(held + count);
    std::memcpy(list_.data() + held, hashes.data(), hashes.size());
    if (held == 0) sorted_ = count;
}

std::size_t HashSet::size() {
    sort();
    return sorted_;
}

void HashSet::write(std::byte *to) {
    sort();
    std::memcpy(to, list_.data(), stored_bytes * list_.size());
}

void HashSet::validate(std::span<const std::byte> hashes) {
    for (std::size_t i = stored_bytes; i + stored_bytes <= hashes.size(); i += stored_bytes)
        if (!(load<Hash128>(hashes.data() + i - stored_bytes) < load<Hash128>(hashes.data() + i)))
            throw std::invalid_argument("not a valid distinct_set: its hashes are not in order");
}

}  // namespace analytics::core
