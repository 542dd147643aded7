#pragma once
// How bad a finding is, for those who are to be woken.
#include <cstdint>
#include <optional>

namespace analytics::core {

enum class Severity : std::uint8_t { critical, high, medium, low };  // worst first

/// From evidence and size together: critical when q < 1e-6 and the deviation is at least 50 %, high when q < 1e-4 and
/// at least 30 %, medium when q < 0.01, low when q < 0.05; else none, as when q is NaN.
/// @param q_value        p-value after false-discovery control over all that was looked at
/// @param deviation_pct  |actual - expected| / expected * 100; infinite or NaN (nothing was expected) counts as large
std::optional<Severity> severity(double q_value, double deviation_pct);

/// "critical", "high", "medium", "low".
const char *name_of(Severity);

}  // namespace analytics::core
