// The aggregates that make and merge sketches. A transition value is the sketch's own SQL type in its working form
// (core/sketch/quantile_state.hpp, distinct_state.hpp), changed in place. When it has to grow, the larger value is made
// in the current context, and the executor copies it into the aggregate's and frees the old one.
#include "engine/sketch_elements.hpp"
#include "engine/sketch_types.hpp"

#include "core/sketch/distinct_state.hpp"
#include "core/sketch/quantile_state.hpp"
#include "pg/args.hpp"

namespace analytics::engine {

namespace {

using core::DistinctSet;
using core::DistinctState;
using core::QuantileSketch;
using core::QuantileState;
using detail::datum_of;
using detail::new_state;

Datum null_result(FunctionCallInfo fcinfo) {
    fcinfo->isnull = true;
    return 0;
}

// ------------------------------------------------------------------------------------------------ quantile_sketch

struct OpenQuantiles {
    std::span<std::byte> memory;
    QuantileState state;
};

OpenQuantiles create_quantiles(const core::Buckets &buckets, std::size_t bins) {
    std::span<std::byte> const memory = new_state(QuantileState::bytes_for(bins));
    return {memory, QuantileState::create(memory, buckets)};
}

std::size_t bins_of(std::span<const std::byte> bytes) {
    if (!QuantileState::is_state(bytes)) return QuantileSketch::most_bins(bytes);
    return QuantileState({const_cast<std::byte *>(bytes.data()), bytes.size()}).used();
}

OpenQuantiles with_room(OpenQuantiles open, std::size_t more) {
    if (open.state.has_room(more)) return open;
    std::size_t const bytes = std::max(2 * open.memory.size(), QuantileState::bytes_for(open.state.used() + more));
    std::span<std::byte> const larger = new_state(bytes);
    return {larger, open.state.move_to(larger)};
}

// Merges a value in either form.
OpenQuantiles merge(OpenQuantiles open, std::span<const std::byte> bytes) {
    open = with_room(open, bins_of(bytes));
    if (QuantileState::is_state(bytes))
        open.state.merge_state(QuantileState({const_cast<std::byte *>(bytes.data()), bytes.size()}));
    else open.state.merge_stored(bytes);
    return open;
}

OpenQuantiles copy_quantiles(std::span<const std::byte> bytes) {
    int const per_doubling = QuantileState::is_state(bytes)
                                 ? QuantileState({const_cast<std::byte *>(bytes.data()), bytes.size()}).per_doubling()
                                 : QuantileSketch::head(bytes).per_doubling;
    return merge(create_quantiles(core::Buckets(per_doubling), bins_of(bytes)), bytes);
}

// The transition value as the executor holds it; a stored or packed one (an initial value, a worker's) is copied.
OpenQuantiles open_quantiles(Datum value) {
    if (auto const memory = detail::in_place(value); memory && QuantileState::is_state(*memory))
        return {*memory, QuantileState(*memory)};
    return copy_quantiles(detail::payload_of(value));
}

// The accuracy last asked for, kept with the call because it hardly ever changes.
struct Accuracy {
    double asked;
    int per_doubling;
};

int per_doubling(FunctionCallInfo fcinfo) {
    pg::Args const args(fcinfo);
    double const asked = args.null(2) ? core::Buckets::default_accuracy : DatumGetFloat8(args.datum(2));
    auto *cached = static_cast<Accuracy *>(fcinfo->flinfo->fn_extra);
    if (cached != nullptr && cached->asked == asked) return cached->per_doubling;
    if (!(asked >= 0.001 && asked <= 0.3))
        pg::bad_argument("relative_accuracy", std::to_string(asked), "between 0.001 and 0.3",
                         "Pass 0.01 for answers within 1 %.");
    if (cached == nullptr) {
        cached = static_cast<Accuracy *>(
            pg::call([&] { return MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(Accuracy)); }));
        fcinfo->flinfo->fn_extra = cached;
    }
    *cached = {asked, core::Buckets::for_accuracy(asked).per_doubling()};
    return cached->per_doubling;
}

// ---------------------------------------------------------------------------------------------------- distinct_set

struct OpenSet {
    std::span<std::byte> memory;
    DistinctState state;
};

OpenSet create_set(DistinctState::Holds holds) {
    std::span<std::byte> const memory = new_state(DistinctState::header_bytes);
    return {memory, DistinctState::create(memory, holds)};
}

OpenSet grown(const OpenSet &open, const DistinctState::Growth &growth) {
    std::span<std::byte> const larger = new_state(growth.bytes);
    return {larger, open.state.move_to(larger, growth)};
}

OpenSet add(OpenSet open, int64 value) {
    if (open.state.add_integer(value)) return open;
    open = grown(open, open.state.grow());
    open.state.add_integer(value);
    return open;
}

OpenSet add(OpenSet open, core::Hash128 hash) {
    if (open.state.add_hash(hash)) return open;
    open = grown(open, open.state.grow());
    open.state.add_hash(hash);
    return open;
}

OpenSet merge(OpenSet open, std::span<const std::byte> stored) {
    if (open.state.add_stored(stored)) return open;
    DistinctState::Growth const growth = open.state.grow(stored);
    open = grown(open, growth);
    if (!growth.merged) open.state.add_stored(stored);
    return open;
}

DistinctState::Holds sort_of(DistinctSet::Kind kind) {
    return kind == DistinctSet::Kind::hashes ? DistinctState::Holds::hashes : DistinctState::Holds::integers;
}

// The transition value as the executor holds it; nothing for an empty stored set, which holds no sort yet.
std::optional<OpenSet> open_set(Datum value) {
    if (auto const memory = detail::in_place(value); memory && DistinctState::is_state(*memory))
        return OpenSet{*memory, DistinctState(*memory)};
    std::span<const std::byte> const stored = stored_bytes(value);
    DistinctSet::Kind const kind = DistinctSet::head(stored).kind;
    if (kind == DistinctSet::Kind::empty) return std::nullopt;
    return merge(create_set(sort_of(kind)), stored);
}

// The type of the aggregate's argument, found out once a query.
const ElementType &element_type(FunctionCallInfo fcinfo) {
    FmgrInfo *const call = fcinfo->flinfo;
    if (call->fn_extra == nullptr) {
        static_assert(std::is_trivially_destructible_v<ElementType>);
        ElementType const found(pg::call([&] { return get_fn_expr_argtype(call, 1); }), fcinfo->fncollation);
        call->fn_extra = pg::call([&] { return MemoryContextAlloc(call->fn_mcxt, sizeof(ElementType)); });
        ::new (call->fn_extra) ElementType(found);
    }
    return *static_cast<ElementType *>(call->fn_extra);
}

}  // namespace
}  // namespace analytics::engine

