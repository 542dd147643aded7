#include "core/anomaly/evidence.hpp"

#include <cmath>
#include <numbers>

namespace analytics::core {
namespace {

constexpr double coarse_alert = 3.3, fine_alert = 5.8;  // decades beyond the allowances that make an alert

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

/// Of the newest 12, 24, 48 and 96 values.
struct Spreads {
    double deviation[4], total[4], variation48 = 0;
};

/// In one pass, newest first, about the newest.
Spreads spreads(std::span<const double> x) {
    constexpr std::size_t lengths[] = {12, 24, 48, 96};
    Spreads of{};
    double total = 0, squares = 0, variation = 0, later = x.back();
    std::size_t i = 0;
    for (std::size_t k = 0; k < 4; ++k) {
        std::size_t const length = std::min(lengths[k], x.size());
        for (; i < length; ++i) {
            double const v = x[x.size() - 1 - i], off = v - x.back();
            total += off, squares += off * off, variation += std::abs(later - v);
            later = v;
        }
        auto const n = static_cast<double>(length);
        of.deviation[k] = std::sqrt(std::max(0.0, squares / n - total / n * (total / n)));
        of.total[k] = total + n * x.back();
        if (k == 2) of.variation48 = variation + (x.size() > length ? std::abs(later - x[x.size() - 1 - length]) : 0);
    }
    return of;
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
    double const variance = sum(view.variances.last(points)), off = sum(view.residuals.last(points));
    double const expected = sum(view.values.last(points)) - off;
    double z = 0;
    if (variance > 0) {
        z = off / std::sqrt(variance);
        if (off < 0 && !view.negative && expected > 0) {
            double const ratio = std::max(1 + off / expected, 1e-3);
            z = -std::sqrt(2 * expected * (expected / variance) * std::max(0.0, ratio - 1 - std::log(ratio)));
        }
    }
    double const scale = squares / weight;
    squares = kept * squares + 1.1 * std::min(z * z, 6 * scale);  // 1.1: what clipping takes off
    weight = kept * weight + 1;
    return student_evidence(z / std::sqrt(scale), 8);
}

/// Decades of the values since the last change having been equal by chance: of each, by the spread (of zeros, by their
/// probability as a count), and not less than such repeats are usual in the series.
double CoarseEvidence::run(const PointView &view) {
    double const x = view.values.back(), variance = view.variances.back(), usual = x - view.residuals.back();
    bool const same = x == view.values[view.values.size() - 2];
    if (run_ == 0) repeats_ = 0.998 * repeats_ + same, chances_ = 0.998 * chances_ + 1;
    double chance = variance > 0 ? std::min(1.0, 0.4 / std::sqrt(variance)) : 1;
    if (x == 0 && usual > 0) chance = std::pow(10, count_evidence(0, usual, std::max(variance, usual)));
    chance = std::max({chance, (repeats_ + 0.5) / (chances_ + 2), 1e-3});
    run_ = same ? run_ - std::log10(chance) : 0;
    return run_;
}

Evidence CoarseEvidence::judge(const PointView &view) {
    std::size_t const n = view.values.size(), m = view.season;
    double const ago = n > m ? ago_.add(season_ago_.judge(std::abs(view.values.back() - view.values[n - 1 - m]))) : 0;
    Evidence all;
    if (!view.settled || n < 24) return all;
    all.of_point = point_.add(point_scale_.judge(std::abs(view.point))) + ago;
    all.of_sums = sum3_.add(std::abs(sums_[0].judge(view, kept_))) + sum6_.add(std::abs(sums_[1].judge(view, kept_))) +
                  sum12_.add(std::abs(sums_[2].judge(view, kept_)));
    all.of_flatness = equal_.add(run_scale_.judge(run(view)));
    all.score = (all.of_point + all.of_sums + all.of_flatness) / coarse_alert;
    return all;
}

Evidence FineEvidence::judge(const PointView &view) {
    std::size_t const n = view.values.size(), m = view.season;
    Evidence all;
    if (n < 12) return all;
    Spreads const of = spreads(view.values);
    all.of_point = deviation12_.add(deviation12_tail_.judge(of.deviation[0]));
    if (n >= 24) all.of_point += deviation24_.add(deviation24_tail_.judge(of.deviation[1]));
    if (n >= 49) {
        all.of_point += deviation48_.add(deviation48_tail_.judge(of.deviation[2])) +
                        variation48_.add(variation48_tail_.judge(of.variation48));
        all.of_sums = high48_.add(high48_tail_.judge(of.total[2])) + low48_.add(low48_tail_.judge(-of.total[2])) +
                      change24_.add(change24_tail_.judge(std::abs(2 * of.total[1] - of.total[2])));
    }
    if (n >= 96) all.of_flatness = calm96_.add(calm96_tail_.judge(-std::log(of.deviation[3] + 1e-9)));
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
        all.of_point += drop_.add(drop_scale_.judge(-view.point));
    }
    all.score = (all.of_point + all.of_sums + all.of_flatness) / fine_alert;
    return all;
}

}  // namespace analytics::core
