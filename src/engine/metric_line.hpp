#pragma once
// A metric's values by bucket as plain numbers, for those who judge or continue them. In metric_queries.cpp, beside the
// answers that are read the same way.
#include "engine/metrics.hpp"
#include "engine/periods.hpp"

namespace analytics::engine {

/// A number of an answer, or NULL.
using Number = std::optional<pg::NumericValue>;

struct MetricLine {
    std::shared_ptr<const Metric> metric;
    std::vector<Value> exact;    // one a slot of the series, unrounded; in the memory context of the call
    std::vector<double> values;  // the same, NaN where there is none
};

/// The metric named by an argument over the slots of a series, filtered by another argument (jsonb). Errors: as of
/// get_metric_series.
MetricLine read_line(const pg::Spi &, const pg::Args &, int metric_argument, int filters_argument, const Series &);
/// The same of a metric that was found already.
MetricLine read_line(const pg::Spi &, FoundMetric, std::vector<Filter>, const Series &);

/// A metric over one stretch of time, unrounded; nothing where there are no rows and `fill` is not zero, or the
/// expression is NULL.
std::optional<double> value_over(const pg::Spi &, const FoundMetric &, const std::vector<Filter> &, const core::Slot &,
                                 Fill fill);

}  // namespace analytics::engine
