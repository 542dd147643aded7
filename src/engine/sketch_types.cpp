// The sketch types: input and output, and how C++ gets at their values.
#include "engine/sketch_types.hpp"

#include "core/sketch/distinct_state.hpp"
#include "core/sketch/quantile_state.hpp"
#include "pg/args.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "libpq/pqformat.h"
#include "utils/syscache.h"
}

namespace analytics::engine {

namespace {

Oid type_oid(const char *name) {
    return pg::call([&] {
        Oid const schema = get_namespace_oid("analytics", true);
        if (!OidIsValid(schema)) return InvalidOid;
        return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(name), ObjectIdGetDatum(schema));
    });
}

std::span<const std::byte> bytes_of(varlena *value) {
    return {reinterpret_cast<const std::byte *>(VARDATA_ANY(value)), VARSIZE_ANY_EXHDR(value)};
}

varlena *allocate(std::size_t total) {
    if (total > MaxAllocSize)
        throw pg::Error(ERRCODE_INSUFFICIENT_RESOURCES, "a sketch does not fit into one value",
                        "A value holds at most 1 GB: about 60 million distinct values that are not integers.",
                        "Aggregate by a finer key, or number the values and collect the numbers.");
    varlena *const value = pg::call([&] { return static_cast<varlena *>(palloc(total)); });
    SET_VARSIZE(value, total);
    return value;
}

}  // namespace

std::span<const std::byte> detail::payload_of(Datum value) {
    auto *held = reinterpret_cast<varlena *>(DatumGetPointer(value));
    if (VARATT_IS_EXTERNAL(held) || VARATT_IS_COMPRESSED(held))
        held = pg::call([&] { return pg_detoast_datum_packed(held); });
    return bytes_of(held);
}

std::optional<std::span<std::byte>> detail::in_place(Datum value) {
    auto *const held = reinterpret_cast<varlena *>(DatumGetPointer(value));
    if (!VARATT_IS_4B_U(held)) return std::nullopt;
    return std::span{reinterpret_cast<std::byte *>(VARDATA_4B(held)), VARSIZE_4B(held) - VARHDRSZ};
}

Datum detail::make_value(std::span<const std::byte> payload) {
    varlena *const value = allocate(VARHDRSZ + payload.size());
    std::memcpy(VARDATA(value), payload.data(), payload.size());
    return PointerGetDatum(value);
}

std::span<std::byte> detail::new_state(std::size_t payload) {
    std::size_t total = std::max<std::size_t>(128, VARHDRSZ + payload);
    if (total <= 8192) total = std::bit_ceil(total);
    varlena *const value = allocate(total);
    return {reinterpret_cast<std::byte *>(VARDATA(value)), total - VARHDRSZ};
}

void detail::require_aggregate(FunctionCallInfo fcinfo) {
    if (AggCheckCallContext(fcinfo, nullptr) == 0)
        throw pg::Error(ERRCODE_FEATURE_NOT_SUPPORTED, "the function works as a part of an aggregate only");
}

std::span<const std::byte> stored_bytes(Datum value) {
    std::span<const std::byte> const bytes = detail::payload_of(value);
    // The views of a working form take memory that they might change; reading does not.
    std::span<std::byte> const memory{const_cast<std::byte *>(bytes.data()), bytes.size()};
    std::vector<std::byte> stored;
    if (core::QuantileState::is_state(bytes)) stored = core::QuantileState(memory).encode();
    else if (core::DistinctState::is_state(bytes)) stored = core::DistinctState(memory).encode();
    else return bytes;
    return detail::payload_of(detail::make_value(stored));
}

Datum to_datum(const core::QuantileSketch &sketch) { return detail::make_value(sketch.bytes()); }
Datum to_datum(core::DistinctSet &set) { return detail::make_value(set.bytes()); }

