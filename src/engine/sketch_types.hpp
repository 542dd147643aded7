#pragma once
// The SQL types analytics.quantile_sketch and analytics.distinct_set, for C++.
#include "core/sketch/distinct_set.hpp"
#include "core/sketch/quantile_sketch.hpp"
#include "pg/boundary.hpp"

namespace analytics::engine {

/// The bytes of a value of either type in its stored form (core/sketch), detoasted; they live in the value itself or in
/// the current memory context. The working form, which only a transition function makes, is turned into the stored one.
std::span<const std::byte> stored_bytes(Datum value);

inline core::QuantileSketch quantile_sketch(Datum value) { return core::QuantileSketch(stored_bytes(value)); }
Datum to_datum(const core::QuantileSketch &sketch);
/// Not const: a set sorts itself when it is read.
Datum to_datum(core::DistinctSet &set);

/// The number of values of a distinct_set: of one that is stored out of line, only the first piece is fetched.
std::uint64_t cardinality(Datum set);

/// The types' OIDs, from the catalog's cache; InvalidOid when the extension is not there.
Oid quantile_sketch_oid();
Oid distinct_set_oid();

namespace detail {
/// A new value of `payload` bytes, copied into the current memory context.
Datum make_value(std::span<const std::byte> payload);
/// Memory for the working form of at least `payload` bytes, in the current memory context (which is the executor's
/// per-tuple one: it copies a changed transition value into the aggregate's context itself). Sizes are powers of two as
/// long as the allocator rounds up to them anyway.
std::span<std::byte> new_state(std::size_t payload);
inline Datum datum_of(std::span<std::byte> state) { return PointerGetDatum(state.data() - VARHDRSZ); }
/// The payload of a value, as it is, detoasted if need be.
std::span<const std::byte> payload_of(Datum value);
/// The payload of a transition value, if it may be changed in place.
std::optional<std::span<std::byte>> in_place(Datum value);
/// Transition functions change their first argument, which they may in an aggregate only.
void require_aggregate(FunctionCallInfo fcinfo);
}  // namespace detail

}  // namespace analytics::engine
