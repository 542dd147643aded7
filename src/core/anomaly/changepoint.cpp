#include "core/anomaly/changepoint.hpp"

#include "core/statistics/distributions.hpp"
#include "core/statistics/robust.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace analytics::core {
namespace {

constexpr std::size_t most_blocks = 20'000;
constexpr double outlier = 3;  // units of noise from the median of the neighbours

std::vector<double> running_sums(std::span<const double> x) {
    std::vector<double> sums(x.size() + 1, 0);
    for (std::size_t i = 0; i < x.size(); ++i) sums[i + 1] = sums[i] + x[i];
    return sums;
}

/// Standard deviation of what is left of neighbours' differences when levels are taken off.
double noise(std::span<const double> x) {
    std::vector<double> steps;
    for (std::size_t i = 1; i < x.size(); ++i) steps.push_back(x[i] - x[i - 1]);
    double const usual = mad(steps) / std::sqrt(2.0);
    for (double &s : steps) s = std::abs(s);
    double const average = mean(steps);
    return usual > 1e-9 * average ? usual : 1.2533 * average / std::sqrt(2.0);  // else most are equal, but for rounding
}

void tame_outliers(std::vector<double> &x, double unit) {
    if (x.size() < 5) return;
    std::vector<double> const given = x;
    for (std::size_t i = 0; i < x.size(); ++i) {
        std::size_t const first = std::min(i >= 2 ? i - 2 : 0, x.size() - 5);
        std::array<double, 5> near{};
        std::copy_n(given.begin() + static_cast<std::ptrdiff_t>(first), 5, near.begin());
        double const usual = median_in_place(near);
        x[i] = std::clamp(x[i], usual - outlier * unit, usual + outlier * unit);
    }
}

/// The ends of the segments that minimise squared error + penalty a segment; the last is x.size().
std::vector<std::size_t> pelt(std::span<const double> x, double penalty, std::size_t least, const Stop &stop) {
    std::size_t const n = x.size();
    std::vector<double> const sums = running_sums(x);
    // Less the squares of all values, which every partition has: what is left is minus the squares of the means.
    auto const cost = [&](std::size_t from, std::size_t to) {
        double const total = sums[to] - sums[from];
        return -total * total / static_cast<double>(to - from);
    };
    std::vector<double> best(n + 1, 0);
    std::vector<std::size_t> previous(n + 1, 0), candidates, kept;
    best[0] = -penalty;
    std::size_t work = 0;
    for (std::size_t end = least; end <= n; ++end) {
        if (end == least || end >= 2 * least) candidates.push_back(end - least);
        double lowest = 0;
        bool first = true;
        for (std::size_t const from : candidates) {
            double const value = best[from] + cost(from, end) + penalty;
            if (first || value < lowest) lowest = value, previous[end] = from, first = false;
        }
        best[end] = lowest;
        // Prune: what cannot win now never will.
        kept.clear();
        for (std::size_t const from : candidates)
            if (best[from] + cost(from, end) <= lowest) kept.push_back(from);
        work += candidates.size();
        candidates.swap(kept);
        if (work > 500'000) {
            work = 0;
            if (stop) stop();
        }
    }
    std::vector<std::size_t> ends;
    for (std::size_t end = n; end > 0; end = previous[end]) ends.push_back(end);
    std::reverse(ends.begin(), ends.end());
    return ends;
}

/// Variance of the residuals about the segments' means, and by how much more their sums vary than if they were
/// independent.
struct Residuals {
    double variance = 0, inflation = 1;
};
Residuals residuals(std::span<const double> x, const std::vector<std::size_t> &ends) {
    double squares = 0, products = 0;
    std::size_t from = 0;
    for (std::size_t const end : ends) {
        double const centre = mean(x.subspan(from, end - from));
        for (std::size_t i = from; i < end; ++i) {
            squares += (x[i] - centre) * (x[i] - centre);
            if (i > from) products += (x[i] - centre) * (x[i - 1] - centre);
        }
        from = end;
    }
    if (!(squares > 0)) return {};
    auto const free = static_cast<double>(std::max(x.size() - ends.size(), std::size_t{1}));
    double const correlation = std::clamp(products / squares, 0.0, 0.9);
    return {squares / free, (1 + correlation) / (1 - correlation)};
}

/// The values' averages in equal blocks.
std::vector<double> averages(const std::vector<double> &x, std::size_t block) {
    std::vector<double> means;
    for (std::size_t i = 0; i + block <= x.size(); i += block) means.push_back(mean(std::span(x).subspan(i, block)));
    return means;
}

/// Moves ends found among averages to the best place within two blocks.
void refine(std::span<const double> x, std::vector<std::size_t> &ends, std::size_t block, std::size_t least) {
    std::vector<double> const sums = running_sums(x);
    for (std::size_t k = 0; k + 1 < ends.size(); ++k) {
        std::size_t const from = k > 0 ? ends[k - 1] : 0, to = ends[k + 1];
        double highest = -1;
        std::size_t best = ends[k];
        for (std::size_t at = std::max(from + least, ends[k] - block); at <= std::min(to - least, ends[k] + block);
             ++at) {
            double const a = sums[at] - sums[from], b = sums[to] - sums[at];
            double const explained = a * a / static_cast<double>(at - from) + b * b / static_cast<double>(to - at);
            if (explained > highest) highest = explained, best = at;
        }
        ends[k] = best;
    }
}

std::vector<std::size_t> segments(const std::vector<double> &x, double penalty, std::size_t least, const Stop &stop) {
    std::size_t const block = (x.size() + most_blocks - 1) / most_blocks;
    if (block == 1) return pelt(x, penalty, least, stop);
    std::vector<double> means = averages(x, block);
    for (double &m : means) m *= std::sqrt(static_cast<double>(block));  // squared errors of the values they stand for
    std::vector<std::size_t> ends = pelt(means, penalty, least, stop);
    for (std::size_t &end : ends) end *= block;
    ends.back() = x.size();
    refine(x, ends, block, least);
    return ends;
}

}  // namespace

