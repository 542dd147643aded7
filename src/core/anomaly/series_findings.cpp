#include "core/anomaly/series_findings.hpp"

#include "core/anomaly/esd.hpp"
#include "core/anomaly/seasonal_detector.hpp"
#include "core/anomaly/threshold.hpp"
#include "core/series/gaps.hpp"
#include "core/series/mstl.hpp"
#include "core/series/season.hpp"
#include "core/statistics/distributions.hpp"
#include "core/statistics/robust.hpp"
#include "core/statistics/theil_sen.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace analytics::core {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// Severities from the p-values of all points together.
void grade(std::span<const double> series, std::vector<SeriesFinding> &findings) {
    std::vector<double> p, off;
    for (std::size_t i = 0; i < series.size(); ++i) {
        p.push_back(std::isnan(series[i]) ? unknown : findings[i].p_value);
        off.push_back(deviation_pct(series[i], findings[i].expected));
    }
    std::vector<std::optional<Severity>> const found = severities(p, off);
    for (std::size_t i = 0; i < series.size(); ++i) findings[i].severity = found[i];
}

/// The series with wild values cut to six times the usual distance from what the seven nearest seasons have at this
/// phase, each about its own median. The weights of robust STL come too late for them: its first curve has already
/// bent towards them, in the seasons beside them too, and where there is little noise it never comes back.
std::vector<double> without_spikes(std::span<const double> y, std::size_t season, const Stop &stop) {
    std::size_t const n = y.size(), hop = std::max<std::size_t>(1, season / 24);
    std::vector<double> level(n), usual(n), off(n), near;
    for (std::size_t t = 0; t < n; t += hop) {
        auto const first = static_cast<std::ptrdiff_t>(std::min(t > season / 2 ? t - season / 2 : 0, n - season));
        near.assign(y.begin() + first, y.begin() + first + static_cast<std::ptrdiff_t>(season));
        std::fill_n(level.begin() + static_cast<std::ptrdiff_t>(t), std::min(hop, n - t), median_in_place(near));
        if (stop && t / hop % 256 == 0) stop();
    }
    for (std::size_t t = 0; t < n; ++t) {
        std::size_t const phase = t % season, cycle = t / season, cycles = (n - 1 - phase) / season + 1;
        std::size_t const first = std::min(cycle > 3 ? cycle - 3 : 0, cycles > 7 ? cycles - 7 : 0);
        near.clear();
        for (std::size_t c = first; c < std::min(first + 7, cycles); ++c)
            near.push_back(y[phase + c * season] - level[phase + c * season]);
        usual[t] = level[t] + median_in_place(near);
        off[t] = y[t] - usual[t];
        if (stop && t % 8192 == 0) stop();
    }
    double const limit = 6 * mad(off);
    std::vector<double> tame(n);
    for (std::size_t t = 0; t < n; ++t) tame[t] = std::clamp(y[t], usual[t] - limit, usual[t] + limit);
    return tame;
}

/// What each point is compared with: season and trend by robust STL, or a robust line where there is no season.
std::vector<double> usual_values(std::span<const double> y, std::size_t season, const Stop &stop) {
    if (season == 0) season = find_season(y);
    std::vector<double> usual(y.size(), median(y));
    if (season > 1 && y.size() > 2 * season) {
        std::vector<double> const tame = without_spikes(y, season, stop);
        MstlParts const parts = mstl(tame, std::array{static_cast<int>(season)}, true, stop);
        for (std::size_t i = 0; i < y.size(); ++i) usual[i] = tame[i] - parts.remainder[i];
    } else if (y.size() > 2) {
        std::vector<double> steps(y.size());
        std::iota(steps.begin(), steps.end(), 0.0);
        Line const line = theil_sen(y, steps, stop);
        for (std::size_t i = 0; i < y.size(); ++i) usual[i] = line.intercept + line.slope * steps[i];
    }
    return usual;
}

}  // namespace

std::vector<SeriesFinding> judge_by_past(std::span<const double> series, int season, double alpha, const Stop &stop) {
    DetectorOptions options;
    options.season = season, options.alpha = alpha;
    std::vector<SeriesFinding> findings;
    findings.reserve(series.size());
    bool any = false;  // value so far: before there is one, nothing is expected
    for (const Judgement &j : detect(series, options, stop)) {
        findings.push_back(any ? SeriesFinding{j.expected, j.lower, j.upper, j.p_value, j.score} : SeriesFinding{});
        any = any || !std::isnan(j.value);
    }
    grade(series, findings);
    return findings;
}

std::vector<SeriesFinding> judge_by_esd(std::span<const double> series, int season, double alpha, const Stop &stop) {
    std::vector<double> const filled = without_gaps(series),
                              usual = usual_values(filled, static_cast<std::size_t>(season), stop);
    std::vector<double> rest;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < series.size(); ++i)
        if (!std::isnan(series[i])) rest.push_back(filled[i] - usual[i]), places.push_back(i);
    EsdOptions options;
    options.alpha = alpha;
    EsdResult const esd = generalized_esd(rest, options, stop);
    double const centre = median(rest), scale = mad_about(rest, centre);
    double const df = std::max(1.0, static_cast<double>(rest.size()) - 2);
    double const reach = student_t_quantile(1 - alpha / 2, df) * scale;
    double const critical = esd.steps.empty() ? unknown : esd.steps.front().critical;
    std::vector<SeriesFinding> findings(series.size());
    for (std::size_t i = 0; i < series.size(); ++i) {
        SeriesFinding &f = findings[i];
        f.expected = usual[i] + centre;
        f.lower = f.expected - reach, f.upper = f.expected + reach;
    }
    for (std::size_t k = 0; k < rest.size(); ++k) {
        SeriesFinding &f = findings[places[k]];
        double const distance = std::abs(rest[k] - centre);
        double const t = distance / scale;
        f.p_value = distance == 0 ? 1 : scale > 0 ? student_t_two_sided(t, df) : 0;
        if (critical > 0 && scale > 0) f.score = std::min(t / critical, 0.99);
    }
    for (std::size_t s = 0; s < esd.outliers; ++s) {
        const EsdStep &step = esd.steps[s];
        findings[places[step.index]].score = std::max(1.0, step.statistic / step.critical);
    }
    grade(series, findings);
    return findings;
}

std::vector<SeriesFinding> judge_by_threshold(std::span<const double> series, std::size_t window, const Stop &stop) {
    std::size_t work = 0;
    std::vector<SeriesFinding> findings(series.size());
    for (std::size_t i = 0; i < series.size(); ++i) {
        std::size_t const from = i > window ? i - window : 0;
        if (stop && (work += i - from + 1) > 100'000) stop(), work = 0;
        double sum = 0, n = 0;
        for (std::size_t k = from; k < i; ++k)
            if (!std::isnan(series[k])) sum += series[k] / static_cast<double>(window), ++n;
        if (n < 3) continue;
        SeriesFinding &f = findings[i];
        f.expected = sum * (static_cast<double>(window) / n);
        double const distance = 0.3 * std::abs(f.expected);
        f.lower = f.expected - distance, f.upper = f.expected + distance;
        if (std::isnan(series[i]) || f.expected == 0) continue;
        double const off = deviation_pct(series[i], f.expected);
        f.score = off / 30;
        f.severity = threshold_severity(off);
    }
    return findings;
}

}  // namespace analytics::core
