// forecast_budget, and the facts of get_budget_forecast.
#include "core/forecast/backtest.hpp"
#include "domains/spend/budget_futures.hpp"
#include "domains/spend/numbers.hpp"
#include "pg/arrays.hpp"
#include "pg/numeric.hpp"
#include "pg/rows.hpp"

#include <algorithm>
#include <cmath>

namespace analytics::spend {
namespace {

constexpr std::size_t least_for_confidence = 14, least_history = 7;  // days

/// A forecast as numeric, to so many decimals and without trailing zeros.
Datum decimal(double value, int decimals) {
    return pg::numeric_call(numeric_trim_scale, pg::rounded(pg::from_double(value), decimals).datum);
}
Datum money(double dollars) { return decimal(dollars, 6); }
Number shown(Datum value) { return pg::NumericValue{value}; }

pg::Raw<NUMERICARRAYOID> numbers(std::span<const Datum> values) { return {pg::to_array(values, NUMERICOID)}; }

const char *status_of(const BudgetFutures &futures, const std::optional<double> &days_left) {
    const std::optional<Budget> &budget = futures.budget();
    if (!budget) return "no_budget";
    if (budget->spent > budget->amount) return "exceeded";
    if (budget->unpriced > 0) return "incomplete_pricing";
    if (futures.history().empty() && futures.spent_today() == 0) return "no_spend";
    if (futures.history().size() < least_history) return "insufficient_data";
    return days_left ? "will_exceed" : "ok";
}

/// 1 - WAPE of forecasts of `horizon` days that were made within the history.
std::optional<double> confidence(std::span<const double> history, int horizon) {
    if (history.size() < least_for_confidence) return std::nullopt;
    core::Backtest const test =
        core::backtest(history, horizon, 7, 5, core::Method::automatic, pg::check_for_interrupts);
    if (test.folds == 0 || std::isnan(test.wape)) return std::nullopt;
    return std::max(0.0, 1 - test.wape);
}

}  // namespace
}  // namespace analytics::spend

using namespace analytics;
using namespace analytics::spend;

/// forecast_budget(horizon_days, budget_id, as_of)
ANALYTICS_FUNCTION(analytics_forecast_budget) {
    pg::Args const args(fcinfo);
    int const horizon = args.integer(0, "horizon_days", 1, longest_horizon, 14);
    int64 const as_of = engine::as_of_argument(args, 2);
    pg::RowSink<pg::Date, Number, Number, Number, Number, Number, Number, Number, Number> rows(fcinfo);
    pg::Spi const spi;
    BudgetFutures const futures(spi, args.text(1, "budget_id"), horizon, as_of);
    for (const DayOutlook &day : futures.days()) {
        auto const of_budget = [&](double value, int decimals) {
            return day.in_force ? shown(decimal(value, decimals)) : Number();
        };
        rows.put(pg::Date{day.date}, shown(money(day.mean)), shown(money(day.lower_80)), shown(money(day.upper_80)),
                 shown(money(day.lower_95)), shown(money(day.upper_95)), of_budget(day.cumulative, 6),
                 of_budget(day.in_force ? futures.budget()->amount - day.cumulative : 0, 6),
                 of_budget(day.p_exhausted, 4));
    }
    return 0;
}

/// budget_outlook(horizon_days, budget_id, as_of, OUT days, projected, lower_80, upper_80, period_total, days_left,
/// confidence, status)
ANALYTICS_FUNCTION(analytics_budget_outlook) {
    pg::Args const args(fcinfo);
    int const horizon = args.integer(0, "horizon_days", 1, longest_horizon, 14);
    int64 const as_of = engine::as_of_argument(args, 2);
    pg::Spi const spi;
    BudgetFutures const futures(spi, args.text(1, "budget_id"), horizon, as_of);
    std::vector<Datum> dates, projected, lower, upper;
    for (const DayOutlook &day : futures.days()) {
        dates.push_back(DateADTGetDatum(day.date));
        projected.push_back(money(day.mean));
        lower.push_back(money(day.lower_80)), upper.push_back(money(day.upper_80));
    }
    std::optional<double> const total = futures.period_total(), days_left = futures.days_until_exceeded(),
                                sure = confidence(futures.history(), horizon);
    return pg::make_row(fcinfo, pg::Raw<DATEARRAYOID>{pg::to_array(dates, DATEOID)}, numbers(projected), numbers(lower),
                        numbers(upper), total ? shown(money(*total)) : Number(),
                        days_left ? shown(decimal(*days_left, 6)) : Number(),
                        sure ? shown(decimal(*sure, 4)) : Number(), std::string(status_of(futures, days_left)));
}
