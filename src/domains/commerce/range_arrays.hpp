#pragma once
// Ranges of time as parameters of a statement.
#include "core/rollup/cover.hpp"
#include "pg/values.hpp"

namespace analytics::commerce {

inline constexpr Oid instants = 1185;  // timestamptz[]

inline Datum array_of(std::vector<Datum> &values, Oid type) {
    Datum *const data = values.data();
    auto const count = static_cast<int>(values.size());
    bool const text = type == TEXTOID;
    return pg::call([&] {
        return PointerGetDatum(
            construct_array(data, count, type, text ? -1 : 8, !text, text ? TYPALIGN_INT : TYPALIGN_DOUBLE));
    });
}

/// Arrays of the ranges' starts and ends, and of their tenants where each has one.
struct RangeArrays {
    std::vector<Datum> tenants = {}, froms = {}, tos = {};
    void add(int64 from, int64 to) {
        froms.push_back(TimestampTzGetDatum(from));
        tos.push_back(TimestampTzGetDatum(to));
    }
    void add(std::string_view tenant, int64 from, int64 to) {
        tenants.push_back(pg::to_text(tenant));
        add(from, to);
    }
    bool empty() const { return froms.empty(); }
    Datum tenant_array() { return array_of(tenants, TEXTOID); }
    Datum from_array() { return array_of(froms, TIMESTAMPTZOID); }
    Datum to_array() { return array_of(tos, TIMESTAMPTZOID); }
};

}  // namespace analytics::commerce
