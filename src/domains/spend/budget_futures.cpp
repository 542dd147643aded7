#include "domains/spend/budget_futures.hpp"

#include "core/forecast/paths.hpp"
#include "core/rollup/cover.hpp"
#include "core/series/buckets.hpp"
#include "core/statistics/robust.hpp"
#include "pg/arrays.hpp"
#include "pg/numeric.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace analytics::spend {
namespace {

constexpr int learnt_days = 365, profile_days = 28;
constexpr std::size_t week = 7;

/// The start of the day `by` days from the one that begins at `start`.
int64 day_from(const core::Zone &zone, int64 start, int by) {
    return core::bucket_start(zone, *core::parse_bucket("1d"),
                              zone.shift(start, core::Span{.days = by}) + engine::hour);
}

double mean_of(const std::vector<std::vector<double>> &paths, std::size_t day) {
    double sum = 0;
    for (const std::vector<double> &path : paths) sum += path[day] / static_cast<double>(paths.size());
    return sum;
}

}  // namespace

BudgetFutures::BudgetFutures(const pg::Spi &spi, const std::optional<std::string> &budget_id, int horizon, int64 as_of)
    : horizon_(horizon), as_of_(as_of) {
    load_budget(spi, budget_id);
    if (budget_ && budget_->time_zone != "UTC")
        zone_ = engine::time_zone(budget_->time_zone, as_of - (learnt_days + 2) * engine::day,
                                  as_of + int64{2} * longest_horizon * engine::day);
    core::Bucket const day = *core::parse_bucket("1d");
    starts_.push_back(core::bucket_start(zone_, day, as_of));
    // To the end of the running period too, where that is not far.
    int64 const year = as_of + longest_horizon * engine::day;
    int64 const until = budget_ && budget_->ends <= year ? budget_->ends : as_of;
    while (static_cast<int>(starts_.size()) <= horizon || starts_.back() < until)
        starts_.push_back(core::next_bucket(zone_, day, starts_.back()));
    read_spend(spi);
    find_periods(spi);
    simulate();
}

void BudgetFutures::load_budget(const pg::Spi &spi, const std::optional<std::string> &budget_id) {
    static pg::Statement statement(
        "SELECT b.budget_id, b.amount_usd, b.period, b.time_zone, b.scope ->> 'agent_id', b.scope ->> 'user_id', "
        "b.scope ->> 'model', b.scope ->> 'task_id', u.spent_usd, u.unpriced_calls, p.to_time "
        "FROM analytics_data.budgets b, analytics_internal.budget_period(b.period, b.time_zone, b.starts_at, "
        "b.ends_at, "
        "$2) p, analytics_internal.budget_use(b.scope, p.from_time, p.to_time, $2) u "
        "WHERE b.tenant_id = $3 AND b.budget_id = analytics_internal.find_budget($1)",
        {TEXTOID, TIMESTAMPTZOID, TEXTOID});
    std::array const values{budget_id ? pg::to_text(*budget_id) : Datum(0), TimestampTzGetDatum(as_of_),
                            pg::to_text(engine::current_tenant())};
    pg::Result const rows = statement.run(spi, values, budget_id ? "   " : "n  ");
    if (rows.empty()) return;
    auto const text = [&](int column) {
        auto const value = rows.get(0, column);
        return value ? std::optional(pg::to_string(*value)) : std::nullopt;
    };
    budget_ = Budget{*text(0), *text(2), *text(3), {text(4), text(5), text(6), text(7)}};
    budget_->amount = pg::to_double(*rows.get(0, 1));
    budget_->spent = pg::to_double(*rows.get(0, 8));
    budget_->unpriced = DatumGetInt64(*rows.get(0, 9));
    budget_->ends = DatumGetTimestampTz(*rows.get(0, 10));
}

/// Days before today, the last weeks' in two parts: before and after this time of day, to the quarter of an hour that
/// the rollups keep.
void BudgetFutures::read_spend(const pg::Spi &spi) {
    int64 const today = starts_.front();
    int64 const elapsed = core::floor_to(as_of_ - today, 15 * engine::minute);
    std::vector<int64> edges;
    for (int d = -learnt_days; d < 0; ++d) {
        edges.push_back(day_from(zone_, today, d));
        if (d >= -profile_days && elapsed > 0) edges.push_back(edges.back() + elapsed);
    }
    edges.push_back(today);
    edges.push_back(as_of_ + 1);
    std::vector<Spend> const slots = scope_spend(spi, budget_ ? budget_->scope : Scope{}, edges);
    double early = 0, late = 0;
    std::size_t slot = 0;
    for (int d = -learnt_days; d < 0; ++d) {
        double day = pg::to_double(slots[slot++].cost);
        if (d >= -profile_days && elapsed > 0) {
            double const rest = pg::to_double(slots[slot++].cost);
            early += day, late += rest, day += rest;
        }
        if (day > 0 || !history_.empty()) history_.push_back(day);
    }
    today_ = pg::to_double(slots[slot].cost);
    double const by_clock =
        static_cast<double>(starts_[1] - as_of_) / static_cast<double>(std::max(starts_[1] - today, int64{1}));
    // As if two more days had been spent evenly: a share seen on few days is a guess.
    double const days = std::min<double>(profile_days, static_cast<double>(history_.size()));
    double const even = days > 0 ? 2 * (early + late) / days : 0;
    rest_share_ = early + late > 0 ? (late + even * by_clock) / (early + late + even) : by_clock;
}

