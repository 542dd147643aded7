#pragma once
// What a rule watches, measured: a value and whether its condition holds, for each label set and moment.
#include "core/alerts/evaluate.hpp"
#include "engine/metric_line.hpp"
#include "pg/spi.hpp"

namespace analytics::operations {

/// What a rule watches. `labels` as given and as JSON text in PostgreSQL's own spelling.
struct Watch {
    std::string metric;
    Datum labels = 0;  // jsonb
    core::AlertRule rule;
    std::optional<double> threshold;  // rule.threshold has 0 where none is given
};

using Samples = std::map<std::string, std::vector<core::AlertSample>>;

/// Samples at the moments, under the active snapshot. A metric of list_metrics is one label set, the rule's; other
/// names are those of metric_points, each label set of the points by itself, except for conditions that look at all of
/// them (outside, anomaly, absent). Errors: 22023 and PT404 where the rule cannot be evaluated (a rollup that is gone,
/// too many label sets, an unknown budget).
Samples measure(const pg::Spi &, const Watch &, std::span<const core::Instant> moments);

}  // namespace analytics::operations
