#pragma once
// What the dashboard asks of the rollups order_stats and session_stats: the sums of slots of time.
#include "engine/live.hpp"
#include "engine/reader.hpp"

#include "pg/numeric.hpp"

namespace analytics::commerce {

/// Sums of a slot as they stood at the instant that was asked for.
struct Sales {
    int64 orders = 0, fulfilled = 0, pending = 0, customers = 0;
    Datum revenue = 0;  // numeric
};

enum class Customers : bool { left_out, counted };

/// The sums of order_stats in each slot, with or without distinct customers (whose sets must be read for any slot that
/// is not one stored bucket). An order that was fulfilled only after `as_of` counts as pending: the past is
/// read from fulfilled_at, cancelled and refunded keep no instant and show today's state.
std::vector<Sales> read_sales(const pg::Spi &, const engine::Rollup &order_stats, const std::string &tenant,
                              const std::vector<int64> &edges, int64 as_of, Customers);

struct Visits {
    int64 sessions = 0, customers = 0;
};
std::vector<Visits> read_visits(const pg::Spi &, const engine::Rollup &session_stats, const std::string &tenant,
                                const std::vector<int64> &edges);

/// Distinct customers who ordered or had a session, in each slot. Sets are read only where a slot has both.
std::vector<int64> active_customers(const pg::Spi &, const engine::Rollup &order_stats,
                                    const engine::Rollup &session_stats, const std::string &tenant,
                                    const std::vector<int64> &edges, const std::vector<Sales> &,
                                    const std::vector<Visits> &);

/// Distinct customers of one slot [from, to): who ordered, and who ordered or had a session.
struct WindowCustomers {
    int64 ordered, active;
};
WindowCustomers window_customers(const pg::Spi &, const engine::Rollup &order_stats,
                                 const engine::Rollup &session_stats, const std::string &tenant, int64 from, int64 to);

}  // namespace analytics::commerce
