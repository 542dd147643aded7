#include "core/anomaly/seasonal_detector.hpp"

#include "core/anomaly/fine_evidence.hpp"
#include "core/anomaly/season_search.hpp"
#include "core/anomaly/seasonal_baseline.hpp"
#include "core/statistics/distributions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

namespace analytics::core {
namespace {

constexpr std::size_t usual_day = 24;                // half-lives of a series whose season is not known
constexpr std::size_t coarse_season = 48;            // the most points a season of a coarse series
constexpr std::size_t coarse_until = 350;            // points to which a series without a season counts as coarse
constexpr double longest_rest = 288;                 // after an alert, in points, where the season is not known
constexpr std::size_t search_until = 4096;           // points after which no season is looked for
constexpr double freedom = 6;                        // degrees of freedom of single values
constexpr double matched = (freedom - 2) / freedom;  // of their variance, for Student's t to have it
constexpr double exact_from = 1.2;                   // decades from which the tail of a count is computed
constexpr double own_news = 2.5;                     // decades from which an alert is named after its point
constexpr double largest = 1e60;                     // scaled values are clipped here: squares of squares stay finite
constexpr double least_sum = 3;                      // expected of the sums that judge counts below 1
constexpr std::size_t most_summed = 24;              // values in them
constexpr std::size_t least_past = 4;                // values before the first that is judged

/// The power of two that brings far values near 1, and leaves usual ones as they are.
double unit_for(double value) {
    double const size = std::abs(value);
    return size > 1e30 || size < 1e-30 ? std::ldexp(1.0, std::ilogb(size)) : 1;
}

double two_sided(double decades) { return std::min(1.0, 2 * std::exp(-std::abs(decades) * std::numbers::ln10)); }

/// x - usual, 0 where they differ by rounding.
double residual(double x, double usual) {
    return std::abs(x - usual) > 1e-9 * std::max(std::abs(x), std::abs(usual)) ? x - usual : 0;
}

}  // namespace

struct SeasonalDetector::State {
    explicit State(const DetectorOptions &given)
        : options(given), searching(given.season == 0),
          season(searching ? usual_day : static_cast<std::size_t>(given.season)),
          normal_reach(-normal_quantile(given.alpha / 2)),
          student_reach(-student_t_quantile(given.alpha / 2, freedom) * std::sqrt(matched)) {
        restart();
    }

    DetectorOptions options;
    bool searching, seasonal = false;
    std::size_t season;
    double normal_reach, student_reach;  // deviations that the band reaches
    bool negative = false, whole = true;
    double unit = 0;  // of the values; 0 while all were 0
    std::optional<SeasonalBaseline> baseline;
    std::optional<CoarseEvidence> coarse;
    std::optional<FineEvidence> fine;                  // made where it is asked: it is large
    std::vector<double> values, residuals, variances;  // scaled; the last ones are kept
    std::size_t seen = 0, since_settled = 0, alert_until = 0;
    double alert_evidence = 0;

    std::size_t kept() const { return std::max<std::size_t>(searching ? search_until : 0, 3 * season + 12 + 1) + 97; }

    void restart() {
        seasonal = !searching || seasonal;
        baseline.emplace(season, seasonal, negative);
        since_settled = 0;
        if (!coarse && (searching || season <= coarse_season)) coarse.emplace(season);
    }

    /// Learns what is kept again, with another season or kind.
    void relearn() {
        restart();
        for (std::size_t i = 0; i < values.size(); ++i) note(values[i], i);
    }
    void note(double x, std::size_t at) {
        auto const &expected = baseline->next();
        residuals[at] = residual(x, expected.usual), variances[at] = expected.usual_variance;
        baseline->learn(x);
        ++since_settled;
    }

    void adopt(double value) {
        if (unit == 0 && value != 0) unit = unit_for(value);
        whole = whole && value >= 0 && std::floor(value) == value && value < 1e15;
        if (value < 0 && !negative) {
            negative = true;
            relearn();
        }
        if (searching && (seen == search_until || (seen >= 64 && (seen & (seen - 1)) == 0))) {
            std::size_t const found = find_season(values);
            searching = (found == 0 || found == year_of_months) && seen < search_until;
            if (found != (seasonal ? season : 0)) {
                seasonal = found > 0, season = seasonal ? found : usual_day;
                coarse.emplace(season, values);
                relearn();
            }
        }
    }

