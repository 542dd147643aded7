#pragma once
// The plain rule for hours that do not fit: so far from the mean of the hours before.
#include "core/anomaly/severity.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace analytics::core {

/// An hour of a shop. fulfillment: percent of its orders that are fulfilled; none where it has no orders.
struct ShopHour {
    double orders = 0, revenue = 0;
    std::optional<double> fulfillment = std::nullopt;
};

enum class ShopAnomaly : std::uint8_t {
    low_order_volume,
    high_order_volume,
    low_revenue,
    high_revenue,
    low_fulfillment
};

struct ShopFinding {
    std::size_t hour;  // index
    ShopAnomaly anomaly;
    Severity severity;
    bool operator==(const ShopFinding &) const = default;
};

/// What a deviation from a mean is called: from 30 % low, 45 % medium, 60 % high, 80 % critical.
std::optional<Severity> threshold_severity(double deviation_pct);

/// Deviation |actual - mean| / mean * 100 of each hour from the mean of the `before` hours right before it, as
/// threshold_severity calls it. The mean fulfillment is that of the hours that have one. Orders and revenue are judged
/// where the mean is at least 5 orders, fulfillment (only whether it is low) where it is at least 10; nothing is,
/// against a mean that is not positive.
/// @param hours   oldest first, without gaps; the first `before` of them are only compared with
/// @returns       worst first, then newest first, then in the order of the anomalies' names above
std::vector<ShopFinding> threshold_anomalies(std::span<const ShopHour> hours, std::size_t before);

}  // namespace analytics::core
