// describe_series and clean_series: what kind of series it is, and the same without outliers and gaps.
#include "core/forecast/forecaster.hpp"
#include "core/forecast/intermittent.hpp"
#include "core/series/box_cox.hpp"
#include "core/series/outliers.hpp"
#include "core/series/unit_root.hpp"
#include "domains/statistics/series.hpp"
#include "pg/rows.hpp"

#include <algorithm>
#include <cmath>

using namespace analytics;

namespace {

using Number = std::optional<double>;

const char *name_of(core::DemandKind kind) {
    constexpr const char *names[] = {"smooth", "erratic", "intermittent", "lumpy"};
    return names[static_cast<std::size_t>(kind)];
}

}  // namespace

ANALYTICS_FUNCTION(analytics_describe_series) {
    pg::Args const args(fcinfo);
    std::vector<double> const series = statistics::series_argument(args, 0);
    auto const stop = pg::check_for_interrupts;
    core::PreparedSeries const prepared(series, static_cast<std::size_t>(statistics::season_argument(args, 1)));
    std::vector<double> rest = prepared.values;
    std::size_t const season = prepared.season;
    int const length = static_cast<int>(season);
    bool const seasonal = season > 1 && series.size() > 2 * season;
    bool const differenced = seasonal && core::needs_seasonal_difference(rest, length, stop);
    if (differenced) {
        for (std::size_t t = 0; t + season < rest.size(); ++t) rest[t] = rest[t + season] - rest[t];
        rest.resize(rest.size() - season);
    }
    auto const missing = std::count_if(series.begin(), series.end(), [](double x) { return std::isnan(x); });
    bool const demand = std::all_of(prepared.values.begin(), prepared.values.end(), [](double x) { return x >= 0; });
    core::DemandPattern const pattern = demand ? core::demand_pattern(prepared.values) : core::DemandPattern{};
    bool const any = demand && pattern.interval > 0;
    return pg::make_row(fcinfo, static_cast<int32>(series.size()), static_cast<int32>(missing), length,
                        seasonal ? Number(core::seasonal_strength(prepared.values, length, stop)) : Number(),
                        static_cast<int32>(differenced), static_cast<int32>(core::first_differences(rest)),
                        core::guerrero_lambda(prepared.values, season),
                        static_cast<int32>(core::find_outliers(series, season, stop).index.size()),
                        any ? Number(pattern.interval) : Number(), any ? Number(pattern.cv2) : Number(),
                        any ? std::optional<std::string>(name_of(pattern.kind)) : std::nullopt);
}

ANALYTICS_FUNCTION(analytics_clean_series) {
    pg::Args const args(fcinfo);
    std::vector<double> const series = statistics::series_argument(args, 0);
    auto const stop = pg::check_for_interrupts;
    std::size_t const season =
        core::PreparedSeries(series, static_cast<std::size_t>(statistics::season_argument(args, 1))).season;
    pg::RowSink<int32, Number, double, bool> rows(fcinfo);
    core::SeriesOutliers const found = core::find_outliers(series, season, stop);
    for (std::size_t i = 0; i < series.size(); ++i) {
        rows.put(static_cast<int32>(i) + 1, std::isnan(series[i]) ? Number() : series[i], found.cleaned[i],
                 std::binary_search(found.index.begin(), found.index.end(), i));
        if ((i & 1023) == 1023) pg::check_for_interrupts();
    }
    return 0;
}
