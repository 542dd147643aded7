#pragma once
// A rule's label sets, each with its own state, over the moments of an evaluation.
#include "core/alerts/machine.hpp"
#include "core/alerts/rule.hpp"

#include <map>
#include <span>
#include <string>

namespace analytics::core {

/// What was measured of a label set at a moment, and whether the rule's condition holds for it.
struct AlertSample {
    bool known = false, holds = false;
    double value = 0;
};

struct AlertRule {
    Condition condition = Condition::above;
    double threshold = 0;
    std::int64_t window = 0, lasting = 0;  // microseconds
    NoData no_data = NoData::ok;
    std::string labels;  // of the rule as a whole
};

/// What is kept of a label set from one evaluation to the next.
struct AlertMemory {
    AlertTrack track;
    std::optional<Instant> seen;  // the last moment with data
    bool operator==(const AlertMemory &) const = default;
};

struct AlertEvent {
    bool fired;  // else resolved
    Instant at;
    std::optional<double> value;
};

/// A label set after an evaluation. Forgotten: nothing need be kept of it.
struct AlertOutcome {
    std::string labels;
    AlertMemory memory;
    std::vector<AlertEvent> events;  // in their order
    std::optional<double> value;     // at the last moment
    bool forgotten = false;
};

/// How long a label set that has no data and no alert is remembered.
inline constexpr std::int64_t alert_memory = micros_per_day;

/// The rule over all moments, for every label set that is remembered or has a sample.
///
/// A set with data is judged by it. A remembered one without: no_data ok or alert: the condition does not hold; zero:
/// the value is 0; keep: it stays as it is. Where no set has data, the rule as a whole speaks for all, under its own
/// labels: with alert the condition holds; with zero, and no other set remembered, the value is 0. Condition absent is
/// judged by the set of the rule's own labels alone: it holds where that has no data.
/// @param samples  of each label set one a moment; sets that never had data may be missing
/// @return ordered by labels
std::vector<AlertOutcome> evaluate(const AlertRule &, std::span<const Instant> moments,
                                   const std::map<std::string, std::vector<AlertSample>> &samples,
                                   const std::map<std::string, AlertMemory> &memories);

}  // namespace analytics::core
