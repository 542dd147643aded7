#include "core/anomaly/severity.hpp"

namespace analytics::core {

std::optional<Severity> severity(double q_value, double deviation_pct) {
    // A limit is met by what is equal to it, whatever the last bit of a quotient is.
    auto const at_least = [&](double limit) { return !(deviation_pct + 1e-9 < limit); };
    if (q_value < 1e-6 && at_least(50)) return Severity::critical;
    if (q_value < 1e-4 && at_least(30)) return Severity::high;
    if (q_value < 0.01) return Severity::medium;
    if (q_value < 0.05) return Severity::low;
    return std::nullopt;
}

const char *name_of(Severity severity) {
    switch (severity) {
    case Severity::critical:
        return "critical";
    case Severity::high:
        return "high";
    case Severity::medium:
        return "medium";
    case Severity::low:
        return "low";
    }
    return "";
}

}  // namespace analytics::core
