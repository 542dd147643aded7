#pragma once
// What the engine knows of a rollup: its definition, loaded from analytics_store.rollups and the catalog, cached in the
// backend until either changes.
#include "pg/spi.hpp"

#include <string>
#include <vector>

namespace analytics::engine {

inline constexpr int64 second = 1'000'000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;

enum class MeasureKind : std::uint8_t { count, sum, min, max, avg, distinct, quantiles };

/// One measure. Its state stands in the stores as column `name` (avg: the sum), with `name__n` beside it for avg (the
/// number of values) and distinct (the cardinality, so that an answer of one stored bucket never reads the set).
struct Measure {
    std::string name;
    MeasureKind kind;
    Oid type;  // of the column `name`: int8 for counts; numeric, int8 or float8 for sums; the argument's for min and
               // max; our own types distinct_set and quantile_sketch
    bool counted() const { return kind == MeasureKind::avg || kind == MeasureKind::distinct; }
};

struct Rollup {
    int32 id = 0;
    std::string name;
    Oid source = InvalidOid, owner = InvalidOid, rows_view = InvalidOid;
    Oid note_below = InvalidOid;  // the sequence that writers read
    int64 bucket = 0;             // microseconds; divides the hour or is the hour
    bool has_tenant = false;      // the source has a column tenant_id; without one the stores say ''
    std::vector<std::string> dimensions;
    std::vector<Measure> measures;

    /// Index of a measure by name; throws 22023.
    int measure(std::string_view measure_name) const;
    bool has_dimension(std::string_view dimension) const;
};

/// The rollup by name; unknown: PT404. Its reference stays good until the transaction ends.
const Rollup &find_rollup(const pg::Spi &, std::string_view name);

}  // namespace analytics::engine
