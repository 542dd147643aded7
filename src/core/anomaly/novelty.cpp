#include "core/anomaly/novelty.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace analytics::core {
namespace {

double middle(double a, double b, double c) { return std::max(std::min(a, b), std::min(std::max(a, b), c)); }

}  // namespace

Context::Context(std::size_t levels, std::size_t width) : levels_(levels), surprises_(width) {
    std::size_t sequences = 1;
    for (auto &seen : seen_) seen.resize(sequences *= levels);
}

double Context::surprise(std::size_t level) {
    constexpr auto full = std::numeric_limits<std::uint16_t>::max();
    double chance = 1 / static_cast<double>(levels_), before = static_cast<double>(count_);
    std::size_t const known = std::min(count_ + 1, longest);
    for (std::size_t length = 0; length < known; ++length) {
        // The last `length` levels were followed by something each time but now.
        std::size_t const context = length == 0 ? 0 : last_[length - 1];
        std::uint16_t const &followed = seen_[length][context * levels_ + level];
        if (length > 0) before = seen_[length - 1][context] - 1;
        chance = (static_cast<double>(followed) + chance) / (before + 1);
    }
    for (std::size_t length = known; length-- > 0;) {
        std::size_t const context = length == 0 ? 0 : last_[length - 1];
        last_[length] = context * levels_ + level;
        std::uint16_t &seen = seen_[length][last_[length]];
        if (seen < full) ++seen;
    }
    return -std::log10(chance);
}

double Context::judge(double x) {
    low_ = count_ == 0 ? x : std::min(low_, x);
    high_ = count_ == 0 ? x : std::max(high_, x);
    double const range = high_ - low_, levels = static_cast<double>(levels_);
    auto const level = range > 0 ? static_cast<std::size_t>(std::min((x - low_) / range * levels, levels - 1)) : 0;
    surprises_[count_ % surprises_.size()] = surprise(level);
    ++count_;
    double sum = 0;
    for (double const s : surprises_) sum += s;
    return tail_.judge(sum);
}

double NearestShape::nearest(const Shape &shape) const {
    float best = std::numeric_limits<float>::max();
    for (const Shape &other : kept_) {
        float distance = 0;
        for (std::size_t i = 0; i < parts; ++i) {
            float const off = shape[i] - other[i];
            distance += off * off;
        }
        best = std::min(best, distance);
    }
    return std::sqrt(static_cast<double>(best));
}

double NearestShape::judge(std::span<const double> x) {
    if (x.size() < points) return 0;
    std::array<double, parts> means;
    double centre = 0;
    for (std::size_t i = 0; i < parts; ++i) {
        means[i] = (x[x.size() - points + 2 * i] + x[x.size() - points + 2 * i + 1]) / 2;
        centre += means[i] / parts;
    }
    Shape shape;
    for (std::size_t i = 0; i < parts; ++i) shape[i] = static_cast<float>(means[i] - centre);
    double const evidence = kept_.size() >= least ? tail_.judge(nearest(shape)) : 0;
    if (++count_ % every == 0) {
        Shape &grown = young_[grown_ % young_.size()];
        if (grown_++ >= young_.size()) {
            if (kept_.size() < most) kept_.push_back(grown);
            else kept_[oldest_++ % most] = grown;
        }
        grown = shape;
    }
    return evidence;
}

double Change::judge(std::span<const double> x) {
    std::size_t const n = x.size();
    if (n < 84) return 0;
    double off = 0;
    for (std::size_t i = n - 12; i < n; ++i) off += x[i] - middle(x[i - 24], x[i - 48], x[i - 72]);
    return tail_.judge(std::abs(off));
}

double SlowLevel::judge(double x) {
    constexpr double reach = 3.5, most = 20;
    double const n = static_cast<double>(++count_), kept = std::min(std::exp2(-1.0 / 60), 1 - 1 / (n + 1));
    if (count_ == 1) level_ = x;
    double const off = x - level_, deviation = std::sqrt(variance_);
    bool const known = count_ > 20 && variance_ > 0;
    last_[count_ % points] = variance_ > 0 ? std::clamp(off / deviation, -most, most) : 0;
    level_ += (1 - kept) * (known ? std::clamp(off, -reach * deviation, reach * deviation) : off);
    variance_ = kept * variance_ + (1 - kept) * (known ? std::min(off * off, 9 * variance_) : off * off);
    if (count_ < points) return 0;
    double sum = 0;
    for (double const z : last_) sum += z;
    return tail_.judge(std::abs(sum));
}

}  // namespace analytics::core
