// Stored sets of distinct values: bytes that are accepted are a set with that many values, which is written the same
// again, and united the same in any order and in all three ways there are.
#include "core/sketch/distinct_state.hpp"
#include "core/sketch/distinct_union.hpp"
#include "fuzz.hpp"

#include <optional>

using namespace analytics::core;
using analytics::fuzz::must;

namespace {

using Bytes = std::span<const std::byte>;
using Kind = DistinctSet::Kind;

std::optional<DistinctSet> set_of(Bytes stored) {
    bool valid = true;
    try {
        DistinctSet::validate(stored);
    } catch (const std::invalid_argument &) {
        valid = false;
    }
    try {
        DistinctSet set;
        set.merge(stored);
        must(valid, "what can be read is valid");
        return set;
    } catch (const std::invalid_argument &) {
        must(!valid, "what is valid can be read");
        return std::nullopt;
    }
}

void must_be_stable(Bytes stored, DistinctSet &set) {
    must(set.cardinality() == DistinctSet::cardinality(stored), "its head counts its values");
    std::vector<std::byte> const written = set.bytes();
    DistinctSet again;
    again.merge(written);
    must(again.bytes() == written && again.cardinality() == set.cardinality(), "what is written reads back");
    if (DistinctSet::head(stored).kind == Kind::hashes)
        for (std::size_t at = DistinctSet::header_bytes; at < stored.size(); at += HashSet::stored_bytes)
            must(DistinctSet::holds(stored, load<Hash128>(stored.data() + at)), "it holds its hashes");
}

/// The same by the working form: a state with a short tail, which takes in both sets and grows where it says it must.
std::vector<std::byte> by_states(Bytes a, Bytes b, DistinctState::Holds holds) {
    std::vector<std::byte> memory(DistinctState::header_bytes + 64);
    DistinctState state = DistinctState::create(memory, holds);
    for (Bytes const stored : {a, b, a}) {
        if (state.add_stored(stored)) continue;
        DistinctState::Growth const growth = state.grow(stored);
        std::vector<std::byte> larger(growth.bytes);
        state = state.move_to(larger, growth);
        must(growth.merged || state.add_stored(stored), "there is room after growing");
        memory = std::move(larger);  // its memory stays where it is
    }
    return state.encode();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size) {
    // The first byte says where the second set begins.
    analytics::fuzz::Input input(data, size);
    Bytes const first = input.bytes(input.byte()), second = input.bytes(input.left());
    std::optional<DistinctSet> a = set_of(first), b = set_of(second);
    if (a) must_be_stable(first, *a);
    if (b) must_be_stable(second, *b);
    if (!a || !b) return 0;
    Kind const x = DistinctSet::head(first).kind, y = DistinctSet::head(second).kind;
    bool const mixed = x != Kind::empty && y != Kind::empty && (x == Kind::hashes) != (y == Kind::hashes);
    std::optional<std::uint64_t> count;
    std::vector<std::byte> together;
    try {
        count = united_cardinality(first, second);
        together = united(first, second);
        a->merge(second);
    } catch (const std::invalid_argument &) {
        must(mixed, "sets of one sort are united");
        return 0;
    }
    must(!mixed, "sets of two sorts are not united");
    b->merge(first);
    std::vector<std::byte> const both = a->bytes();
    must(both == b->bytes(), "the order of a union does not matter");
    must(both == together && together == united(second, first), "walking along both sets unites the same");
    must(a->cardinality() == *count, "the union has as many values as are counted");
    auto const holds =
        x == Kind::hashes || y == Kind::hashes ? DistinctState::Holds::hashes : DistinctState::Holds::integers;
    must(by_states(first, second, holds) == both, "both forms unite the same");
    return 0;
}
