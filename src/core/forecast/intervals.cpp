#include "core/forecast/intervals.hpp"

#include "core/statistics/distributions.hpp"
#include "core/statistics/robust.hpp"

#include <algorithm>
#include <cmath>

namespace analytics::core {

double P_GROW = 0.01, P_WID = 1.2, P_WID1=6, P_PRIOR=20, P_D=1, P_DF=3, P_X7=1.5, P_EXP=.6, P_TRUST = 120, P_SYM = .5, P_CLIP = 6;

ErrorQuantiles::ErrorQuantiles(const Prediction &prediction, std::size_t horizon, std::size_t season)
    : scale_(horizon, 0) {
    const auto &residuals = prediction.residuals;
    std::vector<double> sums(horizon, 0), counts(horizon, 0);
    double total = 0, all = 0;
    for (const auto &row : residuals)
        for (std::size_t k = 0; k < std::min(horizon, row.size()); ++k)
            sums[k] += std::abs(row[k]), counts[k] += 1, total += std::abs(row[k]), all += 1;
    double const s = static_cast<double>(season);
    // per step: pooled with its neighbours within a season; shrunk to a growing prior curve
    double base = 0, weights = 0;
    for (std::size_t k = 0; k < horizon; ++k) {
        double const g = std::sqrt(1 + (P_GROW + P_D*prediction.drift * prediction.drift) * static_cast<double>(k));
        base += sums[k] / g, weights += counts[k];
    }
    base = weights > 0 ? base / weights : 0;
    (void)total, (void)all;
    double running = 0;
    for (std::size_t k = 0; k < horizon; ++k) {
        std::size_t const from = k > season / 2 ? k - season / 2 : 0, to = std::min(horizon, k + season / 2 + 1);
        double sum = 0, count = 0;
        for (std::size_t j = from; j < to; ++j) sum += sums[j], count += counts[j];
        double const g = std::sqrt(1 + (P_GROW + P_D*prediction.drift * prediction.drift) * static_cast<double>(k));
        // each overlapping residual counts little: origins next to each other see the same values
        double const n_eff = count / std::max(1.0, s) / 2, prior = P_PRIOR;
        double const local = count > 0 ? sum / count : 0;
        double value = (n_eff * local + prior * base * g) / (n_eff + prior);
        running = std::max(running, value);
        scale_[k] = running;
    }
    for (const auto &row : residuals)
        for (std::size_t k = 0; k < std::min(horizon, row.size()); ++k)
            if (scale_[k] > 0) pooled_.push_back(row[k] / scale_[k]);
    std::sort(pooled_.begin(), pooled_.end());
    double const n = static_cast<double>(prediction.points);
    trust_ = n / (n + P_TRUST);
    widen_ = season==1? 1 + P_WID1 / n : 1 + P_WID * std::pow(s / std::max(n, 1.0),P_EXP) + (n<2*s?P_X7:0);
}

double ErrorQuantiles::at(double p, std::size_t step) const {
    double const tma = 2*std::sqrt(P_DF)*std::exp(std::lgamma((P_DF+1)/2)-std::lgamma(P_DF/2))/(std::sqrt(3.14159265358979)*(P_DF-1));
    double const normal = student_t_quantile(p,P_DF)/tma;
    if (pooled_.empty()) return scale_[step] * normal * widen_;
    double const e = quantile7_sorted(pooled_, p), o = quantile7_sorted(pooled_, 1 - p);
    double const seen = (1 - P_SYM) * e + P_SYM * 0.5 * (e - o);
    return scale_[step] * widen_ * (trust_ * seen + (1 - trust_) * normal);
}

}  // namespace analytics::core