std::vector<ChangePoint> detect_changepoints(std::span<const double> series, std::optional<double> penalty,
                                             const Stop &stop) {
    if (penalty && !(*penalty > 0 && std::isfinite(*penalty))) throw std::invalid_argument("penalty must be positive");
    std::vector<double> given;
    std::vector<std::size_t> place;
    double largest = 0;
    for (std::size_t i = 0; i < series.size(); ++i) {
        if (std::isinf(series[i])) throw std::invalid_argument("values must be finite");
        if (std::isnan(series[i])) continue;
        given.push_back(series[i]), place.push_back(i);
        largest = std::max(largest, std::abs(series[i]));
    }
    std::size_t const n = given.size();
    if (n < 4) return {};

    // In units of noise about the median; powers of two first, so that differences of the largest values stay finite.
    std::vector<double> x = given;
    int const exponent = largest > 0 ? std::ilogb(largest) : 0;
    for (double &v : x) v = std::scalbn(v, -exponent);
    double const middle = median(x);
    for (double &v : x) v -= middle;
    double unit = noise(x);
    if (!(unit > 0)) return {};
    tame_outliers(x, unit);
    auto const [low, high] = std::minmax_element(x.begin(), x.end());
    unit = std::max(unit, (*high - *low) * 1e-5);  // beyond that the sums of squares would not tell
    if (stop) stop();

    double const needed = penalty.value_or(3 * std::log(static_cast<double>(n)));
    std::size_t const least = n < 6 ? 2 : 3;
    for (double &v : x) v /= unit;
    std::vector<std::size_t> ends = segments(x, needed, least, stop);
    Residuals rest = residuals(x, ends);
    // A first pass cuts what hangs together into short segments; each further one knows better how much it does.
    for (int pass = 0; pass < 2 && rest.inflation * rest.variance > 1.2; ++pass) {
        ends = segments(x, needed * rest.inflation * rest.variance, least, stop);
        rest = residuals(x, ends);
    }

    std::vector<ChangePoint> changes;
    for (std::size_t k = 0, from = 0; k + 1 < ends.size(); from = ends[k++]) {
        auto const part = [&](const std::vector<double> &values, std::size_t a, std::size_t b) {
            return mean(std::span(values).subspan(a, b - a));
        };
        std::size_t const at = ends[k], to = ends[k + 1];
        double const before = static_cast<double>(at - from), after = static_cast<double>(to - at);
        double const spread = std::sqrt(std::max(rest.variance, 1e-12) * rest.inflation * (1 / before + 1 / after));
        double const t = (part(x, at, to) - part(x, from, at)) / spread;
        double const freedom =
            std::max(1.0, (static_cast<double>(n) - static_cast<double>(ends.size())) / rest.inflation);
        double const p = student_t_two_sided(t, freedom) * (before + after - 1);
        changes.push_back({place[at] + 1, part(given, from, at), part(given, at, to), std::min(1.0, p)});
    }
    return changes;
}

}  // namespace analytics::core
