#include "core/anomaly/evidence.hpp"

#include <cmath>
#include <numbers>

namespace analytics::core {
namespace {

constexpr double coarse_alert = 3.0, fine_alert = 3.95;  // decades beyond the allowances that make an alert

double normal_evidence(double z) {
    double const a = std::abs(z);
    double const decades = a < 30 ? -std::log10(std::erfc(a / std::numbers::sqrt2) / 2)
                                  : (a * a / 2 + std::log(a * 2.5066)) * std::numbers::log10e;
    return z > 0 ? decades : -decades;
}

double sum(std::span<const double> x) {
    double total = 0;
    for (double const v : x) total += v;
    return total;
}

/// Standard deviation, in one pass around the newest value.
double deviation(std::span<const double> x) {
    double total = 0, squares = 0;
    for (double const v : x) total += v - x.back(), squares += (v - x.back()) * (v - x.back());
    auto const n = static_cast<double>(x.size());
    return std::sqrt(std::max(0.0, squares / n - total / n * (total / n)));
}

double variation(std::span<const double> x) {
    double total = 0;
    for (std::size_t i = 1; i < x.size(); ++i) total += std::abs(x[i] - x[i - 1]);
    return total;
}

double middle(double a, double b, double c) { return std::max(std::min(a, b), std::min(std::max(a, b), c)); }

}  // namespace

double student_evidence(double z, double df) {
    double const deviate = (8 * df + 1) / (8 * df + 3) * std::sqrt(df * std::log1p(z * z / df));
    return normal_evidence(z > 0 ? deviate : -deviate);
}

double count_evidence(double x, double mean, double variance) {
    if (!(mean > 0)) return x > 0 ? 3 : 0;
    if (x <= 0) {
        double const more = variance / mean - 1;
        return -(more > 1e-4 ? std::log1p(more) * mean / more : mean) * std::numbers::log10e;
    }
    double const size = variance > mean * (1 + 1e-9) ? mean * mean / (variance - mean) : 0;  // 0: Poisson
    auto const deviate = [&](double v) {
        double const half = size > 0 ? v * std::log(v / mean) - (v + size) * std::log((v + size) / (mean + size))
                                     : v * std::log(v / mean) - (v - mean);
        return std::sqrt(2 * std::max(half, 0.0));
    };
    if (x > mean) return x - 0.5 > mean ? normal_evidence(deviate(x - 0.5)) : normal_evidence(0);
    return x + 0.5 < mean ? normal_evidence(-deviate(x + 0.5)) : normal_evidence(0);
}

double Calibrated::judge(double evidence) {
    double const scale = count_ > 100 ? std::max(1.0, quantile_.value() / 2) : 1;
    if (evidence != 0) quantile_.add(evidence), ++count_;
    return evidence / scale;
}

CoarseEvidence::CoarseEvidence(std::size_t season)
    : kept_(std::exp2(-1 / std::max(40.0, 14 * static_cast<double>(season)))) {}

double CoarseEvidence::Sum::judge(const PointView &view, double kept) {
    double const variance = sum(view.variances.last(points));
    double const z = variance > 0 ? sum(view.residuals.last(points)) / std::sqrt(variance) : 0;
    double const scale = squares / weight;
    squares = kept * squares + 1.1 * std::min(z * z, 6 * scale);  // 1.1: what clipping takes off
    weight = kept * weight + 1;
    return student_evidence(z / std::sqrt(scale), 8);
}

Evidence CoarseEvidence::judge(const PointView &view) {
    std::size_t const n = view.values.size();
    double const ago =
        n > view.season ? ago_.add(season_ago_.judge(std::abs(view.values.back() - view.values[n - 1 - view.season])))
                        : 0;
    Evidence all;
    if (!view.settled || n < 24) return all;
    std::array<double, 4> decades{};
    for (std::size_t i = 0; i < decades.size(); ++i) decades[i] = sums_[i].judge(view, kept_);
    all.of_point = point_.add(point_scale_.judge(std::abs(view.point))) + ago;
    all.of_sums = sum3_.add(std::abs(decades[0])) + sum6_.add(std::abs(decades[1])) + sum12_.add(std::abs(decades[2])) +
                  drop3_.add(drop3_scale_.judge(-decades[0])) + drop6_.add(-decades[1]) +
                  drop24_.add(drop24_scale_.judge(-decades[3]));
    all.score = (all.of_point + all.of_sums) / coarse_alert;
    return all;
}

Evidence FineEvidence::judge(const PointView &view) {
    std::size_t const n = view.values.size(), m = view.season;
    Evidence all;
    if (n >= 12) all.of_point += variance12_.add(variance12_tail_.judge(deviation(view.values.last(12))));
    if (n >= 48) {
        auto const last = view.values.last(48);
        all.of_point += variance48_.add(variance48_tail_.judge(deviation(last)));
        all.of_sums += mean48_.add(mean48_tail_.judge(sum(last)));
        double const change = sum(last.last(24)) - sum(last.first(24));
        all.of_sums += change24_.add(change24_tail_.judge(std::abs(change)));
    }
    if (n >= 49) all.of_point += variation48_.add(variation48_tail_.judge(variation(view.values.last(49))));
    if (n >= 96) {
        double const calm = -std::log(deviation(view.values.last(96)) + 1e-9);
        all.of_flatness += calm96_.add(calm96_tail_.judge(calm));
    }
    if (n >= 3 * m + 12) {
        double off = 0;
        for (std::size_t i = n - 12; i < n; ++i)
            off += view.values[i] - middle(view.values[i - m], view.values[i - 2 * m], view.values[i - 3 * m]);
        all.of_sums += phase12_.add(phase12_tail_.judge(std::abs(off)));
    }
    if (view.settled && n >= 24) {
        double total = 0;
        for (std::size_t i = n - 24; i < n; ++i)
            if (view.variances[i] > 0) total += view.residuals[i] / std::sqrt(view.variances[i]);
        all.of_sums += residual24_.add(residual24_tail_.judge(std::abs(total)));
        all.of_point += drop_.add(point_scale_.judge(-view.point));
    }
    all.score = (all.of_point + all.of_sums + all.of_flatness) / fine_alert;
    return all;
}

}  // namespace analytics::core
