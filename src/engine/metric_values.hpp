#pragma once
// Numbers of a metric: its expression over the cells of a rollup's answer, in exact numeric.
#include "core/expression/parser.hpp"
#include "engine/reader.hpp"

namespace analytics::engine {

/// What a bucket without rows shows: 0, nothing, or what the last bucket with rows showed.
enum class Fill : std::uint8_t { zero, null, last };

/// How the value of a quotient, an average or a quantile is rounded; sums are never.
struct Rounding {
    enum class Kind : std::uint8_t { none, trim, decimals, money } kind = Kind::none;
    int decimals = 0;
};
/// By the unit: ms and s 3 decimals, ratio 4, percent 2, all others 2, or 6 significant digits below 1.
Rounding rounding_of(const core::Program &, std::string_view unit);

/// A numeric or NULL.
using Value = std::optional<Datum>;

core::MeasureRole role_of(const Measure &);

class Evaluator {
  public:
    /// Keeps references to the program and the measures. `measures` are those of the program, in its order, as the
    /// cells have them.
    Evaluator(const core::Program &, std::vector<const Measure *> measures, Fill);

    /// The value of each slot, oldest first. rows[i] points to the cells of slot i, one a measure; nullptr: no rows.
    /// Numerics live in the current memory context, or are the cells' own.
    void run(std::span<const Cell *const> rows, std::span<Value> values);

  private:
    bool empty(const Cell *cells) const;

    const core::Program &program_;
    std::vector<const Measure *> measures_;
    Fill fill_;
    std::vector<Datum> constants_;
    std::vector<Value> stack_;
    std::vector<Cell> nothing_;  // the cells of a slot without rows
    Datum zero_;
};

/// The value as callers see it.
Value rounded(const Value &, const Rounding &);
/// (value - previous) / |previous| * 100 with two decimals; NULL where either is NULL, or previous is 0.
Value pct_change(const Value &value, const Value &previous);
/// Negative, 0, positive; NULL is less than everything.
int compare(const Value &, const Value &);

}  // namespace analytics::engine
