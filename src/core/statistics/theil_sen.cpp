#include "core/statistics/theil_sen.hpp"

#include "core/statistics/robust.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace analytics::core {
namespace {

struct Point {
    double x, y;
};

constexpr std::size_t few = 512;

double slope_of(const Point &a, const Point &b) { return b.y / (b.x - a.x) - a.y / (b.x - a.x); }

double median_of_all(const std::vector<Point> &points) {
    std::vector<double> slopes;
    for (std::size_t i = 0; i < points.size(); ++i)
        for (std::size_t j = i + 1; j < points.size(); ++j)
            if (points[i].x != points[j].x) slopes.push_back(slope_of(points[i], points[j]));
    return median_in_place(slopes);
}

/// Doubles as integers of the same order, to halve a range of slopes in 64 steps at most.
std::int64_t ordinal(double v) {
    auto const bits = std::bit_cast<std::int64_t>(v);
    return bits >= 0 ? bits : std::int64_t(0x8000000000000000ULL - std::uint64_t(bits));
}
double of_ordinal(std::int64_t o) {
    return o >= 0 ? std::bit_cast<double>(o) : std::bit_cast<double>(0x8000000000000000ULL - std::uint64_t(o));
}

/// Pairs i < j with a[i] >= a[j], by merge sort.
std::uint64_t inversions(std::vector<double> &a, std::vector<double> &spare) {
    std::uint64_t count = 0;
    std::size_t const n = a.size();
    for (std::size_t width = 1; width < n; width *= 2) {
        for (std::size_t low = 0; low < n; low += 2 * width) {
            std::size_t const middle = std::min(low + width, n), high = std::min(low + 2 * width, n);
            std::size_t i = low, j = middle, to = low;
            while (i < middle && j < high) {
                if (a[j] <= a[i]) count += middle - i, spare[to++] = a[j++];
                else spare[to++] = a[i++];
            }
            while (i < middle) spare[to++] = a[i++];
            while (j < high) spare[to++] = a[j++];
        }
        a.swap(spare);
    }
    return count;
}

/// The slope of rank k (from 0) of the pairs with different x; points sorted by x, then by y downwards, which keeps the
/// pairs of equal x from looking like inversions only where y is equal: `equal` such pairs are taken off.
class Slopes {
  public:
    Slopes(const std::vector<Point> &points, const Stop &stop)
        : points_(points), stop_(stop), residual_(points.size()), spare_(points.size()) {
        std::size_t run = 0;
        for (std::size_t i = 0; i < points.size(); ++i) {
            run = i > 0 && points[i].x == points[i - 1].x ? run + 1 : 0;
            ties_ += run;
        }
        std::uint64_t const n = points.size();
        pairs_ = n * (n - 1) / 2 - ties_;
    }
    double median() {
        double const upper = rank(pairs_ / 2);
        return pairs_ % 2 == 1 ? upper : rank(pairs_ / 2 - 1) / 2 + upper / 2;
    }

  private:
    double rank(std::uint64_t k) {
        std::int64_t low = ordinal(-1.7e308), high = ordinal(1.7e308);
        while (low < high) {
            std::int64_t const middle = low + static_cast<std::int64_t>((std::uint64_t(high) - std::uint64_t(low)) / 2);
            if (at_most(of_ordinal(middle)) > k) high = middle;
            else low = middle + 1;
        }
        return of_ordinal(low);
    }

    /// Pairs with slope <= s: those whose residual y - s x does not grow. With y downwards, all ties of x are among
    /// them.
    std::uint64_t at_most(double s) {
        if (stop_) stop_();
        for (std::size_t i = 0; i < points_.size(); ++i) residual_[i] = points_[i].y - s * points_[i].x;
        return inversions(residual_, spare_) - ties_;
    }

    const std::vector<Point> &points_;
    const Stop &stop_;
    std::vector<double> residual_, spare_;
    std::uint64_t ties_ = 0, pairs_ = 0;
};

}  // namespace

Line theil_sen(std::span<const double> y, std::span<const double> x, const Stop &stop) {
    if (x.size() != y.size()) throw std::invalid_argument("x and y must be of equal size");
    std::vector<Point> points;
    points.reserve(x.size());
    double largest_x = 0, largest_y = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (!std::isfinite(x[i]) || !std::isfinite(y[i])) throw std::invalid_argument("values must be finite");
        points.push_back({x[i], y[i]});
        largest_x = std::max(largest_x, std::abs(x[i])), largest_y = std::max(largest_y, std::abs(y[i]));
    }
    std::sort(points.begin(), points.end(),
              [](const Point &a, const Point &b) { return a.x != b.x ? a.x < b.x : a.y > b.y; });
    if (points.empty() || points.front().x == points.back().x)
        throw std::invalid_argument("a slope needs two different x");

    // In units of the largest values (powers of two, so that nothing is rounded) no slope of a usual series overflows.
    int const x_exponent = std::ilogb(largest_x), y_exponent = largest_y > 0 ? std::ilogb(largest_y) : 0;
    for (Point &p : points) p = {std::scalbn(p.x, -x_exponent), std::scalbn(p.y, -y_exponent)};
    double const slope = points.size() <= few ? median_of_all(points) : Slopes(points, stop).median();
    std::vector<double> rest;
    rest.reserve(points.size());
    for (const Point &p : points) rest.push_back(p.y - slope * p.x);
    Line const line = {std::scalbn(slope, y_exponent - x_exponent), std::scalbn(median_in_place(rest), y_exponent)};
    if (!std::isfinite(line.slope) || !std::isfinite(line.intercept)) throw std::domain_error("slope out of range");
    return line;
}

}  // namespace analytics::core