std::uint64_t cardinality(Datum set) {
    auto *const held = reinterpret_cast<varlena *>(DatumGetPointer(set));
    if (VARATT_IS_EXTERNAL(held) || VARATT_IS_COMPRESSED(held)) {
        // Stored out of line, which only the stored form is.
        varlena *const start =
            pg::call([&] { return pg_detoast_datum_slice(held, 0, core::DistinctSet::header_bytes); });
        if (std::span<const std::byte> const bytes = bytes_of(start); !core::DistinctState::is_state(bytes))
            return core::DistinctSet::cardinality(bytes);
    }
    return core::DistinctSet::cardinality(stored_bytes(set));
}

Oid quantile_sketch_oid() { return type_oid("quantile_sketch"); }
Oid distinct_set_oid() { return type_oid("distinct_set"); }

namespace {

// What input and output need to know of a type.
struct Sketch {
    const char *name;
    void (*validate)(std::span<const std::byte>);
    const char *hint;  // for a text that is no value
};
constexpr Sketch quantile_type{"quantile_sketch", core::QuantileSketch::validate, ""};
constexpr Sketch distinct_type{"distinct_set", core::DistinctSet::validate,
                               "To collect the values of a type that is like text, write distinct_set(x::text)."};

// Checks bytes that come from outside.
void check(const Sketch &type, std::span<const std::byte> bytes, int sqlstate, const char *what) {
    try {
        type.validate(bytes);
    } catch (const std::invalid_argument &e) {
        throw pg::Error(sqlstate, std::string("invalid ") + what + " for type " + type.name,
                        std::string("The bytes are ") + e.what() + ".");
    }
}

// Text form: \x and two hexadecimal digits a byte, as of a bytea.
Datum read_text(std::string_view text, const Sketch &type) {
    auto const refuse = [&](const char *why) {
        throw pg::Error(ERRCODE_INVALID_TEXT_REPRESENTATION, std::string("invalid input syntax for type ") + type.name,
                        why, type.hint);
    };
    auto const digit = [&](char c) -> unsigned {
        if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
        if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
        if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
        refuse("A digit is not hexadecimal.");
        return 0;
    };
    if (!text.starts_with("\\x")) refuse("It does not begin with \\x.");
    if (text.size() % 2 != 0) refuse("The number of hexadecimal digits is odd.");
    std::vector<std::byte> bytes(text.size() / 2 - 1);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::byte>(digit(text[2 * i + 2]) << 4 | digit(text[2 * i + 3]));
    check(type, bytes, ERRCODE_INVALID_TEXT_REPRESENTATION, "input syntax");
    return detail::make_value(bytes);
}

Datum write_text(FunctionCallInfo fcinfo) {
    static constexpr char digits[] = "0123456789abcdef";
    std::span<const std::byte> const bytes = stored_bytes(pg::Args(fcinfo).datum(0));
    char *const text = pg::call(
        [&] { return static_cast<char *>(MemoryContextAllocHuge(CurrentMemoryContext, 2 * bytes.size() + 3)); });
    char *to = text;
    *to++ = '\\', *to++ = 'x';
    for (std::byte const byte : bytes) {
        *to++ = digits[std::to_integer<unsigned>(byte) >> 4];
        *to++ = digits[std::to_integer<unsigned>(byte) & 15];
    }
    *to = '\0';
    return CStringGetDatum(text);
}

Datum read_binary(FunctionCallInfo fcinfo, const Sketch &type) {
    auto *const message = reinterpret_cast<StringInfo>(DatumGetPointer(pg::Args(fcinfo).datum(0)));
    int const size = message->len - message->cursor;
    const char *const data = pg::call([&] { return pq_getmsgbytes(message, size); });
    std::span<const std::byte> const bytes{reinterpret_cast<const std::byte *>(data), static_cast<std::size_t>(size)};
    check(type, bytes, ERRCODE_INVALID_BINARY_REPRESENTATION, "binary form");
    return detail::make_value(bytes);
}

Datum write_binary(FunctionCallInfo fcinfo) { return detail::make_value(stored_bytes(pg::Args(fcinfo).datum(0))); }

}  // namespace
}  // namespace analytics::engine

using namespace analytics;

