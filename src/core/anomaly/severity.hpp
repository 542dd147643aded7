#pragma once
// How bad a finding is, for those who are to be woken.
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace analytics::core {

enum class Severity : std::uint8_t { critical, high, medium, low };  // worst first

/// From evidence and size together: critical when q < 1e-6 and the deviation is at least 50 %, high when q < 1e-4 and
/// at least 30 %, medium when q < 0.01, low when q < 0.05; else none, as when q is NaN.
/// @param q_value        p-value after false-discovery control over all that was looked at
/// @param deviation_pct  |actual - expected| / expected * 100; infinite or NaN (nothing was expected) counts as large
std::optional<Severity> severity(double q_value, double deviation_pct);

/// |value - expected| in percent of what was expected; infinite or NaN where that is 0.
double deviation_pct(double value, double expected);

/// Severities of many findings, after Benjamini and Hochberg's control over all of them. NaN p-values are no tests.
/// @throws std::invalid_argument when the sizes differ
std::vector<std::optional<Severity>> severities(std::span<const double> p_values,
                                                std::span<const double> deviations_pct);

/// "critical", "high", "medium", "low".
const char *name_of(Severity);

}  // namespace analytics::core
