#include "core/series/super_smoother.hpp"

#include "core/series/scaling.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace analytics::core {

namespace {

constexpr std::array<double, 3> spans = {0.05, 0.2, 0.5};

// Local lines through a window that slides along and stays where it is at the ends, its sums brought up to date from
// point to point. `left_out`, if wanted, takes the absolute residuals of the points against lines without them.
void running_lines(std::span<const double> y, double span, std::vector<double> &smooth, std::vector<double> *left_out) {
    std::size_t const n = y.size();
    auto const half = static_cast<std::size_t>(std::max(2L, std::lround(0.5 * span * static_cast<double>(n))));
    std::size_t const window = std::min(2 * half + 1, n);
    // x is 1, 2, ... n. Means, and sums of squares and products about them.
    double x_mean = 0, y_mean = 0, count = 0, x_squares = 0, products = 0;
    auto const add = [&](std::size_t i) {
        double const x = static_cast<double>(i + 1), before = count;
        count += 1;
        double const dx = x - x_mean, dy = y[i] - y_mean;
        x_mean += dx / count, y_mean += dy / count;
        if (before > 0) x_squares += before / count * dx * dx, products += before / count * dx * dy;
    };
    auto const remove = [&](std::size_t i) {
        double const x = static_cast<double>(i + 1), before = count, dx = x - x_mean, dy = y[i] - y_mean;
        count -= 1;
        x_mean -= dx / count, y_mean -= dy / count;
        x_squares -= before / count * dx * dx, products -= before / count * dx * dy;
    };
    for (std::size_t i = 0; i < window; ++i) add(i);
    std::size_t first = 0;
    for (std::size_t i = 0; i < n; ++i) {
        if (i > first + half && first + window < n) {
            remove(first);
            add(first + window);
            ++first;
        }
        double const x = static_cast<double>(i + 1) - x_mean, slope = x_squares > 0 ? products / x_squares : 0;
        smooth[i] = y_mean + slope * x;
        if (left_out == nullptr) continue;
        double const weight = 1 / count + (x_squares > 0 ? x * x / x_squares : 0);
        if (weight < 1) (*left_out)[i] = std::abs(y[i] - smooth[i]) / (1 - weight);
        else (*left_out)[i] = i > 0 ? (*left_out)[i - 1] : 0;
    }
}

}  // namespace

std::vector<double> super_smooth(std::span<const double> y, const Stop &stop) {
    double const size = size_of(y);
    std::vector<double> const values = divided(y, size);
    std::size_t const n = values.size();
    std::array<std::vector<double>, 3> curves, residuals;
    std::vector<double> left_out(n);
    for (std::size_t s = 0; s < spans.size(); ++s) {
        if (stop) stop();
        curves[s].resize(n), residuals[s].resize(n);
        running_lines(values, spans[s], curves[s], &left_out);
        running_lines(left_out, spans[1], residuals[s], nullptr);
    }
    std::vector<double> best(n), width(n), mixed(n);
    for (std::size_t i = 0; i < n; ++i) {
        std::size_t least = 0;
        for (std::size_t s = 1; s < spans.size(); ++s)
            if (residuals[s][i] < residuals[least][i]) least = s;
        best[i] = spans[least];
    }
    running_lines(best, spans[1], width, nullptr);
    for (std::size_t i = 0; i < n; ++i) {
        double const wanted = std::clamp(width[i], spans.front(), spans.back());
        std::size_t const other = wanted >= spans[1] ? 2 : 0;
        double const share = (wanted - spans[1]) / (spans[other] - spans[1]);
        mixed[i] = (1 - share) * curves[1][i] + share * curves[other][i];
    }
    std::vector<double> smooth(n);
    running_lines(mixed, spans[0], smooth, nullptr);
    for (double &v : smooth) v *= size;
    return smooth;
}

}  // namespace analytics::core