using namespace analytics;
using namespace analytics::engine;

ANALYTICS_FUNCTION(analytics_quantiles_transition) {
    detail::require_aggregate(fcinfo);
    pg::Args const args(fcinfo);
    if (args.null(1)) return args.null(0) ? null_result(fcinfo) : args.datum(0);
    double const x = DatumGetFloat8(args.datum(1));
    if (!std::isfinite(x))
        throw pg::Error(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, "quantiles take finite values only",
                        std::string("A value is ") + (std::isnan(x) ? "NaN" : "infinite") + ".",
                        "Leave such values out with FILTER (WHERE ...).");
    int const accuracy = per_doubling(fcinfo);
    OpenQuantiles open = args.null(0) ? create_quantiles(core::Buckets(accuracy), 1) : open_quantiles(args.datum(0));
    if (open.state.per_doubling() != accuracy)
        pg::bad_argument("relative_accuracy", "not always the same", "the same for all rows of a group");
    if (!open.state.add(x)) {
        open = with_room(open, 1);
        open.state.add(x);
    }
    return datum_of(open.memory);
}

// The transition of merge() and the combine function of both aggregates.
ANALYTICS_FUNCTION(analytics_quantile_sketch_combine) {
    detail::require_aggregate(fcinfo);
    pg::Args const args(fcinfo);
    if (args.null(1)) return args.null(0) ? null_result(fcinfo) : args.datum(0);
    std::span<const std::byte> const incoming = detail::payload_of(args.datum(1));
    if (args.null(0)) return datum_of(copy_quantiles(incoming).memory);
    return datum_of(engine::merge(open_quantiles(args.datum(0)), incoming).memory);
}

ANALYTICS_FUNCTION(analytics_quantile_sketch_final) {
    pg::Args const args(fcinfo);
    if (args.null(0)) return null_result(fcinfo);
    return detail::make_value(stored_bytes(args.datum(0)));
}

ANALYTICS_FUNCTION(analytics_distinct_set_transition) {
    detail::require_aggregate(fcinfo);
    pg::Args const args(fcinfo);
    if (args.null(1)) return args.null(0) ? null_result(fcinfo) : args.datum(0);
    const ElementType &type = element_type(fcinfo);
    std::optional<OpenSet> open;
    if (!args.null(0)) open = open_set(args.datum(0));
    if (!open) open = create_set(type.is_integer() ? DistinctState::Holds::integers : DistinctState::Holds::hashes);
    return datum_of(type.is_integer() ? add(*open, type.integer(args.datum(1))).memory
                                      : add(*open, type.hash(args.datum(1))).memory);
}

// The transition of merge() and the combine function of both aggregates.
ANALYTICS_FUNCTION(analytics_distinct_set_combine) {
    detail::require_aggregate(fcinfo);
    pg::Args const args(fcinfo);
    if (args.null(1)) return args.null(0) ? null_result(fcinfo) : args.datum(0);
    std::span<const std::byte> const incoming = stored_bytes(args.datum(1));
    std::optional<OpenSet> open;
    if (!args.null(0)) open = open_set(args.datum(0));
    if (!open) {
        DistinctSet::Kind const kind = DistinctSet::head(incoming).kind;
        if (kind == DistinctSet::Kind::empty) return args.null(0) ? null_result(fcinfo) : args.datum(0);
        open = create_set(sort_of(kind));
    }
    return datum_of(engine::merge(*open, incoming).memory);
}

ANALYTICS_FUNCTION(analytics_distinct_set_final) {
    pg::Args const args(fcinfo);
    if (!args.null(0)) return detail::make_value(stored_bytes(args.datum(0)));
    DistinctSet none;
    return to_datum(none);
}
