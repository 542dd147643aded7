// forecast, forecast_exhaustion, backtest_forecast: what core/forecast knows, for any series.
#include "core/forecast/backtest.hpp"
#include "core/forecast/budget.hpp"
#include "core/forecast/forecaster.hpp"
#include "domains/statistics/series.hpp"
#include "engine/forecast_method.hpp"
#include "pg/rows.hpp"

using namespace analytics;

namespace {

constexpr int longest_horizon = 10'000;
constexpr std::size_t most_levels = 20;

int horizon_argument(const pg::Args &args, int i) {
    if (args.null(i)) pg::bad_argument("horizon", "NULL", "between 1 and " + std::to_string(longest_horizon));
    return args.integer(i, "horizon", 1, longest_horizon, 1);
}

std::vector<double> levels_argument(const pg::Args &args, int i) {
    std::vector<double> levels = statistics::numbers_argument(args, i, "levels", {80, 95});
    if (levels.size() > most_levels)
        pg::bad_argument("levels", std::to_string(levels.size()) + " numbers long",
                         "at most " + std::to_string(most_levels) + " numbers long");
    for (double const level : levels)
        if (!(level > 0 && level < 100))
            pg::bad_argument("levels", "an array with " + std::to_string(level), "percentages above 0 and below 100",
                             "Pass '{80,95}'.");
    return levels;
}

double amount(const pg::Args &args, int i, const char *name) {
    if (args.null(i)) pg::bad_argument(name, "NULL", "a number");
    double const value = DatumGetFloat8(args.datum(i));
    if (!std::isfinite(value))
        throw pg::Error(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, std::string(name) + " must be finite");
    return value;
}

}  // namespace

ANALYTICS_FUNCTION(analytics_forecast) {
    pg::Args const args(fcinfo);
    std::vector<double> const series = statistics::series_argument(args, 0);
    core::ForecastOptions options;
    options.horizon = horizon_argument(args, 1);
    options.season = statistics::season_argument(args, 2);
    options.levels = levels_argument(args, 3);
    options.method = engine::forecast_method_argument(args, 4, series);
    using Array = pg::Raw<FLOAT8ARRAYOID>;
    pg::RowSink<int32, double, Array, Array> rows(fcinfo);
    core::ForecastResult const result = core::forecast(series, options, pg::check_for_interrupts);
    MemoryContext const scratch = pg::call(
        [] { return AllocSetContextCreate(CurrentMemoryContext, "analytics forecast", ALLOCSET_SMALL_SIZES); });
    pg::InContext const in(scratch);
    for (std::size_t i = 0; i < result.value.size(); ++i) {
        rows.put(static_cast<int32>(i) + 1, result.value[i], Array{statistics::to_array(result.lower[i])},
                 Array{statistics::to_array(result.upper[i])});
        pg::call([&] { MemoryContextReset(scratch); });
    }
    return 0;
}

ANALYTICS_FUNCTION(analytics_forecast_exhaustion) {
    pg::Args const args(fcinfo);
    std::vector<double> const series = statistics::series_argument(args, 0);
    double const spent = amount(args, 1, "spent"), budget = amount(args, 2, "budget");
    auto const horizon = static_cast<std::size_t>(horizon_argument(args, 3)),
               season = static_cast<std::size_t>(statistics::season_argument(args, 4));
    core::Exhaustion const e =
        core::forecast_exhaustion(series, spent, budget, horizon, season, pg::check_for_interrupts);
    return pg::make_row(fcinfo, e.p_exhaust, e.day_p10, e.day_p50, e.day_p90, e.total_mean, e.total_lower_80,
                        e.total_upper_80);
}

ANALYTICS_FUNCTION(analytics_backtest_forecast) {
    pg::Args const args(fcinfo);
    std::vector<double> const series = statistics::series_argument(args, 0);
    int const horizon = horizon_argument(args, 1), season = statistics::season_argument(args, 2);
    int const folds = args.integer(3, "folds", 1, 100, 5);
    core::Method const method = engine::forecast_method_argument(args, 4, series);
    core::Backtest const b = core::backtest(series, horizon, season, folds, method, pg::check_for_interrupts);
    return pg::make_row(fcinfo, b.mae, b.wape, b.smape, b.mase, b.coverage_80, b.coverage_95,
                        static_cast<int32>(b.folds));
}
