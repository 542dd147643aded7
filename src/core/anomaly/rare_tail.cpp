#include "core/anomaly/rare_tail.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace analytics::core {

void RunningQuantile::add(double x) {
    if (held_ < 5) {
        height_[static_cast<std::size_t>(held_++)] = x;
        if (held_ == 5) {
            std::sort(height_.begin(), height_.end());
            position_ = {0, 1, 2, 3, 4};
            wanted_ = {0, 2 * p_, 4 * p_, 2 + 2 * p_, 4};
        }
        return;
    }
    std::size_t cell = 0;
    if (x < height_[0]) height_[0] = x;
    else if (x >= height_[4]) height_[4] = x, cell = 3;
    else
        while (x >= height_[cell + 1]) ++cell;
    for (std::size_t i = cell + 1; i < 5; ++i) position_[i] += 1;
    std::array<double, 5> const step = {0, p_ / 2, p_, (1 + p_) / 2, 1};
    for (std::size_t i = 0; i < 5; ++i) wanted_[i] += step[i];

    for (std::size_t i = 1; i < 4; ++i) {
        double const off = wanted_[i] - position_[i];
        double const above = position_[i + 1] - position_[i], below = position_[i] - position_[i - 1];
        if (!(off >= 1 && above > 1) && !(off <= -1 && below > 1)) continue;
        double const move = off > 0 ? 1 : -1;
        double const parabola = height_[i] + move / (above + below) *
                                                 ((below + move) * (height_[i + 1] - height_[i]) / above +
                                                  (above - move) * (height_[i] - height_[i - 1]) / below);
        std::size_t const next = off > 0 ? i + 1 : i - 1;
        if (height_[i - 1] < parabola && parabola < height_[i + 1]) height_[i] = parabola;
        else height_[i] += move * (height_[next] - height_[i]) / (position_[next] - position_[i]);
        position_[i] += move;
    }
}

double RunningQuantile::value() const {
    if (held_ == 5) return height_[2];
    return held_ == 0 ? 0 : *std::max_element(height_.begin(), height_.begin() + held_);
}

double RareTail::judge(double x) {
    constexpr double known = 20, usual_shape = 0.2, shape_weight = 10, longest_peak = 8;
    double const threshold = threshold_.value();
    // What is over by rounding alone is not over.
    double const over = x - threshold > 1e-9 * (std::abs(x) + std::abs(threshold)) ? x - threshold : 0;
    double evidence = 0;
    if (count_ > known && over > 0) {
        double const mean = peaks_ > 0 ? excess_ / peaks_ : 0;
        double const variance = peaks_ > 1 ? square_ / peaks_ - mean * mean : 0;
        double const moment = variance > 0 ? (1 - mean * mean / variance) / 2 : usual_shape;
        double const shape =
            (shape_weight * usual_shape + peaks_ * std::clamp(moment, 0.0, 0.6)) / (shape_weight + peaks_);
        double const scale = mean > 0 ? mean * (1 - shape) : std::max(1e-12, std::abs(threshold) / 10);
        evidence = std::log10((count_ + 2) / (peaks_ + 1)) + std::log10(1 + shape * over / scale) / shape;
        double const peak = peaks_ > 3 ? std::min(over, longest_peak * mean) : over;
        excess_ += peak, square_ += peak * peak, peaks_ += 1;
    }
    count_ += 1;
    threshold_.add(x);
    return evidence;
}

}  // namespace analytics::core
