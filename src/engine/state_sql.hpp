#pragma once
// The SQL of a rollup's states: made from rows, merged from finer buckets, shown in the view.
#include "engine/rollup.hpp"

namespace analytics::engine {

/// The store's columns of some measures, as they are named there: revenue, customers, customers__n.
std::string state_columns(const std::vector<Measure> &, const std::string &alias);
/// The same columns as aggregates over the rows view `r`.
std::string states_of_rows(const std::vector<Measure> &);
/// The same columns as merges over the stored rows `s`.
std::string merged_states(const std::vector<Measure> &);
/// What the view shows of stored rows `s`: states, and averages as averages.
std::string shown_states(const std::vector<Measure> &);
/// ", s.region, s.plan" for dimensions; empty without.
std::string dimension_list(const std::vector<std::string> &dimensions, const std::string &alias);

}  // namespace analytics::engine
