#include "core/series/outliers.hpp"

#include "core/series/gaps.hpp"
#include "core/series/mstl.hpp"
#include "core/series/scaling.hpp"
#include "core/series/super_smoother.hpp"
#include "core/statistics/robust.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace analytics::core {

namespace {

/// Squared distances from the mean, summed.
double squares(std::span<const double> y) {
    double const centre = mean(y);
    double sum = 0;
    for (double v : y) sum += (v - centre) * (v - centre);
    return sum;
}

// Columns of a regression, made orthogonal one by one over the points where y is known (modified Gram-Schmidt), what
// each explains being taken out of the rest of y at once.
class Regression {
  public:
    explicit Regression(std::span<const double> y) : rest_(y.begin(), y.end()), curve_(y.size()) {}

    void add(std::vector<double> column) {
        double const before = product(column, column);
        for (int twice = 0; twice < 2; ++twice)
            for (const std::vector<double> &other : columns_) take(column, other, product(column, other));
        double const left = product(column, column);
        if (!(left > 1e-14 * before)) return;  // says nothing new
        for (double &v : column) v /= std::sqrt(left);
        double const share = product(column, rest_);
        take(rest_, column, share);
        take(curve_, column, -share);
        columns_.push_back(std::move(column));
    }

    const std::vector<double> &curve() const { return curve_; }

  private:
    double product(const std::vector<double> &a, const std::vector<double> &b) const {
        double sum = 0;
        for (std::size_t t = 0; t < rest_.size(); ++t)
            if (!std::isnan(rest_[t])) sum += a[t] * b[t];
        return sum;
    }

    static void take(std::vector<double> &from, const std::vector<double> &column, double share) {
        for (std::size_t t = 0; t < from.size(); ++t) from[t] -= share * column[t];
    }

    std::vector<double> rest_, curve_;
    std::vector<std::vector<double>> columns_;
};

// A first guess for STL, which wants no gaps: waves of the season and a polynomial.
std::vector<double> filled_by_waves(std::span<const double> y, std::size_t season) {
    constexpr double pi = 3.141592653589793;
    std::size_t const n = y.size();
    Regression regression(y);
    std::vector<double> column(n, 1.0);
    regression.add(column);
    for (std::size_t k = 1; k <= std::min<std::size_t>(5, season / 2); ++k)
        for (bool sine : {true, false}) {
            if (sine && 2 * k == season) continue;
            for (std::size_t t = 0; t < n; ++t) {
                double const angle = 2 * pi * static_cast<double>(k * (t + 1) % season) / static_cast<double>(season);
                column[t] = sine ? std::sin(angle) : std::cos(angle);
            }
            regression.add(column);
        }
    std::size_t const degree = std::clamp<std::size_t>(n / 10, 1, 6);
    for (std::size_t k = 1; k <= degree; ++k) {
        for (std::size_t t = 0; t < n; ++t)
            column[t] = std::cos(static_cast<double>(k) *
                                 std::acos(n > 1 ? 2 * static_cast<double>(t) / static_cast<double>(n - 1) - 1 : 0));
        regression.add(column);
    }
    std::vector<double> filled(y.begin(), y.end());
    for (std::size_t t = 0; t < n; ++t)
        if (std::isnan(filled[t])) filled[t] = regression.curve()[t];
    return filled;
}

// Those beyond three interquartile ranges, of values that are there.
std::vector<std::size_t> beyond_limits(std::span<const double> remainder) {
    std::vector<double> sorted;
    for (double v : remainder)
        if (!std::isnan(v)) sorted.push_back(v);
    std::sort(sorted.begin(), sorted.end());
    double const low = quantile7_sorted(sorted, 0.25), high = quantile7_sorted(sorted, 0.75), reach = 3 * (high - low);
    std::vector<std::size_t> index;
    if (!(high - low + 2 * reach > 1e-14)) return index;
    for (std::size_t t = 0; t < remainder.size(); ++t)
        if (remainder[t] < low - reach || remainder[t] > high + reach) index.push_back(t);
    return index;
}

std::vector<std::size_t> round_of(std::span<const double> y, std::size_t season, const Stop &stop,
                                  MiddleSum middle_sum) {
    std::vector<double> rest = filled_by_season(y, season, stop, middle_sum);
    if (std::all_of(rest.begin(), rest.end(), [&](double v) { return v == rest.front(); })) return {};
    std::size_t const n = rest.size();
    if (season > 1 && n > 2 * season) {
        MstlParts const parts = mstl(rest, std::array{static_cast<int>(season)}, true, stop, middle_sum);
        std::vector<double> both = parts.remainder;
        for (std::size_t t = 0; t < n; ++t) both[t] += parts.seasons[0][t];
        double const whole = squares(both);
        if (whole > 0 && 1 - squares(parts.remainder) / whole >= 0.6)
            for (std::size_t t = 0; t < n; ++t) rest[t] -= parts.seasons[0][t];
    }
    std::vector<double> const curve = super_smooth(rest, stop);
    for (std::size_t t = 0; t < n; ++t) rest[t] = std::isnan(y[t]) ? y[t] : rest[t] - curve[t];
    return beyond_limits(rest);
}

}  // namespace

