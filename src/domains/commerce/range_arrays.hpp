#pragma once
// Ranges of time as parameters of a statement.
#include "core/rollup/cover.hpp"
#include "pg/arrays.hpp"
#include "pg/values.hpp"

namespace analytics::commerce {

inline constexpr Oid instants = 1185;  // timestamptz[]

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
    Datum tenant_array() { return pg::to_array(tenants, TEXTOID); }
    Datum from_array() { return pg::to_array(froms, TIMESTAMPTZOID); }
    Datum to_array() { return pg::to_array(tos, TIMESTAMPTZOID); }
};

}  // namespace analytics::commerce
