#include "core/sketch/distinct_union.hpp"

namespace analytics::core {
namespace {

/// Steps without branches that depend on the hashes: nobody could predict those.
std::uint64_t united_hashes(std::span<const std::byte> a, std::span<const std::byte> b) {
    constexpr std::size_t width = HashSet::stored_bytes;
    HashSet::validate(a);
    HashSet::validate(b);
    std::size_t i = 0, j = 0;
    std::uint64_t common = 0;
    while (i < a.size() && j < b.size()) {
        auto const x = load<Hash128>(a.data() + i), y = load<Hash128>(b.data() + j);
        bool const a_first = x.high != y.high ? x.high < y.high : x.low < y.low, same = x == y;
        common += same ? 1U : 0U;
        i += a_first || same ? width : 0;
        j += a_first ? 0 : width;
    }
    return (a.size() + b.size()) / width - common;
}

}  // namespace

std::uint64_t united_cardinality(std::span<const std::byte> a, std::span<const std::byte> b) {
    DistinctSet::Head const left = DistinctSet::head(a), right = DistinctSet::head(b);
    auto const is_hashes = [](const DistinctSet::Head &head, std::span<const std::byte> set) {
        return head.kind == DistinctSet::Kind::hashes &&
               set.size() == DistinctSet::header_bytes + head.count * HashSet::stored_bytes;
    };
    if (is_hashes(left, a) && is_hashes(right, b))
        return united_hashes(a.subspan(DistinctSet::header_bytes), b.subspan(DistinctSet::header_bytes));
    DistinctSet both;
    both.merge(a);
    both.merge(b);
    return both.cardinality();
}

}  // namespace analytics::core