ANALYTICS_FUNCTION(analytics_quantile_sketch_in) {
    return engine::read_text(DatumGetCString(pg::Args(fcinfo).datum(0)), engine::quantile_type);
}
ANALYTICS_FUNCTION(analytics_quantile_sketch_out) { return engine::write_text(fcinfo); }
ANALYTICS_FUNCTION(analytics_quantile_sketch_recv) { return engine::read_binary(fcinfo, engine::quantile_type); }
ANALYTICS_FUNCTION(analytics_quantile_sketch_send) { return engine::write_binary(fcinfo); }

ANALYTICS_FUNCTION(analytics_distinct_set_in) {
    return engine::read_text(DatumGetCString(pg::Args(fcinfo).datum(0)), engine::distinct_type);
}
ANALYTICS_FUNCTION(analytics_distinct_set_out) { return engine::write_text(fcinfo); }
ANALYTICS_FUNCTION(analytics_distinct_set_recv) { return engine::read_binary(fcinfo, engine::distinct_type); }
ANALYTICS_FUNCTION(analytics_distinct_set_send) { return engine::write_binary(fcinfo); }

// The casts from text and name, see sketch_types.sql.
ANALYTICS_FUNCTION(analytics_distinct_set_from_text) {
    std::span<const std::byte> const characters = engine::detail::payload_of(pg::Args(fcinfo).datum(0));
    return engine::read_text({reinterpret_cast<const char *>(characters.data()), characters.size()},
                             engine::distinct_type);
}
ANALYTICS_FUNCTION(analytics_distinct_set_from_name) {
    return engine::read_text(NameStr(*DatumGetName(pg::Args(fcinfo).datum(0))), engine::distinct_type);
}

ANALYTICS_FUNCTION(analytics_cardinality) {
    return Int64GetDatum(static_cast<int64>(engine::cardinality(pg::Args(fcinfo).datum(0))));
}

ANALYTICS_FUNCTION(analytics_quantile) {
    pg::Args const args(fcinfo);
    double const p = DatumGetFloat8(args.datum(1));
    if (!(p >= 0 && p <= 1)) pg::bad_argument("p", std::to_string(p), "between 0 and 1");
    std::optional<double> const value = engine::quantile_sketch(args.datum(0)).quantile(p);
    if (!value) PG_RETURN_NULL();
    return Float8GetDatum(*value);
}

ANALYTICS_FUNCTION(analytics_quantiles_at) {
    constexpr int most = 1000;
    pg::Args const args(fcinfo);
    struct Elements {
        ArrayType *array;
        Datum *values;
        bool *nulls;
        int count;
    };
    Elements const asked = pg::call([&] {
        Elements e{};
        e.array = DatumGetArrayTypeP(args.datum(1));
        deconstruct_array(e.array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &e.values, &e.nulls,
                          &e.count);
        return e;
    });
    if (asked.count > most)
        pg::bad_argument("p", std::to_string(asked.count) + " long", "at most " + std::to_string(most) + " long");
    core::QuantileSketch const sketch = engine::quantile_sketch(args.datum(0));
    for (int i = 0; i < asked.count; ++i) {
        if (asked.nulls[i]) continue;
        double const p = DatumGetFloat8(asked.values[i]);
        if (!(p >= 0 && p <= 1)) pg::bad_argument("p", std::to_string(p) + " in one place", "between 0 and 1");
        std::optional<double> const value = sketch.quantile(p);
        asked.nulls[i] = !value;
        asked.values[i] = Float8GetDatum(value.value_or(0));
    }
    return pg::call([&] {
        return PointerGetDatum(construct_md_array(asked.values, asked.nulls, ARR_NDIM(asked.array),
                                                  ARR_DIMS(asked.array), ARR_LBOUND(asked.array), FLOAT8OID,
                                                  sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
    });
}

ANALYTICS_FUNCTION(analytics_rank_of) {
    pg::Args const args(fcinfo);
    double const x = DatumGetFloat8(args.datum(1));
    if (std::isnan(x)) pg::bad_argument("x", "NaN", "a number");
    core::QuantileSketch const sketch = engine::quantile_sketch(args.datum(0));
    if (sketch.count() == 0) PG_RETURN_NULL();
    return Float8GetDatum(sketch.rank_of(x));
}