/// Which period each day belongs to, by its end.
void BudgetFutures::find_periods(const pg::Spi &spi) {
    period_.assign(starts_.size() - 1, -1);
    if (!budget_) return;
    static pg::Statement statement(
        "SELECT p.from_time, p.to_time > d.at AND coalesce(b.starts_at, '-infinity') <= d.at FROM "
        "analytics_data.budgets b, "
        "unnest($1) WITH ORDINALITY d(at, i), analytics_internal.budget_period(b.period, b.time_zone, b.starts_at, "
        "b.ends_at, d.at) p WHERE b.tenant_id = $2 AND b.budget_id = $3 ORDER BY d.i",
        {TIMESTAMPTZARRAYOID, TEXTOID, TEXTOID});
    std::vector<Datum> ends;
    for (std::size_t d = 1; d < starts_.size(); ++d) ends.push_back(TimestampTzGetDatum(starts_[d] - 1));
    std::array const values{pg::to_array(ends, TIMESTAMPTZOID), pg::to_text(engine::current_tenant()),
                            pg::to_text(budget_->id)};
    pg::Result const rows = statement.run(spi, values);
    int number = 0;
    std::optional<int64> from;
    for (uint64 d = 0; d < rows.size(); ++d) {
        int64 const start = DatumGetTimestampTz(*rows.get(d, 0));
        if (from && *from != start) ++number;
        if (!from && start > as_of_) ++number;  // it has not begun yet
        from = start;
        if (DatumGetBool(*rows.get(d, 1))) period_[d] = number;
    }
}

void BudgetFutures::simulate() {
    std::size_t const days = starts_.size() - 1;
    std::vector<double> series = history_;
    if (series.empty())  // the first day there is: as if it went on evenly
        series.push_back(today_ > 0 ? today_ / std::max(1 - rest_share_, 0.05) : 0);
    paths_ = core::SpendPaths(series, week, days, pg::check_for_interrupts).paths();
    // Today is what is left of it, at the pace so far: half a day's spend of doubt keeps an early hour from mattering.
    double const whole = mean_of(paths_, 0), so_far = whole * (1 - rest_share_), doubt = 0.5 * whole;
    double const pace = whole > 0 ? std::clamp((today_ + doubt) / (so_far + doubt), 0.2, 5.0) : 0;
    for (std::vector<double> &path : paths_)
        path[0] = std::max(0.0, whole * rest_share_ * pace + (path[0] - whole) * std::sqrt(rest_share_));
}

std::vector<DayOutlook> BudgetFutures::days() const {
    std::vector<DayOutlook> result(static_cast<std::size_t>(horizon_));
    double const share = 1 / static_cast<double>(paths_.size());
    std::vector<double> spent(paths_.size(), budget_ ? budget_->spent : 0), sorted(paths_.size());
    int period = 0;
    for (std::size_t d = 0; d < result.size(); ++d) {
        DayOutlook &day = result[d];
        day.date = static_cast<int32>(core::floor_div(zone_.local(starts_[d]), core::micros_per_day));
        day.mean = mean_of(paths_, d);
        for (std::size_t p = 0; p < paths_.size(); ++p) sorted[p] = paths_[p][d];
        std::sort(sorted.begin(), sorted.end());
        day.lower_80 = core::quantile7_sorted(sorted, 0.1), day.upper_80 = core::quantile7_sorted(sorted, 0.9);
        day.lower_95 = core::quantile7_sorted(sorted, 0.025), day.upper_95 = core::quantile7_sorted(sorted, 0.975);
        if (period_[d] < 0) continue;
        day.in_force = true;
        if (period_[d] != period) std::fill(spent.begin(), spent.end(), 0.0);
        period = period_[d];
        for (std::size_t p = 0; p < paths_.size(); ++p) {
            spent[p] += paths_[p][d];
            day.cumulative += spent[p] * share;
            day.p_exhausted += spent[p] > budget_->amount ? share : 0;
        }
        day.p_exhausted = std::min(day.p_exhausted, 1.0);
    }
    return result;
}

std::optional<double> BudgetFutures::period_total() const {
    if (!budget_ || budget_->ends > starts_.back() || period_[0] != 0) return std::nullopt;
    double total = budget_->spent;
    for (std::size_t d = 0; d < period_.size() && period_[d] == 0; ++d) total += mean_of(paths_, d);
    return total;
}

std::optional<double> BudgetFutures::days_until_exceeded() const {
    if (!budget_ || period_[0] != 0) return std::nullopt;
    double const left = budget_->amount - budget_->spent;
    if (left < 0) return 0;
    auto const in_days = [](int64 length) { return static_cast<double>(length) / static_cast<double>(engine::day); };
    std::vector<double> times;
    for (const std::vector<double> &path : paths_) {
        double time = std::numeric_limits<double>::infinity(), spent = 0;
        for (std::size_t d = 0; d < path.size() && period_[d] == 0; ++d) {
            if (spent + path[d] > left) {
                double const share = (left - spent) / path[d];
                int64 const from = std::max(starts_[d], as_of_);
                time = in_days(from - as_of_) + share * in_days(starts_[d + 1] - from);
                break;
            }
            spent += path[d];
        }
        times.push_back(time);
    }
    auto const middle = times.begin() + static_cast<std::ptrdiff_t>((times.size() - 1) / 2);
    std::nth_element(times.begin(), middle, times.end());
    return std::isfinite(*middle) ? std::optional(*middle) : std::nullopt;
}

}  // namespace analytics::spend
