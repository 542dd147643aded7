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

/// What writers of a table and the refresh share: the rollups of one table and time column have one limit, one set of
/// notes and one watch list. (A limit and notes a rollup would make each insert pay once a rollup.)
struct Source {
    int32 id = 0;
    Oid relation = InvalidOid, owner = InvalidOid;
    Oid note_below = InvalidOid;  // the sequence that writers read
    int64 bucket = 0;             // width of a note: the finest bucket of its rollups, microseconds
    bool has_tenant = false;      // kept apart by tenant (column tenant_id); otherwise the stores say ''
    Oid origin = InvalidOid;      // of a derived source (derived.hpp): the table that its rows are made of
};

struct Rollup {
    int32 id = 0;
    std::string name;
    Source source;
    int64 bucket = 0;  // microseconds; divides the hour or is the hour
    std::vector<std::string> dimensions;
    std::vector<Measure> measures;
    /// Whether its base store is there. It is not when somebody has dropped it, or when the rollup was dropped after
    /// its row was read: that can be seen a moment before it is announced.
    bool stored = true;

    /// Index of a measure by name; throws 22023.
    int measure(std::string_view measure_name) const;
    bool has_dimension(std::string_view dimension) const;
    /// Qualified and quoted names of its relations.
    std::string rows_view() const, base_store() const, hour_store() const, day_store() const;
    /// What readers see of the source: rows_view(), or of a derived source its rows as of moment().
    std::string read_view() const;
};

/// The rollup by name; unknown: PT404. Its reference stays good until the next call into the engine.
const Rollup &find_rollup(const pg::Spi &, std::string_view name);
/// Throws 42P01 when its stores are gone.
void require_stored(const Rollup &);

/// Text for SQL: an identifier or a literal, quoted.
std::string quoted(std::string_view identifier);
std::string literal(std::string_view value);

}  // namespace analytics::engine
