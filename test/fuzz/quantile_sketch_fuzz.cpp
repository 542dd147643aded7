// Stored quantile sketches: bytes that are accepted are a sketch that answers, merges the same in any order and in both
// of its forms, and is written the same again.
#include "core/sketch/quantile_sketch.hpp"
#include "core/sketch/quantile_state.hpp"
#include "fuzz.hpp"

#include <optional>

using namespace analytics::core;
using analytics::fuzz::must;

namespace {

using Bytes = std::span<const std::byte>;

std::optional<QuantileSketch> sketch_of(Bytes stored) {
    bool valid = true;
    try {
        QuantileSketch::validate(stored);
    } catch (const std::invalid_argument &) {
        valid = false;
    }
    try {
        QuantileSketch sketch(stored);
        must(valid, "what can be read is valid");
        return sketch;
    } catch (const std::invalid_argument &) {
        must(!valid, "what is valid can be read");
        return std::nullopt;
    }
}

void must_answer(const QuantileSketch &sketch) {
    must(sketch.quantile(0) == sketch.least(), "quantile 0 is the least value");
    must(sketch.quantile(1) == sketch.greatest(), "quantile 1 is the greatest value");
    std::uint64_t sum = 0;
    std::int64_t previous = INT64_MIN;
    for (Bin const bin : sketch.bins()) {
        must(bin.key > previous && bin.count > 0, "its bins ascend and hold something");
        previous = bin.key;
        sum += bin.count;
    }
    must(sum == sketch.count(), "its bins hold its values");
    if (sketch.count() == 0) return;
    double last = *sketch.least(), last_rank = 0;
    for (int i = 0; i <= 20; ++i) {
        double const value = sketch.quantile(i / 20.0).value(), rank = sketch.rank_of(value);
        // Between two values it is in proportion, which rounds.
        must(value >= last - 1e-12 * std::fabs(last), "quantiles ascend");
        must(value >= *sketch.least() && value <= *sketch.greatest(), "quantiles lie between the extremes");
        must(rank >= 0 && rank <= 1, "a rank lies in 0..1");
        must(value < last || rank >= last_rank, "ranks ascend");
        last = std::max(last, value);
        last_rank = rank;
    }
}

/// The same by the working form, in memory that is just as large as it says it needs.
std::vector<std::byte> by_states(Bytes a, Bytes b, const Buckets &buckets) {
    std::vector<std::byte> memory(QuantileState::bytes_for(QuantileSketch::most_bins(a)));
    QuantileState state = QuantileState::create(memory, buckets);
    state.merge_stored(a);
    std::vector<std::byte> larger(QuantileState::bytes_for(state.used() + QuantileSketch::most_bins(b)));
    state = state.move_to(larger);
    state.merge_stored(b);
    return state.encode();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size) {
    // The first byte says where the second sketch begins.
    analytics::fuzz::Input input(data, size);
    Bytes const first = input.bytes(input.byte()), second = input.bytes(input.left());
    std::optional<QuantileSketch> const a = sketch_of(first), b = sketch_of(second);
    if (a) {
        must_answer(*a);
        std::vector<std::byte> const again = a->bytes();
        QuantileSketch::validate(again);
        must(QuantileSketch(again).bytes() == again, "what is written reads back");
    }
    if (!a || !b || a->buckets() != b->buckets() || a->count() > QuantileSketch::most_values - b->count()) return 0;
    QuantileSketch one = *a, other = *b;
    one.merge(second);
    other.merge(*a);
    must_answer(one);
    must(one.bytes() == other.bytes(), "the order of a merge does not matter");
    QuantileSketch written(a->bytes());
    written.merge(b->bytes());
    must(written.bytes() == one.bytes(), "writing between merges does not matter");
    must(by_states(first, second, a->buckets()) == one.bytes(), "both forms merge the same");
    return 0;
}
