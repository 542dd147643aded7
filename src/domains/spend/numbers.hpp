#pragma once
// Numbers as callers see them: exact money, rates and percentages rounded once, at the end.
#include "pg/values.hpp"

#include <optional>

extern "C" {
#include "utils/fmgrprotos.h"
}

namespace analytics::spend {

using Number = std::optional<pg::NumericValue>;

inline Datum zero() {
    return pg::call([] { return NumericGetDatum(int64_to_numeric(0)); });
}
inline Datum sum(Datum a, Datum b) {
    return pg::call([&] { return DirectFunctionCall2(numeric_add, a, b); });
}
inline int compare(Datum a, Datum b) {
    return pg::call([&] { return DatumGetInt32(DirectFunctionCall2(numeric_cmp, a, b)); });
}

/// part / whole with so many decimals, halves away from zero; NULL of nothing.
inline Number rate(int64 part, int64 whole, int decimals) {
    if (whole == 0) return std::nullopt;
    __extension__ using Wide = __int128;
    Wide scaled = part;
    for (int i = 0; i < decimals; ++i) scaled *= 10;
    auto const rounded = static_cast<int64>((2 * scaled + whole) / (Wide{2} * whole));
    return pg::NumericValue{pg::call([&] { return NumericGetDatum(int64_div_fast_to_numeric(rounded, decimals)); })};
}

/// part of whole in percent, two decimals; NULL of nothing.
inline Number percent(Datum part, Datum whole) {
    if (compare(whole, zero()) == 0) return std::nullopt;
    return pg::NumericValue{pg::call([&] {
        Datum const hundred = NumericGetDatum(int64_to_numeric(100));
        Datum const ratio = DirectFunctionCall2(numeric_div, DirectFunctionCall2(numeric_mul, part, hundred), whole);
        return DirectFunctionCall2(numeric_round, ratio, Int32GetDatum(2));
    })};
}

/// Milliseconds with three decimals.
inline double milliseconds(double value) { return std::round(value * 1000) / 1000; }

}  // namespace analytics::spend
