// detect_anomalies: three ways to judge the points of a series, one form of answer.
#include "core/anomaly/esd.hpp"
#include "core/anomaly/seasonal_detector.hpp"
#include "core/anomaly/severity.hpp"
#include "core/series/mstl.hpp"
#include "core/series/season.hpp"
#include "core/statistics/distributions.hpp"
#include "core/statistics/false_discovery.hpp"
#include "core/statistics/robust.hpp"
#include "core/statistics/theil_sen.hpp"
#include "domains/statistics/gaps.hpp"
#include "domains/statistics/series.hpp"
#include "pg/rows.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

using namespace analytics;

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// A row of the answer; NaN where there is nothing to say.
struct Finding {
    double expected = unknown, lower = unknown, upper = unknown, p_value = unknown, score = 0;
    std::optional<core::Severity> severity = std::nullopt;
};

double deviation_pct(double value, double expected) { return std::abs(value - expected) / std::abs(expected) * 100; }

/// Severities from the p-values of all points together.
void grade(std::span<const double> series, std::vector<Finding> &findings) {
    std::vector<double> p(findings.size());
    for (std::size_t i = 0; i < p.size(); ++i) p[i] = std::isnan(series[i]) ? unknown : findings[i].p_value;
    std::vector<double> const q = core::benjamini_hochberg(p);
    for (std::size_t i = 0; i < p.size(); ++i)
        findings[i].severity = core::severity(q[i], deviation_pct(series[i], findings[i].expected));
}

std::vector<Finding> by_past(std::span<const double> series, int season, double alpha) {
    core::DetectorOptions options;
    options.season = season, options.alpha = alpha;
    std::vector<Finding> findings;
    findings.reserve(series.size());
    bool any = false;  // value so far: before there is one, nothing is expected
    for (const core::Judgement &j : core::detect(series, options, statistics::stop())) {
        findings.push_back(any ? Finding{j.expected, j.lower, j.upper, j.p_value, j.score} : Finding{});
        any = any || !std::isnan(j.value);
    }
    grade(series, findings);
    return findings;
}

/// The series with wild values cut to six times the usual distance from what the seven nearest seasons have at this
/// phase, each about its own median. The weights of robust STL come too late for them: its first curve has already
/// bent towards them, in the seasons beside them too, and where there is little noise it never comes back.
std::vector<double> without_spikes(std::span<const double> y, std::size_t season) {
    std::size_t const n = y.size(), hop = std::max<std::size_t>(1, season / 24);
    core::Stop const stop = statistics::stop();
    std::vector<double> level(n), usual(n), off(n), near;
    for (std::size_t t = 0; t < n; t += hop) {
        auto const first = static_cast<std::ptrdiff_t>(std::min(t > season / 2 ? t - season / 2 : 0, n - season));
        near.assign(y.begin() + first, y.begin() + first + static_cast<std::ptrdiff_t>(season));
        std::fill_n(level.begin() + static_cast<std::ptrdiff_t>(t), std::min(hop, n - t), core::median_in_place(near));
        if (t / hop % 256 == 0) stop();
    }
    for (std::size_t t = 0; t < n; ++t) {
        std::size_t const phase = t % season, cycle = t / season, cycles = (n - 1 - phase) / season + 1;
        std::size_t const first = std::min(cycle > 3 ? cycle - 3 : 0, cycles > 7 ? cycles - 7 : 0);
        near.clear();
        for (std::size_t c = first; c < std::min(first + 7, cycles); ++c)
            near.push_back(y[phase + c * season] - level[phase + c * season]);
        usual[t] = level[t] + core::median_in_place(near);
        off[t] = y[t] - usual[t];
        if (t % 8192 == 0) stop();
    }
    double const limit = 6 * core::mad(off);
    std::vector<double> tame(n);
    for (std::size_t t = 0; t < n; ++t) tame[t] = std::clamp(y[t], usual[t] - limit, usual[t] + limit);
    return tame;
}

/// What each point is compared with: season and trend by robust STL, or a robust line where there is no season.
std::vector<double> usual_values(std::span<const double> y, int season) {
    if (season == 0) season = core::find_season(y);
    std::vector<double> usual(y.size(), core::median(y));
    if (season > 1 && y.size() > 2 * static_cast<std::size_t>(season)) {
        std::vector<double> const tame = without_spikes(y, static_cast<std::size_t>(season));
        core::MstlParts const parts = core::mstl(tame, std::array{season}, true, statistics::stop());
        for (std::size_t i = 0; i < y.size(); ++i) usual[i] = tame[i] - parts.remainder[i];
    } else if (y.size() > 2) {
        std::vector<double> steps(y.size());
        std::iota(steps.begin(), steps.end(), 0.0);
        core::Line const line = core::theil_sen(y, steps, statistics::stop());
        for (std::size_t i = 0; i < y.size(); ++i) usual[i] = line.intercept + line.slope * steps[i];
    }
    return usual;
}

