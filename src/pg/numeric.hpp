#pragma once
// Exact arithmetic on numeric, and quotients as answers show them.
#include "pg/values.hpp"

namespace analytics::pg {

inline Datum numeric_call(PGFunction function, Datum a) {
    return call([&] { return DirectFunctionCall1(function, a); });
}
inline Datum numeric_call(PGFunction function, Datum a, Datum b) {
    return call([&] { return DirectFunctionCall2(function, a, b); });
}

inline Datum to_numeric(int64 value) {
    return call([&] { return NumericGetDatum(int64_to_numeric(value)); });
}
inline Datum from_double(double value) { return numeric_call(float8_numeric, Float8GetDatum(value)); }
inline Datum add(Datum a, Datum b) { return numeric_call(numeric_add, a, b); }
inline bool is_zero(Datum a) {
    Datum const zero = to_numeric(0);
    return DatumGetBool(numeric_call(numeric_eq, a, zero));
}
inline double to_double(Datum a) { return DatumGetFloat8(numeric_call(numeric_float8, a)); }

/// Rounded to so many decimals, halves away from zero.
inline NumericValue rounded(Datum a, int decimals) { return {numeric_call(numeric_round, a, Int32GetDatum(decimals))}; }
/// a / b rounded to so many decimals; nothing where b is 0.
inline std::optional<NumericValue> quotient(Datum a, Datum b, int decimals) {
    if (is_zero(b)) return std::nullopt;
    return rounded(numeric_call(numeric_div, a, b), decimals);
}

/// The same of whole numbers, without numeric's division: a * factor / b.
inline std::optional<NumericValue> quotient(int64 a, int64 factor, int64 b, int decimals) {
    if (b == 0) return std::nullopt;
    __extension__ using Wide = __int128;
    Wide scaled = static_cast<Wide>(a) * factor;
    for (int i = 0; i < decimals; ++i) scaled *= 10;
    bool const negative = (scaled < 0) != (b < 0);
    Wide const size = scaled < 0 ? -scaled : scaled, by = b < 0 ? -static_cast<Wide>(b) : static_cast<Wide>(b);
    auto const rounded = static_cast<int64>((size + by / 2) / by);
    return NumericValue{
        call([&] { return NumericGetDatum(int64_div_fast_to_numeric(negative ? -rounded : rounded, decimals)); })};
}

/// (now - before) / |before| * 100 with two decimals; nothing where `before` is 0.
inline std::optional<NumericValue> percent_change(Datum now, Datum before) {
    if (is_zero(before)) return std::nullopt;
    Datum const change = numeric_call(numeric_mul, numeric_call(numeric_sub, now, before), to_numeric(100));
    return quotient(change, numeric_call(numeric_abs, before), 2);
}
inline std::optional<NumericValue> percent_change(int64 now, int64 before) {
    return quotient(now - before, 100, before, 2);
}

}  // namespace analytics::pg