    double scaled(double value) const { return std::clamp(unit > 0 ? value / unit : value, -largest, largest); }
    double real(double x) const {
        constexpr double most = std::numeric_limits<double>::max();
        return unit > 0 ? std::clamp(x * unit, -most, most) : x;
    }

    /// Variance of the next value, with room for what few values cannot tell.
    double variance(const SeasonalBaseline::Expectation &next) const {
        double const doubt = 1 / (1 + static_cast<double>(since_settled));
        double const size = std::max(std::abs(next.mean), std::abs(baseline->level()));
        return next.variance + doubt * (as_counts() ? next.mean : size * size / 100);
    }
    bool as_counts() const {
        if (negative || !options.counts.value_or(whole)) return false;
        return options.counts.value_or(false) || baseline->level() == 0 || baseline->dispersion() > 0.5;
    }

    void bounds(Judgement &judged, const SeasonalBaseline::Expectation &next, double variance_now) const;
    struct Tail {
        double evidence, p_value;  // decades with the sign of the deviation; two-sided
    };
    Tail count_tail(double count, double mean, double spread) const;
    Tail tail(double x, const SeasonalBaseline::Expectation &next, double variance_now) const;
    void keep(double x, const SeasonalBaseline::Expectation &next);
    void score(Judgement &judged, double point);
    Judgement judge(double value);
};

/// p-values are computed exactly where they may matter, from the evidence elsewhere.
SeasonalDetector::State::Tail SeasonalDetector::State::count_tail(double count, double mean, double spread) const {
    // Nothing was ever seen: half an event in as long again.
    double const mu = std::max(mean, 0.5 / (1 + static_cast<double>(since_settled)));
    double const evidence = count_evidence(count, mu, std::max(spread, mu));
    if (std::abs(evidence) < exact_from) return {evidence, two_sided(evidence)};
    double const size = spread > mu * (1 + 1e-9) ? mu * mu / (spread - mu) : 1e12;
    double const one_sided =
        count > mu ? negative_binomial_tail(count, mu, size) : negative_binomial_cdf(count, mu, size);
    return {evidence, std::min(1.0, 2 * one_sided)};
}

SeasonalDetector::State::Tail SeasonalDetector::State::tail(double x, const SeasonalBaseline::Expectation &next,
                                                            double variance_now) const {
    if (!as_counts()) {
        double const off = residual(x, next.mean);
        if (off == 0) return {0, 1};
        if (variance_now == 0) {  // all were equal so far
            double const chance = 2 / (2 + static_cast<double>(since_settled));
            return {off > 0 ? -std::log10(chance / 2) : std::log10(chance / 2), chance};
        }
        double z = off / std::sqrt(variance_now);
        if (off > 0 && !negative && next.mean > 0) {
            // What cannot fall below 0 scatters further up. Between the normal and the gamma deviate: the one finds too
            // much in clean revenue, the other misses spikes.
            double const more = off / next.mean;
            z = (z + std::sqrt(2 * next.mean * (next.mean / variance_now) * (more - std::log1p(more)))) / 2;
        }
        double const evidence = student_evidence(z / std::sqrt(matched), freedom);
        return {evidence, two_sided(evidence)};
    }
    Tail own = count_tail(real(x), real(next.mean), variance_now * unit * unit);
    if (next.usual >= 1) return own;
    // Little is expected: the sum of the last values that together expect enough says more.
    double count = x, mean = next.usual, spread = std::max(next.usual_variance, next.usual);
    for (std::size_t back = 1; back <= values.size() && mean < least_sum && back < most_summed; ++back) {
        std::size_t const at = values.size() - back;
        double const expected = values[at] - residuals[at];
        count += values[at], mean += expected, spread += std::max(variances[at], expected);
    }
    own.p_value = count_tail(count, mean, spread).p_value;
    return own;
}

void SeasonalDetector::State::keep(double x, const SeasonalBaseline::Expectation &next) {
    if (values.size() >= 2 * kept()) {
        auto const drop = static_cast<std::ptrdiff_t>(values.size() - kept());
        for (auto *all : {&values, &residuals, &variances}) all->erase(all->begin(), all->begin() + drop);
    }
    values.push_back(x), residuals.push_back(residual(x, next.usual)), variances.push_back(next.usual_variance);
}

void SeasonalDetector::State::bounds(Judgement &judged, const SeasonalBaseline::Expectation &next,
                                     double variance_now) const {
    if (as_counts() && next.mean > 0) {
        double const c = std::max(variance_now, next.mean) / (9 * next.mean * next.mean),
                     reach = normal_reach * std::sqrt(c);
        auto const cube = [&](double root) { return next.mean * root * root * root; };
        judged.lower = std::max(0.0, std::floor(real(cube(std::max(0.0, 1 - c - reach))) + 0.5));
        judged.upper = std::ceil(real(cube(std::max(0.0, 1 - c + reach))) - 0.5);
        return;
    }
    double const reach = student_reach * std::sqrt(variance_now);
    judged.lower = real(negative ? next.mean - reach : std::max(0.0, next.mean - reach));
    judged.upper = real(next.mean + reach);
}

void SeasonalDetector::State::score(Judgement &judged, double point) {
    PointView const view{values, residuals, variances, season, point, negative, since_settled >= 2 * season};
    bool const is_coarse = seasonal ? season <= coarse_season : seen < coarse_until;
    // While it may yet be a fine series both are asked, so that the fine detectors know their past when their turn
    // comes.
    if (!fine && (!is_coarse || !seasonal)) fine.emplace();
    Evidence evidence;
    if (is_coarse) evidence = coarse->judge(view);
    if (!is_coarse) evidence = fine->judge(view);
    else if (!seasonal) fine->judge(view);
    if (seen >= alert_until) alert_evidence = 0;
    if (alert_evidence > 0 && (!is_coarse || evidence.score <= 2 * alert_evidence)) return;
    judged.score = evidence.score;
    if (evidence.score < 1) return;
    double const part = static_cast<double>(seen) * 0.05,
                 most = seasonal ? 3 * static_cast<double>(season) : longest_rest;
    alert_evidence = evidence.score;
    alert_until = seen + static_cast<std::size_t>(std::clamp(part, 24.0, std::max(24.0, most)));
    if (std::abs(point) >= own_news) judged.kind = point > 0 ? Judgement::Kind::spike : Judgement::Kind::drop;
    else if (evidence.of_flatness > evidence.of_point + evidence.of_sums) judged.kind = Judgement::Kind::flatline;
    else judged.kind = Judgement::Kind::level_shift;
}

Judgement SeasonalDetector::State::judge(double value) {
    Judgement judged;
    judged.value = value;
    if (!std::isnan(value)) adopt(value);
    auto const next = baseline->next();
    double const variance_now = variance(next);
    judged.expected = real(next.mean);
    bounds(judged, next, variance_now);
    if (std::isnan(value)) {
        judged.kind = Judgement::Kind::missing;
        baseline->skip();
        if (!values.empty()) keep(next.usual, next);  // so that points of one phase stay a season apart
        return judged;
    }

    double const x = scaled(value);
    double point = 0;
    if (since_settled >= least_past) {
        Tail const own = tail(x, next, variance_now);
        point = own.evidence, judged.p_value = own.p_value;
    }
    if (judged.p_value < options.alpha) judged.kind = x > next.mean ? Judgement::Kind::spike : Judgement::Kind::drop;

    keep(x, next);
    score(judged, point);
    baseline->learn(x);
    ++since_settled, ++seen;
    return judged;
}

SeasonalDetector::SeasonalDetector(const DetectorOptions &options) {
    if (options.season < 0 || options.season > 100'000) throw std::invalid_argument("season out of range");
    if (!(options.alpha > 0 && options.alpha < 1)) throw std::invalid_argument("alpha must be between 0 and 1");
    state_ = std::make_unique<State>(options);
}
SeasonalDetector::SeasonalDetector(SeasonalDetector &&) noexcept = default;
SeasonalDetector &SeasonalDetector::operator=(SeasonalDetector &&) noexcept = default;
SeasonalDetector::~SeasonalDetector() = default;

Judgement SeasonalDetector::push(double value) {
    if (std::isinf(value)) throw std::domain_error("values must be finite");
    return state_->judge(value);
}

int SeasonalDetector::season() const { return state_->seasonal ? static_cast<int>(state_->season) : 0; }

std::vector<Judgement> detect(std::span<const double> series, const DetectorOptions &options, const Stop &stop) {
    SeasonalDetector detector(options);
    std::vector<Judgement> judged;
    judged.reserve(series.size());
    for (double const value : series) {
        if (stop && judged.size() % 1024 == 0) stop();
        judged.push_back(detector.push(value));
    }
    return judged;
}

}  // namespace analytics::core