/// The generalised ESD test on what that leaves. Points it does not reject have the p-value of a single one.
std::vector<Finding> by_esd(std::span<const double> series, int season, double alpha) {
    std::vector<double> const filled = statistics::without_gaps(series), usual = usual_values(filled, season);
    std::vector<double> rest;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < series.size(); ++i)
        if (!std::isnan(series[i])) rest.push_back(filled[i] - usual[i]), places.push_back(i);
    core::EsdOptions options;
    options.alpha = alpha;
    core::EsdResult const esd = core::generalized_esd(rest, options, statistics::stop());
    double const centre = core::median(rest), scale = core::mad_about(rest, centre);
    double const df = std::max(1.0, static_cast<double>(rest.size()) - 2);
    double const reach = core::student_t_quantile(1 - alpha / 2, df) * scale;
    double const critical = esd.steps.empty() ? unknown : esd.steps.front().critical;
    std::vector<Finding> findings(series.size());
    for (std::size_t i = 0; i < series.size(); ++i) {
        Finding &f = findings[i];
        f.expected = usual[i] + centre;
        f.lower = f.expected - reach, f.upper = f.expected + reach;
    }
    for (std::size_t k = 0; k < rest.size(); ++k) {
        Finding &f = findings[places[k]];
        double const distance = std::abs(rest[k] - centre);
        double const t = distance / scale;
        f.p_value = distance == 0 ? 1 : scale > 0 ? core::student_t_two_sided(t, df) : 0;
        if (critical > 0 && scale > 0) f.score = std::min(t / critical, 0.99);
    }
    for (std::size_t s = 0; s < esd.outliers; ++s) {
        const core::EsdStep &step = esd.steps[s];
        findings[places[step.index]].score = std::max(1.0, step.statistic / step.critical);
    }
    grade(series, findings);
    return findings;
}

/// The plain rule of the dashboards: so many percent from the mean of the points before.
std::vector<Finding> by_threshold(std::span<const double> series, int season) {
    std::size_t const window = season > 1 ? static_cast<std::size_t>(season) : 24;
    std::vector<Finding> findings(series.size());
    for (std::size_t i = 0; i < series.size(); ++i) {
        std::size_t const from = i > window ? i - window : 0;
        double sum = 0, n = 0;
        for (std::size_t k = from; k < i; ++k)
            if (!std::isnan(series[k])) sum += series[k] / static_cast<double>(window), ++n;
        if (n < 3) continue;
        Finding &f = findings[i];
        f.expected = sum * (static_cast<double>(window) / n);
        double const distance = 0.3 * std::abs(f.expected);
        f.lower = f.expected - distance, f.upper = f.expected + distance;
        if (std::isnan(series[i]) || f.expected == 0) continue;
        double const off = deviation_pct(series[i], f.expected);
        f.score = off / 30;
        using enum core::Severity;
        if (off >= 80) f.severity = critical;
        else if (off >= 60) f.severity = high;
        else if (off >= 45) f.severity = medium;
        else if (off >= 30) f.severity = low;
    }
    return findings;
}

}  // namespace

ANALYTICS_FUNCTION(analytics_detect_anomalies) {
    pg::Args const args(fcinfo);
    std::vector<double> const series = statistics::series_argument(args, 0);
    int const season = statistics::season_argument(args, 1);
    double const alpha = args.null(2) ? 0.05 : DatumGetFloat8(args.datum(2));
    if (!(alpha > 0 && alpha < 1)) pg::bad_argument("alpha", std::to_string(alpha), "above 0 and below 1");
    std::string const method = args.one_of(3, "method", {"auto", "esd", "threshold"}, "auto");
    using Number = std::optional<double>;
    pg::RowSink<int32, Number, double, double, double, double, double, std::optional<std::string>> rows(fcinfo);
    std::vector<Finding> const findings = method == "esd"         ? by_esd(series, season, alpha)
                                          : method == "threshold" ? by_threshold(series, season)
                                                                  : by_past(series, season, alpha);
    for (std::size_t i = 0; i < findings.size(); ++i) {
        const Finding &f = findings[i];
        rows.put(static_cast<int32>(i) + 1, std::isnan(series[i]) ? Number() : series[i], f.expected, f.lower, f.upper,
                 f.p_value, f.score,
                 f.severity ? std::optional<std::string>(core::name_of(*f.severity)) : std::nullopt);
        if ((i & 1023) == 1023) pg::check_for_interrupts();
    }
    return 0;
}
