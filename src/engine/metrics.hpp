#pragma once
// Metrics: named expressions over a rollup's measures, shared by all tenants.
#include "engine/metric_values.hpp"

#include <memory>

namespace analytics::engine {

/// A metric's definition and its expression, parsed against its rollup.
struct Metric {
    std::string name, rollup, expression, unit;
    Fill fill = Fill::zero;
    core::Program program;
    std::vector<Measure> measures;  // of the program, in its order: what the expression was parsed against
    Rounding rounding;
};

struct FoundMetric {
    std::shared_ptr<const Metric> metric;
    Rollup rollup;  // a copy: the engine's own may be loaded anew while the answer is read
};

/// The metric by name as the active snapshot sees it; its parsed form is kept in the backend while definition and
/// rollup stay as they were. Unknown: PT404. Expression and rollup no longer fit: 22023.
FoundMetric find_metric(const pg::Spi &, const std::string &name);

}  // namespace analytics::engine
