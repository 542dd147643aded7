#include "core/anomaly/fine_evidence.hpp"

#include <cmath>

namespace analytics::core {
namespace {

constexpr double alert = 5.6;  // decades beyond the allowances that make an alert

/// Of the newest 12, 24 and 48 values.
struct Spreads {
    double deviation[3], total[3], variation = 0, alike = 0;  // the last two: of 48
};

/// In one pass, newest first, about the newest.
Spreads spreads(std::span<const double> x) {
    constexpr std::size_t lengths[] = {12, 24, 48};
    Spreads of{};
    double total = 0, squares = 0, products = 0, later = 0;
    std::size_t i = 0;
    for (std::size_t k = 0; k < 3; ++k) {
        std::size_t const length = std::min(lengths[k], x.size());
        for (; i < length; ++i) {
            double const off = x[x.size() - 1 - i] - x.back();
            total += off, squares += off * off, products += off * later, of.variation += std::abs(later - off);
            later = off;
        }
        auto const n = static_cast<double>(length);
        double const mean = total / n, variance = std::max(0.0, squares / n - mean * mean);
        of.deviation[k] = std::sqrt(variance);
        of.total[k] = total + n * x.back();
        // The newest and the oldest have one neighbour each; the newest is 0 here.
        of.alike = variance > 0 ? (products - mean * (2 * total - later) + (n - 1) * mean * mean) / (n * variance) : 0;
    }
    if (x.size() > i) of.variation += std::abs(later - (x[x.size() - 1 - i] - x.back()));
    return of;
}

}  // namespace

double FineEvidence::deviation(std::size_t n) const {
    double mean = 0, squares = 0;
    for (std::size_t k = 0; k < n; ++k) {
        const Moments &m = moments_[(ended_ - 1 - k * block) % moments_.size()];
        double const off = m.mean - mean, count = static_cast<double>(k);
        squares += m.squares + off * off * static_cast<double>(block) * count / (count + 1);
        mean += off / (count + 1);
    }
    return std::sqrt(squares / static_cast<double>(n * block));
}

Evidence FineEvidence::judge(const PointView &view) {
    auto const &x = view.values;
    std::size_t const n = x.size();
    Evidence all;
    for (std::size_t i = 0; i < contexts_.size(); ++i)
        all.of_point += held_contexts_[i].add(contexts_[i].judge(x.back()));
    all.of_point += held_shape_.add(shapes_.judge(x));
    all.of_sums = held_slow_.add(slow_.judge(x.back())) + held_change_.add(change12_.judge(x));
    if (n >= 12) {
        Spreads const of = spreads(x);
        all.of_point += deviation12_.add(of.deviation[0]);
        if (n >= 24) all.of_point += deviation24_.add(of.deviation[1]);
        if (n > block) {
            all.of_point +=
                deviation48_.add(of.deviation[2]) + variation48_.add(of.variation) + uneven48_.add(-of.alike);
            all.of_sums += high48_.add(of.total[2]) + low48_.add(-of.total[2]) +
                           change24_.add(std::abs(2 * of.total[1] - of.total[2]));
            if (moments_.empty()) moments_.resize(block * blocks);
            auto const points = static_cast<double>(block);
            moments_[ended_++ % moments_.size()] = {of.total[2] / points, of.deviation[2] * of.deviation[2] * points};
            if (ended_ > block) all.of_flatness = calm96_.add(-std::log(deviation(2) + 1e-9));
            if (ended_ > block * (blocks - 1)) all.of_flatness += calm288_.add(-std::log(deviation(blocks) + 1e-9));
        }
    }
    if (view.settled && n >= 24) all.of_point += drop_.add(drop_scale_.judge(-view.point));
    if (++judged_ > silent) all.score = (all.of_point + all.of_sums + all.of_flatness) / alert;
    return all;
}

}  // namespace analytics::core
