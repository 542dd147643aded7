#include "core/anomaly/seasonal_baseline.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace analytics::core {
namespace {

constexpr double reach = 3.5;                        // standard deviations to which values are learnt in full
constexpr double least_factor = 0.02;                // of the level, for the quietest phases
constexpr double between = 0.15;                     // usual variance of the phases' factors
constexpr double week_inertia = 3, day_inertia = 1;  // observations that the coarser figure counts for

double decay(double half_life) { return std::exp2(-1 / half_life); }

}  // namespace

SeasonalBaseline::SeasonalBaseline(std::size_t season, bool seasonal, bool additive)
    : season_(season), seasonal_(seasonal && season > 1), additive_(additive) {
    if (season == 0) throw std::invalid_argument("a season has at least one point");
    auto const m = static_cast<double>(season);
    if (seasonal_) phase_.resize(season), week_.resize(7 * season);
    level_decay_ = decay(std::max(20.0, 5 * m));
    near_decay_ = decay(2 * m);
    phase_decay_ = decay(14), week_decay_ = decay(6), day_decay_ = decay(6 * m);
    variance_decay_ = decay(std::max(40.0, 14 * m));
    recent_decay_ = decay(std::max(2.0, m / 8));
    law_ = additive ? 0 : 1;
    factor_ = additive ? 0 : 1;
}

double SeasonalBaseline::power(std::size_t law, double mean) const {
    if (additive_ || law == 0) return 1;
    double const v = std::max(mean, least_factor * level_);
    return law == 1 ? v : law == 2 ? v * std::sqrt(v) : v * v;
}

double SeasonalBaseline::variance_at(double mean) const {
    // The floor keeps the last bits of equal values from being told apart.
    return (weight_ > 0 ? scale_[law_] / weight_ * power(law_, mean) : 0) + mean * mean * 1e-16;
}

double SeasonalBaseline::weekday(std::size_t day) const {
    return (day_[day].sum + day_inertia) / (day_[day].weight + day_inertia);
}

/// A phase and its neighbours, up to a twenty-fourth of the season away.
SeasonalBaseline::Cell SeasonalBaseline::around(std::size_t phase) const {
    std::size_t const m = season_, wide = std::min(std::max<std::size_t>(1, m / 24), (m - 1) / 2);
    Cell all;
    std::size_t at = phase >= wide ? phase - wide : phase + m - wide;
    for (std::size_t i = 0; i < 2 * wide + 1; ++i) {
        all.sum += phase_[at].sum, all.weight += phase_[at].weight;
        if (++at == m) at = 0;
    }
    return all;
}

double SeasonalBaseline::profile() const {
    if (!seasonal_) return additive_ ? 0 : 1;
    std::size_t const phase = time_ % season_;
    const Cell &own = phase_[phase], &week = week_[time_ % (7 * season_)];
    Cell const near = around(phase);
    if (additive_) {
        double const prior = near.sum / (near.weight + 0.5);
        double const usual = (own.sum + 0.5 * prior) / (own.weight + 0.5);
        return (week.sum + week_inertia * usual) / (week.weight + week_inertia);
    }
    double const noise = level_ > 0 && next_.usual_variance > 0 ? next_.usual_variance / (level_ * level_) : 1;
    double const inertia = std::clamp(noise / between, 0.3, 20.0);
    double const prior = (near.sum + inertia) / (near.weight + inertia);
    double const usual = (own.sum + inertia * prior) / (own.weight + inertia) * weekday(time_ / season_ % 7);
    double const slow = week_inertia * (1 + 0.3 * noise / between);
    return (week.sum + slow * usual) / (week.weight + slow);
}

void SeasonalBaseline::expect() {
    level_ = level_weight_ > 0 ? level_sum_ / level_weight_ : 0;
    factor_ = profile();
    double const least = additive_ ? 0 : least_factor * level_;
    double const usual = additive_ ? level_ + factor_ : std::max(level_ * factor_, least);

    // Residuals are ratios to what was expected, shrunk by as much expectation as one unit of dispersion is worth.
    double const known_variance = next_.usual_variance;
    double const unit = additive_ ? 1 : usual > 0 && known_variance > 0 ? known_variance / usual : 1e-300;
    last_ratio_ = additive_ ? last_.sum : last_.sum / (last_.weight + unit);
    recent_ratio_ = additive_ ? recent_.sum : recent_.sum / (recent_.weight + unit);
    double const a = g11_ * 1.001, b = g22_ * 1.001, determinant = a * b - g12_ * g12_;
    double shift = 0;
    if (count_ > 30 && determinant > 1e-9 * a * b) {
        double const by_last = std::clamp((h1_ * b - h2_ * g12_) / determinant, -0.3, 1.0);
        double const by_recent = std::clamp((h2_ * a - h1_ * g12_) / determinant, -0.3, 1.0);
        shift = by_last * last_ratio_ + by_recent * recent_ratio_;
    }
    double const mean = additive_ ? usual + shift : std::max(usual * (1 + std::clamp(shift, -0.9, 3.0)), least);
    next_ = {mean, variance_at(mean), usual, variance_at(usual)};
}

