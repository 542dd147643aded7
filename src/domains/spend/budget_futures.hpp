#pragma once
// What a budget, or the tenant where there is none, will spend: simulated futures of its days.
#include "domains/spend/scope.hpp"
#include "engine/periods.hpp"

#include <optional>

namespace analytics::spend {

inline constexpr int longest_horizon = 365;  // days

struct Budget {
    std::string id, period, time_zone = "UTC";
    Scope scope;
    double amount = 0, spent = 0;  // US dollars; spent in the running period until as_of
    int64 unpriced = 0;            // calls of the running period without a price
    int64 ends = 0;                // of the running period, infinite where it never ends
};

/// The spend of a day to come (of the first one: of what is left of it), and of the budget's period at its end.
struct DayOutlook {
    int32 date = 0;  // days since 2000-01-01
    double mean = 0, lower_80 = 0, upper_80 = 0, lower_95 = 0, upper_95 = 0;
    bool in_force = false;  // whether a period of the budget runs at the day's end; the rest is about it
    double cumulative = 0, p_exhausted = 0;
};

/// Days of the budget's time zone (of UTC without one), the running one first. Learnt from a year of daily spend;
/// today's rest from the time of day at which money was spent in the last four weeks, and from today so far.
class BudgetFutures {
  public:
    /// @param horizon  1 to longest_horizon. Errors: PT404 and 22023 of find_budget.
    BudgetFutures(const pg::Spi &, const std::optional<std::string> &budget_id, int horizon, int64 as_of);

    const std::optional<Budget> &budget() const { return budget_; }
    /// Days with spend to learn from: since the first one that has any, today left out.
    std::span<const double> history() const { return history_; }
    double spent_today() const { return today_; }
    std::vector<DayOutlook> days() const;
    /// What the running period will have cost; nothing where it has no end within a year.
    std::optional<double> period_total() const;
    /// When half of the futures have exceeded the budget, in days from as_of; nothing where they have not before the
    /// running period ends (or, if it has no end, within the horizon).
    std::optional<double> days_until_exceeded() const;

  private:
    void load_budget(const pg::Spi &, const std::optional<std::string> &budget_id);
    void read_spend(const pg::Spi &);
    void find_periods(const pg::Spi &);
    void simulate();

    int horizon_;
    int64 as_of_;
    std::optional<Budget> budget_;
    core::Zone zone_ = core::Zone::utc();
    std::vector<int64> starts_;  // of the days to come, today's first, and the end of the last
    std::vector<int> period_;    // of each day: 0 the running one, 1 the next, ...; -1: none in force
    std::vector<double> history_;
    double today_ = 0, rest_share_ = 1;       // spent so far, and which part of a day's spend usually comes later
    std::vector<std::vector<double>> paths_;  // [path][day]; of the first day the rest
};

}  // namespace analytics::spend
