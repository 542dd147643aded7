#pragma once
// States of a measure from several buckets, merged into one.
#include "core/sketch/distinct_set.hpp"
#include "core/sketch/quantile_sketch.hpp"
#include "engine/reader.hpp"
#include "pg/numeric_sum.hpp"

#include <memory>

namespace analytics::engine {

/// What merging needs to know of a measure's type; looked up once an answer.
struct MergeType {
    explicit MergeType(const Measure &measure);
    bool is_counted() const { return kind == MeasureKind::avg || kind == MeasureKind::distinct; }
    MeasureKind kind;
    Oid type;
    int16 length = 0;
    bool by_value = false;
    FmgrInfo *compare = nullptr;  // min and max
    Oid collation = InvalidOid;
};

/// Merges in place. Values are copied into the current memory context; the first set or sketch is kept as it is and
/// only unpacked when a second one comes. Sets that lie out of line stay there until the end, when their union may turn
/// out to be known already.
class MergeState {
  public:
    void add(const MergeType &type, Datum value, bool null, int64 count);
    Cell finish(const MergeType &type, bool with_sets);

  private:
    void add_sum(const MergeType &type, Datum value);
    void add_extreme(const MergeType &type, Datum value);
    void add_set(Datum value);
    void finish_set(Cell &cell, bool with_sets);
    void add_sketch(Datum value);

    Datum value_ = 0;
    int64 count_ = 0;
    bool any_ = false, value_set_ = false;
    std::optional<pg::NumericSum> more_;      // to be added to value_
    std::unique_ptr<core::DistinctSet> set_;  // without those out of line
    std::vector<Datum> out_of_line_;
    std::unique_ptr<core::QuantileSketch> sketch_;
};

}  // namespace analytics::engine
