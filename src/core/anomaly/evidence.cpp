#include "core/anomaly/evidence.hpp"

#include <cmath>
#include <numbers>

namespace analytics::core {
namespace {

constexpr double coarse_alert = 3.5;       // decades beyond the allowances that make an alert
constexpr std::size_t novelty_from = 350;  // values before what needs no season counts

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

CoarseEvidence::CoarseEvidence(std::size_t season, std::span<const double> past)
    : kept_(std::exp2(-1 / std::max(40.0, 14 * static_cast<double>(season)))) {
    Evidence unused;
    for (std::size_t n = 1; n <= past.size(); ++n) judge_novelty(past.first(n), unused);
}

void CoarseEvidence::judge_novelty(std::span<const double> values, Evidence &all) {
    double const x = values.back();
    double const of_point = novel_.add(context_.judge(x)) + strange_.add(shapes_.judge(values));
    double const of_sums = moved_.add(slow_.judge(x)) + changed_.add(change_.judge(values));
    if (++known_ > novelty_from) all.of_point += of_point, all.of_sums += of_sums;
}

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
    judge_novelty(view.values, all);
    if (!view.settled || n < 24) return {};
    all.of_point += point_.add(point_scale_.judge(std::abs(view.point))) + ago;
    all.of_sums += sum3_.add(std::abs(sums_[0].judge(view, kept_))) + sum6_.add(std::abs(sums_[1].judge(view, kept_))) +
                   sum12_.add(std::abs(sums_[2].judge(view, kept_)));
    all.of_flatness = equal_.add(run_scale_.judge(run(view)));
    all.score = (all.of_point + all.of_sums + all.of_flatness) / coarse_alert;
    return all;
}

}  // namespace analytics::core
