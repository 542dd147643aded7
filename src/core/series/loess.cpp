#include "core/series/loess.hpp"

#include <algorithm>
#include <cmath>

namespace analytics::core {

/// The local polynomial through the points left to right (counted from 1) at the abscissa `at`. Nothing if no point
/// there has weight.
bool LoessSmoother::fit(std::span<const double> y, const Loess &loess, std::span<const double> weights, double at,
                        std::size_t left, std::size_t right, double &value) {
    std::size_t const n = y.size();
    if (work_ += right - left + 1; stop_ && work_ > 300'000) stop_(), work_ = 0;
    if (local_.size() < n + 1) local_.resize(n + 1);
    double reach = std::max(at - static_cast<double>(left), static_cast<double>(right) - at);
    if (std::size_t const wider = loess.window > n ? (loess.window - n) / 2 : 0; wider > 0)
        reach += static_cast<double>(wider);
    double const far = 0.999 * reach, near = 0.001 * reach;
    double sum = 0;
    for (std::size_t j = left; j <= right; ++j) {
        double const distance = std::abs(static_cast<double>(j) - at);
        double w = 0;
        if (distance <= far) {
            w = 1;
            if (distance > near) {
                double const share = distance / reach, rest = 1 - share * share * share;
                w = rest * rest * rest;
            }
            if (!weights.empty()) w *= weights[j - 1];
            sum += w;
        }
        local_[j] = w;
    }
    if (!(sum > 0)) return false;
    double centre = 0;
    for (std::size_t j = left; j <= right; ++j) local_[j] /= sum, centre += local_[j] * static_cast<double>(j);
    if (reach > 0 && loess.degree > 0) {
        double spread = 0;
        for (std::size_t j = left; j <= right; ++j) {
            double const d = static_cast<double>(j) - centre;
            spread += local_[j] * d * d;
        }
        // With nearly all weight on one point there is no slope to see.
        if (std::sqrt(spread) > 0.001 * (static_cast<double>(n) - 1)) {
            double const slope = (at - centre) / spread;
            for (std::size_t j = left; j <= right; ++j) local_[j] *= slope * (static_cast<double>(j) - centre) + 1;
        }
    }
    value = 0;
    for (std::size_t j = left; j <= right; ++j) value += local_[j] * y[j - 1];
    return true;
}

void LoessSmoother::smooth(std::span<const double> y, const Loess &loess, std::span<const double> weights,
                           std::span<double> smooth) {
    std::size_t const n = y.size(), window = loess.window;
    if (n < 2) {
        std::copy(y.begin(), y.end(), smooth.begin());
        return;
    }
    std::size_t const jump = std::min(std::max<std::size_t>(loess.jump, 1), n - 1), half = (window + 1) / 2;
    std::size_t left = 1, right = std::min(window, n);
    auto const at = [&](std::size_t i) {
        if (!fit(y, loess, weights, static_cast<double>(i), left, right, smooth[i - 1])) smooth[i - 1] = y[i - 1];
    };
    for (std::size_t i = 1; i <= n; i += jump) {
        if (window < n) {
            if (i < half) left = 1;
            else if (i + half > n) left = n - window + 1;
            else left = i - half + 1;
            right = left + window - 1;
        }
        at(i);
    }
    if (jump == 1) return;
    auto const line = [&](std::size_t from, std::size_t to) {
        double const step = (smooth[to - 1] - smooth[from - 1]) / static_cast<double>(to - from);
        for (std::size_t j = from + 1; j < to; ++j)
            smooth[j - 1] = smooth[from - 1] + step * static_cast<double>(j - from);
    };
    for (std::size_t i = 1; i + jump <= n; i += jump) line(i, i + jump);
    std::size_t const last = (n - 1) / jump * jump + 1;
    if (last == n) return;
    at(n);  // from the window of the last fit, as in Cleveland's program
    if (last + 1 < n) line(last, n);
}

void LoessSmoother::smooth_beyond(std::span<const double> y, const Loess &loess, std::span<const double> weights,
                                  std::span<double> curve) {
    std::size_t const n = y.size();
    smooth(y, loess, weights, curve.subspan(1, n));
    if (!fit(y, loess, weights, 0, 1, std::min(loess.window, n), curve[0])) curve[0] = curve[1];
    std::size_t const left = n > loess.window ? n - loess.window + 1 : 1;
    if (!fit(y, loess, weights, static_cast<double>(n + 1), left, n, curve[n + 1])) curve[n + 1] = curve[n];
}

}  // namespace analytics::core