/// x as it is learnt, and whether values stay on one side.
double SeasonalBaseline::clipped(double x) {
    double const deviation = std::sqrt(next_.usual_variance), off = x - next_.usual;
    auto const m = static_cast<double>(season_);
    double const widening = 1 + std::max(0.0, std::abs(same_side_) - std::floor(m / 4)) * 8 / m;
    if (deviation > 0 && std::abs(off) > deviation)
        same_side_ = off > 0 ? std::max(same_side_, 0) + 1 : std::min(same_side_, 0) - 1;
    else same_side_ += same_side_ > 0 ? -1 : same_side_ < 0 ? 1 : 0;
    if (count_ <= 10 || deviation == 0) return x;
    double const room = reach * deviation * widening;
    return std::clamp(x, next_.usual - room, std::max(next_.usual + room, least_event_));
}

void SeasonalBaseline::learn_variance(double x) {
    if (count_ < 3 || !(additive_ || std::max(next_.mean, least_factor * level_) > 0)) return;
    double const n = static_cast<double>(count_), kept = std::min(variance_decay_, 1 - 1 / (n + 10));
    double const square = (x - next_.mean) * (x - next_.mean);
    double const of_event = least_event_ > next_.mean ? (least_event_ - next_.mean) * (least_event_ - next_.mean) : 0;
    double least = 0;
    for (std::size_t law = 0; law < (additive_ ? 1 : scale_.size()); ++law) {
        double const unit = power(law, next_.mean), relative = square / unit;
        double const limit = weight_ > 3 ? std::max(9 * scale_[law] / weight_, of_event / unit) : relative;
        scale_[law] = kept * scale_[law] + 1.06 * std::min(relative, limit);  // 1.06: what clipping takes off
        double const now = scale_[law] / (kept * weight_ + 1);
        // Student's t with 5 degrees of freedom; its two logarithms in one.
        double const far = 1 + std::min(relative / (5 * now + 1e-300), 1e9), cubed = far * far * far;
        loss_[law] = kept * loss_[law] + std::log((now * unit + 1e-300) * cubed * cubed) / 2;
        if (law == 0 || loss_[law] < least) {
            least = loss_[law];
            if (count_ > 40 || additive_) law_ = law;
        }
    }
    if (count_ <= 40 && !additive_) law_ = 1;
    weight_ = kept * weight_ + 1;
}

void SeasonalBaseline::learn_correction(double x) {
    double const off = x - next_.usual;
    if (count_ > 10) {
        double const n = static_cast<double>(count_), m = static_cast<double>(season_);
        double const kept = std::min(1 - 1 / (10 * m + 50), 1 - 1 / (n + 10));
        double const ratio = additive_ ? off : next_.usual > 0 ? off / next_.usual : 0;
        double const variance = next_.usual_variance, square = next_.usual * next_.usual;
        double const weight = additive_ ? 1 : variance > square * 1e-6 ? square / variance : square > 0 ? 1e6 : 0;
        g11_ = kept * g11_ + weight * last_ratio_ * last_ratio_;
        g12_ = kept * g12_ + weight * last_ratio_ * recent_ratio_;
        g22_ = kept * g22_ + weight * recent_ratio_ * recent_ratio_;
        h1_ = kept * h1_ + weight * last_ratio_ * ratio;
        h2_ = kept * h2_ + weight * recent_ratio_ * ratio;
    }
    last_ = {off, next_.usual};
    double const share = additive_ ? 1 - recent_decay_ : 1;
    recent_ = {recent_decay_ * recent_.sum + share * off, recent_decay_ * recent_.weight + next_.usual};
}

void SeasonalBaseline::learn_profile(double x) {
    if (additive_)
        level_sum_ = level_decay_ * level_sum_ + x - factor_, level_weight_ = level_decay_ * level_weight_ + 1;
    else
        level_sum_ = level_decay_ * level_sum_ + x,
        level_weight_ = level_decay_ * level_weight_ + std::max(factor_, least_factor);
    if (!seasonal_) return;
    if (additive_) near_sum_ = near_decay_ * near_sum_ + x - factor_, near_weight_ = near_decay_ * near_weight_ + 1;
    else
        near_sum_ = near_decay_ * near_sum_ + x,
        near_weight_ = near_decay_ * near_weight_ + std::max(factor_, least_factor);
    double const level = near_sum_ / near_weight_;
    if (!additive_ && !(level > 0)) return;
    Cell &own = phase_[time_ % season_], &week = week_[time_ % (7 * season_)];
    if (additive_) {
        double const off = x - level;
        own = {phase_decay_ * own.sum + off, phase_decay_ * own.weight + 1};
        week = {week_decay_ * week.sum + off, week_decay_ * week.weight + 1};
        return;
    }
    std::size_t const weekday_now = time_ / season_ % 7;
    double const ratio = x / level, of_day = weekday(weekday_now), points = static_cast<double>(season_);
    own = {phase_decay_ * own.sum + ratio, phase_decay_ * own.weight + of_day};
    week = {week_decay_ * week.sum + ratio, week_decay_ * week.weight + 1};
    Cell &day = day_[weekday_now];
    day = {day_decay_ * day.sum + ratio / points,
           day_decay_ * day.weight + (own.weight > 0 ? own.sum / own.weight : 1) / points};
}

void SeasonalBaseline::learn(double x) {
    if (!additive_ && x > 0 && (least_event_ == 0 || x < least_event_)) least_event_ = x;
    double const taken = clipped(x);
    learn_variance(x);
    learn_correction(taken);
    learn_profile(taken);
    ++count_, ++time_;
    expect();
}

void SeasonalBaseline::skip() {
    ++time_;
    last_ = {};
    expect();
}

}  // namespace analytics::core
