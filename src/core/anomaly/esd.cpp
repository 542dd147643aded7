#include "core/anomaly/esd.hpp"

#include "core/statistics/distributions.hpp"
#include "core/statistics/robust.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace analytics::core {
namespace {

/// The values in order, of which a range [low, high) around the middle is left. Sums run from the middle outwards, so
/// that what was removed, however wild, never was in them.
class Left {
  public:
    explicit Left(std::vector<double> sorted) : values_(std::move(sorted)), high_(values_.size()) {
        std::size_t const n = values_.size();
        middle_ = n / 2;
        double const centre = quantile7_sorted(values_, 0.5), scale = mad_about(values_, centre);
        double const unit = scale > 0 ? scale : std::max(centre - values_.front(), values_.back() - centre);
        for (double &v : values_) v = unit > 0 ? std::clamp((v - centre) / unit, -1e140, 1e140) : 0;
        left_.resize(middle_ + 1), right_.resize(n - middle_ + 1);
        for (std::size_t i = 1; i < left_.size(); ++i) left_[i] = left_[i - 1].and_(values_[middle_ - i]);
        for (std::size_t i = 1; i < right_.size(); ++i) right_[i] = right_[i - 1].and_(values_[middle_ + i - 1]);
    }

    struct Furthest {
        double statistic;
        bool lowest;
    };
    Furthest furthest(bool robust) const {
        double const at = robust ? quantile7_sorted(left(), 0.5) : mean();
        double const spread = robust ? robust_deviation(at) : deviation(at);
        double const below = at - values_[low_], above = values_[high_ - 1] - at;
        return {spread > 0 ? std::max(below, above) / spread : 0, below > above};
    }
    void remove(bool lowest) { lowest ? ++low_ : --high_; }

  private:
    struct Sums {
        double value = 0, square = 0, distance = 0;
        Sums and_(double v) const { return {value + v, square + v * v, distance + std::abs(v)}; }
    };

    std::span<const double> left() const { return std::span(values_).subspan(low_, high_ - low_); }
    double count() const { return static_cast<double>(high_ - low_); }
    double both(double Sums::*sum) const { return left_[middle_ - low_].*sum + right_[high_ - middle_].*sum; }
    double mean() const { return both(&Sums::value) / count(); }
    double deviation(double mean) const {
        return std::sqrt(std::max(0.0, both(&Sums::square) - count() * mean * mean) / (count() - 1));
    }

    double robust_deviation(double at) const {
        std::size_t const n = high_ - low_;
        double const middle =
            n % 2 == 1 ? nth_distance(at, n / 2) : (nth_distance(at, n / 2 - 1) + nth_distance(at, n / 2)) / 2;
        return middle > 0 ? 1.4826022185056018 * middle : 1.2533 * both(&Sums::distance) / count();
    }

    /// The (k+1)-th smallest distance from `at`: those below grow to the left and those above to the right, so it is a
    /// window of k+1 neighbouring values; halving finds where it begins.
    double nth_distance(double at, std::size_t k) const {
        std::size_t first = low_, last = high_ - k - 1;
        while (first < last) {
            std::size_t const begin = first + (last - first) / 2;
            if (at - values_[begin] > values_[begin + k + 1] - at) first = begin + 1;
            else last = begin;
        }
        return std::max(std::abs(at - values_[first]), std::abs(values_[first + k] - at));
    }

    std::vector<double> values_;
    std::vector<Sums> left_, right_;
    std::size_t middle_ = 0, low_ = 0, high_;
};

/// Grubbs's bound: the statistic of n values is that of a Student t with n - 2 degrees of freedom.
double grubbs_p(double statistic, double n) {
    double const room = (n - 1) * (n - 1) / n - statistic * statistic;
    if (room <= 0) return 0;
    return std::min(1.0, n * student_t_two_sided(statistic * std::sqrt((n - 2) / room), n - 2));
}

}  // namespace

EsdResult generalized_esd(std::span<const double> x, const EsdOptions &options, const Stop &stop) {
    if (!(options.alpha > 0 && options.alpha < 1)) throw std::invalid_argument("alpha must be between 0 and 1");
    if (!std::all_of(x.begin(), x.end(), [](double v) { return std::isfinite(v); }))
        throw std::invalid_argument("values must be finite");
    EsdResult result;
    if (x.size() < 3) return result;

    std::vector<std::size_t> order(x.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return x[a] != x[b] ? x[a] < x[b] : a < b; });
    std::vector<double> sorted;
    sorted.reserve(x.size());
    for (std::size_t const i : order) sorted.push_back(x[i]);

    std::size_t const most = std::min((x.size() - 1) / 2, options.most > 0 ? options.most : 1 + x.size() / 10);
    std::size_t low = 0, high = x.size();
    Left left(std::move(sorted));
    for (std::size_t k = 0; k < most; ++k) {
        if (stop && k % 128 == 0) stop();
        auto const [statistic, lowest] = left.furthest(options.robust);
        if (!(statistic > 0)) break;
        auto const n = static_cast<double>(x.size() - k);
        double const t = -student_t_quantile(options.alpha / (2 * n), n - 2);
        double const critical = (n - 1) * t / std::sqrt((n - 2 + t * t) * n);
        result.steps.push_back({lowest ? order[low++] : order[--high], statistic, critical, grubbs_p(statistic, n)});
        left.remove(lowest);
        if (statistic > critical) result.outliers = k + 1;
    }
    return result;
}

}  // namespace analytics::core
