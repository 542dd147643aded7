// detect_anomalies: what core/anomaly knows, for any series.
#include "core/anomaly/series_findings.hpp"
#include "domains/statistics/series.hpp"
#include "pg/rows.hpp"

#include <cmath>

using namespace analytics;

ANALYTICS_FUNCTION(analytics_detect_anomalies) {
    pg::Args const args(fcinfo);
    std::vector<double> const series = statistics::series_argument(args, 0);
    int const season = statistics::season_argument(args, 1);
    double const alpha = args.null(2) ? 0.05 : DatumGetFloat8(args.datum(2));
    // Less than this, and the quantile of one point of many is lost in rounding.
    if (!(alpha >= 1e-9 && alpha < 1)) pg::bad_argument("alpha", std::to_string(alpha), "from 1e-9 to below 1");
    std::string const method = args.one_of(3, "method", {"auto", "esd", "threshold"}, "auto");
    using Number = std::optional<double>;
    pg::RowSink<int32, Number, double, double, double, double, double, std::optional<std::string>> rows(fcinfo);
    auto const stop = pg::check_for_interrupts;
    std::vector<core::SeriesFinding> const findings =
        method == "esd" ? core::judge_by_esd(series, season, alpha, stop)
        : method == "threshold"
            ? core::judge_by_threshold(series, season > 1 ? static_cast<std::size_t>(season) : 24, stop)
            : core::judge_by_past(series, season, alpha, stop);
    for (std::size_t i = 0; i < findings.size(); ++i) {
        const core::SeriesFinding &f = findings[i];
        rows.put(static_cast<int32>(i) + 1, std::isnan(series[i]) ? Number() : series[i], f.expected, f.lower, f.upper,
                 f.p_value, f.score,
                 f.severity ? std::optional<std::string>(core::name_of(*f.severity)) : std::nullopt);
        if ((i & 1023) == 1023) pg::check_for_interrupts();
    }
    return 0;
}
