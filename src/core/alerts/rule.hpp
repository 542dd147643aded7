#pragma once
// What a rule of alerts says, apart from what it watches.
#include "core/series/zone.hpp"

#include <optional>
#include <string_view>

namespace analytics::core {

/// When a rule alerts. The first four compare the value with the threshold; the others are judged by their own means.
enum class Condition : std::uint8_t { above, at_least, below, at_most, outside, anomaly, absent, exhausts_within };

/// What it means that there is nothing to judge: all is well, a value of 0, whatever was so before, or an alert.
enum class NoData : std::uint8_t { ok, zero, keep, alert };

/// By their names in SQL: >, >=, <, <=, outside, anomaly, absent, exhausts_within; ok, zero, keep, alert.
std::optional<Condition> parse_condition(std::string_view name);
std::optional<NoData> parse_no_data(std::string_view name);

/// A length of elapsed time: a whole number of s, m, h, d or w ("90s", "5m", "1h"), at most ten years. In microseconds.
std::optional<std::int64_t> parse_duration(std::string_view text);

/// Whether the condition holds for a value; false for those that are no comparison.
bool compares(Condition, double value, double threshold);

}  // namespace analytics::core
