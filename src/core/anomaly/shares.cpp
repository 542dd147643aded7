#include "core/anomaly/shares.hpp"

#include "core/statistics/distributions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace analytics::core {
namespace {

constexpr double least_past_trials = 20;

void check(const Share &s) {
    if (!(s.hits >= 0 && s.hits <= s.trials) || !std::isfinite(s.trials))
        throw std::invalid_argument("the hits of a share must lie between 0 and its trials");
}

/// A share away from 0 and 1, where chance would have no spread: as if half a hit and half a miss had been seen too.
double smoothed(const Share &s) { return (s.hits + 0.5) / (s.trials + 1); }

}  // namespace

std::vector<ShareJudgement> judge_shares(std::span<const Share> now, std::span<const std::vector<Share>> past) {
    std::vector<Share> sums(now.size());
    std::vector<double> occasions(now.size());
    for (const Share &s : now) check(s);
    for (const std::vector<Share> &occasion : past) {
        if (occasion.size() != now.size()) throw std::invalid_argument("each occasion must have all shares");
        for (std::size_t i = 0; i < now.size(); ++i) {
            check(occasion[i]);
            sums[i].hits += occasion[i].hits, sums[i].trials += occasion[i].trials;
            occasions[i] += occasion[i].trials > 0;
        }
    }
    auto const known = [&](std::size_t i) { return occasions[i] >= 2 && sums[i].trials >= least_past_trials; };
    double chi_squared = 0, freedom = 0;
    for (std::size_t i = 0; i < now.size(); ++i) {
        if (!known(i)) continue;
        double const p = smoothed(sums[i]);
        for (const std::vector<Share> &occasion : past) {
            if (occasion[i].trials == 0) continue;
            double const off = occasion[i].hits - occasion[i].trials * p;
            chi_squared += off * off / (occasion[i].trials * p * (1 - p));
        }
        freedom += occasions[i] - 1;
    }
    double const spread = freedom > 0 ? std::max(1.0, chi_squared / freedom) : 1;
    std::vector<ShareJudgement> judgements(now.size());
    for (std::size_t i = 0; i < now.size(); ++i) {
        ShareJudgement &j = judgements[i];
        double const p = smoothed(sums[i]), n = now[i].trials;
        if (!known(i) || n == 0) {
            j.p_value = std::numeric_limits<double>::quiet_NaN();
            continue;
        }
        double const deviation = std::sqrt(spread * n * p * (1 - p) * (1 + n / sums[i].trials));
        double const reach = student_t_quantile(0.975, freedom) * deviation / n;
        j.expected = p, j.lower = std::max(0.0, p - reach), j.upper = std::min(1.0, p + reach);
        j.p_value = student_t_cdf((now[i].hits + 0.5 - n * p) / deviation, freedom);  // half a hit: counts are whole
    }
    return judgements;
}

}  // namespace analytics::core
