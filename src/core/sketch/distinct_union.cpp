#include "core/sketch/distinct_union.hpp"

#include <algorithm>
#include <cstring>

namespace analytics::core {
namespace {

constexpr std::size_t width = HashSet::stored_bytes;

/// The hashes of a set of at least one; nothing of another sort of set. @throws std::invalid_argument
std::span<const std::byte> hashes_of(std::span<const std::byte> set) {
    DistinctSet::Head const head = DistinctSet::head(set);
    if (head.kind != DistinctSet::Kind::hashes || set.size() != DistinctSet::header_bytes + head.count * width)
        return {};
    std::span<const std::byte> const hashes = set.subspan(DistinctSet::header_bytes);
    HashSet::validate(hashes);
    return hashes;
}

/// Gives take(hash) each hash of either list once, ascending, while both have more, and returns how many bytes of them
/// are left. Steps without branches that depend on the hashes: nobody could predict those.
template <class Take>
std::pair<std::span<const std::byte>, std::span<const std::byte>> walk(std::span<const std::byte> a,
                                                                       std::span<const std::byte> b, Take take) {
    std::size_t i = 0, j = 0;
    while (i < a.size() && j < b.size()) {
        auto const x = load<Hash128>(a.data() + i), y = load<Hash128>(b.data() + j);
        bool const a_first = x.high != y.high ? x.high < y.high : x.low < y.low, same = x == y;
        take(a_first ? x : y);
        i += a_first || same ? width : 0;
        j += a_first ? 0 : width;
    }
    return {a.subspan(i), b.subspan(j)};
}

/// The same where b is much shorter: the places of its hashes in a are searched for. Gives take(from a, hash of b or
/// null) what comes next: a piece of a, then a hash that is not in a.
template <class Take> void walk_short(std::span<const std::byte> a, std::span<const std::byte> b, Take take) {
    std::size_t at = 0;
    std::size_t const size = a.size() / width;
    for (std::size_t j = 0; j < b.size(); j += width) {
        auto const hash = load<Hash128>(b.data() + j);
        std::size_t step = 1, low = at;
        while (at + step < size && load<Hash128>(a.data() + (at + step) * width) < hash) {
            low = at + step;
            step *= 2;
        }
        std::size_t count =
            std::min(size, at + step + 1) - low;  // the first that is not below it is in there, or behind
        while (count > 0) {
            std::size_t const half = count / 2;
            bool const below = load<Hash128>(a.data() + (low + half) * width) < hash;
            low = below ? low + half + 1 : low;
            count = below ? count - half - 1 : half;
        }
        bool const known = low < size && load<Hash128>(a.data() + low * width) == hash;
        take(a.subspan(at * width, (low - at) * width), known ? std::span<const std::byte>() : b.subspan(j, width));
        at = low;
    }
    take(a.subspan(at * width), std::span<const std::byte>());
}

/// Whether looking each hash of b up in a is cheaper than walking along both.
bool is_short(std::span<const std::byte> b, std::span<const std::byte> a) { return b.size() < a.size() / 8; }

DistinctSet merged(std::span<const std::byte> a, std::span<const std::byte> b) {
    DistinctSet both;
    both.merge(a);
    both.merge(b);
    return both;
}

}  // namespace

std::uint64_t united_cardinality(std::span<const std::byte> a, std::span<const std::byte> b) {
    std::span<const std::byte> left = hashes_of(a), right = hashes_of(b);
    if (left.empty() || right.empty()) return merged(a, b).cardinality();
    if (left.size() < right.size()) std::swap(left, right);
    std::uint64_t count = 0;
    if (is_short(right, left)) {
        walk_short(left, right, [&](std::span<const std::byte> piece, std::span<const std::byte> hash) {
            count += (piece.size() + hash.size()) / width;
        });
        return count;
    }
    auto const rest = walk(left, right, [&](Hash128) { ++count; });
    return count + (rest.first.size() + rest.second.size()) / width;
}

std::vector<std::byte> united(std::span<const std::byte> a, std::span<const std::byte> b) {
    std::span<const std::byte> left = hashes_of(a), right = hashes_of(b);
    if (left.empty() || right.empty()) return merged(a, b).bytes();
    if (left.size() < right.size()) std::swap(left, right);
    std::vector<std::byte> both(DistinctSet::header_bytes + left.size() + right.size());
    std::byte *to = both.data() + DistinctSet::header_bytes;
    auto const put = [&](std::span<const std::byte> piece) { to = std::copy(piece.begin(), piece.end(), to); };
    if (is_short(right, left)) {
        walk_short(left, right, [&](std::span<const std::byte> piece, std::span<const std::byte> hash) {
            put(piece);
            put(hash);
        });
    } else {
        auto const rest = walk(left, right, [&](Hash128 hash) {
            std::memcpy(to, &hash, width);
            to += width;
        });
        put(rest.first);
        put(rest.second);
    }
    both.resize(static_cast<std::size_t>(to - both.data()));
    DistinctSet::write_head(both.data(),
                            {DistinctSet::Kind::hashes, (both.size() - DistinctSet::header_bytes) / width});
    return both;
}

}  // namespace analytics::core