std::vector<double> filled_by_season(std::span<const double> y, std::size_t season, const Stop &stop,
                                     MiddleSum middle_sum) {
    std::vector<double> line = without_gaps(y);
    auto const gaps =
        static_cast<std::size_t>(std::count_if(y.begin(), y.end(), [](double v) { return std::isnan(v); }));
    if (gaps == 0 || season <= 1 || y.size() - gaps <= 2 * season) return line;
    MstlParts const parts =
        mstl(filled_by_waves(y, season), std::array{static_cast<int>(season)}, true, stop, middle_sum);
    std::vector<double> adjusted(y.begin(), y.end());
    for (std::size_t t = 0; t < y.size(); ++t) adjusted[t] -= parts.seasons[0][t];  // a gap stays one
    adjusted = without_gaps(adjusted);
    double low = line.front(), high = line.front();
    for (double const value : y)
        if (!std::isnan(value)) low = std::min(low, value), high = std::max(high, value);
    std::vector<double> filled(y.begin(), y.end());
    for (std::size_t t = 0; t < y.size(); ++t) {
        if (!std::isnan(y[t])) continue;
        filled[t] = adjusted[t] + parts.seasons[0][t];
        // A season that carries a value far outside of what was seen is not to be trusted.
        if (filled[t] < low - 0.5 * (high - low) || filled[t] > high + 0.5 * (high - low)) return line;
    }
    return filled;
}

SeriesOutliers find_outliers(std::span<const double> y, std::size_t season, const Stop &stop, MiddleSum middle_sum) {
    if (season < 1) throw std::invalid_argument("the season must be at least 1 point");
    if (std::all_of(y.begin(), y.end(), [](double v) { return std::isnan(v); }))
        throw std::invalid_argument("a series needs at least one value");
    std::vector<double> const known = without_gaps(y);
    double const size = size_of(known);
    std::vector<double> values = divided(y, size);
    SeriesOutliers found;
    found.index = round_of(values, season, stop, middle_sum);
    for (std::size_t t : found.index) values[t] = std::nan("");
    std::vector<std::size_t> const more =
        round_of(filled_by_season(values, season, stop, middle_sum), season, stop, middle_sum);
    for (std::size_t t : more) values[t] = std::nan("");
    found.index.insert(found.index.end(), more.begin(), more.end());
    std::sort(found.index.begin(), found.index.end());
    found.index.erase(std::unique(found.index.begin(), found.index.end()), found.index.end());
    found.cleaned = filled_by_season(values, season, stop, middle_sum);
    for (double &v : found.cleaned) v *= size;
    for (std::size_t t : found.index) found.replacements.push_back(found.cleaned[t]);
    return found;
}

}  // namespace analytics::core
