// detect_changepoints: where the level of a series changes for good.
#include "core/anomaly/changepoint.hpp"
#include "domains/statistics/series.hpp"
#include "pg/rows.hpp"

#include <cmath>

using namespace analytics;

ANALYTICS_FUNCTION(analytics_detect_changepoints) {
    pg::Args const args(fcinfo);
    std::vector<double> const series = statistics::series_argument(args, 0);
    std::optional<double> penalty;
    if (!args.null(1)) {
        penalty = DatumGetFloat8(args.datum(1));
        if (!(*penalty > 0 && std::isfinite(*penalty)))
            pg::bad_argument("penalty", std::to_string(*penalty), "a number above 0", "Leave it out for 3 ln n.");
    }
    pg::RowSink<int32, double, double, double> rows(fcinfo);
    for (const core::ChangePoint &c : core::detect_changepoints(series, penalty, pg::check_for_interrupts))
        rows.put(static_cast<int32>(c.step), c.mean_before, c.mean_after, c.p_value);
    return 0;
}
