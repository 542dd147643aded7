#pragma once
// The scale on which a series is forecast: logarithms with an offset for what is never negative, so that errors are
// about relative where values are large and absolute near zero.
#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace analytics::core {

/// z = log(max(y, 0) + share * mean(y)) when y is nowhere negative and not all zero, else z = y. Scaling y adds a
/// constant to z, so forecasts of z are those of y in any unit. The larger the share, the straighter the scale. Values
/// are finite and of moderate size (|y| < 1e150).
class Transform {
  public:
    Transform(std::span<const double> y, double share, bool use_log = true) {
        double sum = 0;
        bool negative = false;
        for (double x : y) sum += x, negative = negative || x < 0;
        if (use_log && !negative && sum > 0) offset_ = share * sum / static_cast<double>(y.size());
    }

    bool logarithmic() const { return offset_ > 0; }
    double forward(double y) const { return logarithmic() ? std::log(std::max(y, 0.0) + offset_) : y; }
    /// Never below zero on the logarithmic scale.
    double back(double z) const { return logarithmic() ? std::max(std::exp(z) - offset_, 0.0) : z; }

    std::vector<double> forward(std::span<const double> y) const {
        std::vector<double> z(y.size());
        std::transform(y.begin(), y.end(), z.begin(), [this](double x) { return forward(x); });
        return z;
    }

  private:
    double offset_ = 0;
};

}  // namespace analytics::core
