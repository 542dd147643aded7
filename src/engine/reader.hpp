#pragma once
// Exact answers from a rollup: a window cut into slots, each slot's merged state of each measure.
#include "engine/live.hpp"
#include "engine/rollup.hpp"

#include <optional>

namespace analytics::engine {

/// dimension = any of the values (NULL in the source matches no filter).
struct Filter {
    std::string dimension;
    std::vector<std::string> values;
};

/// What is asked. Slot i is [edges[i], edges[i + 1]), instants in microseconds since 2000-01-01 UTC, ascending, to the
/// microsecond (nothing needs to be aligned: ragged ends are read from the source). A trailing window that includes its
/// end, (a, b], is the slot [a + 1, b + 1).
struct Query {
    std::string tenant;
    std::vector<int64> edges;
    std::vector<int> measures;  // indices into Rollup::measures
    std::vector<Filter> filters = {};
    std::optional<std::string> group_by = std::nullopt;  // a dimension
    int64 as_of = END_TIMESTAMP;       // of a derived source: its rows as they stood then; others have one state only
    int64 distinct_from = DT_NOBEGIN;  // slots that begin earlier leave distinct measures out: their cells are NULL
};

/// The merged state of one measure in one slot.
/// count and sum and min and max: `value`, of the measure's type. avg: sum in `value`, number of values in `count`.
/// distinct: `count` is the exact cardinality; `value` the set, only if the query asked for sets. quantiles: `value`.
struct Cell {
    Datum value = 0;
    int64 count = 0;
    bool null = true;  // no value at all; counts are 0 then
};

struct Group {
    std::optional<std::string> key;  // of group_by; nullopt where the dimension is NULL or nothing is grouped
    std::vector<Cell> cells;         // slot-major: cells[slot * measures + measure]
};

/// Values live in the memory context that was current when read() was called.
struct Answer {
    int slots = 0, measures = 0;
    Live live;                  // what had to be read from the source
    std::vector<Group> groups;  // without group_by exactly one, even when there are no rows; with it one a key, sorted
    const Cell &cell(const Group &g, int slot, int measure) const {
        return g.cells[static_cast<std::size_t>(slot * measures + measure)];
    }
};

/// Reads by cover: clean days, hours and base buckets from the stores, everything else (late, open, ragged) from the
/// source, all under the active snapshot. `with_sets` also materialises distinct sets as Cell::value (to unite them
/// with another rollup's).
Answer read(const pg::Spi &, const Rollup &, const Query &, bool with_sets = false);

/// Typed looks at a cell. Numerics are palloc'd in the current context; a NULL cell gives 0 (use Cell::null to tell).
int64 as_int64(const Measure &, const Cell &);
double as_double(const Measure &, const Cell &);
Datum as_numeric(const Measure &, const Cell &);
/// Value at probability p of a quantiles cell; nullopt when it has no values.
std::optional<double> quantile(const Cell &, double p);
/// Values at some probabilities of a quantiles cell, `into` of the same length; nullopt when it has no values.
void quantiles(const Cell &, std::span<const double> probabilities, std::span<std::optional<double>> into);

/// analytics.current_tenant(), in C++.
std::string current_tenant();

}  // namespace analytics::engine
