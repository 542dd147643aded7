#include "core/anomaly/severity.hpp"

#include "core/statistics/false_discovery.hpp"

#include <cmath>
#include <stdexcept>

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

double deviation_pct(double value, double expected) { return std::abs(value - expected) / std::abs(expected) * 100; }

std::vector<std::optional<Severity>> severities(std::span<const double> p_values,
                                                std::span<const double> deviations_pct) {
    if (p_values.size() != deviations_pct.size())
        throw std::invalid_argument("each p-value needs the deviation of its finding");
    std::vector<double> const q = benjamini_hochberg(p_values);
    std::vector<std::optional<Severity>> result(q.size());
    for (std::size_t i = 0; i < q.size(); ++i) result[i] = severity(q[i], deviations_pct[i]);
    return result;
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
