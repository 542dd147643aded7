#pragma once
// What the dashboard asks of the rollups order_stats and session_stats: the sums of slots of time.
#include "engine/reader.hpp"
#include "pg/numeric.hpp"

namespace analytics::commerce {

/// Whose orders and sessions are asked for.
struct Shop {
    explicit Shop(const pg::Spi &connection)
        : spi(connection), tenant(engine::current_tenant()), order_stats(engine::find_rollup(spi, "order_stats")),
          session_stats(engine::find_rollup(spi, "session_stats")) {}
    const pg::Spi &spi;
    std::string tenant;
    engine::Rollup order_stats, session_stats;  // copies: a reference stays good only until the engine is asked again
};

/// Sums of a slot as they stood at the instant that was asked for.
struct Sales {
    int64 orders = 0, fulfilled = 0, pending = 0, customers = 0;
    Datum revenue = 0;  // numeric
};

enum class Customers : bool { left_out, counted };

/// The sums of order_stats in each slot, with or without distinct customers (whose sets must be read for any slot that
/// is not one stored bucket). An order that was fulfilled only after `as_of` counts as pending: the past is read from
/// fulfilled_at, cancelled and refunded keep no instant and show today's state.
std::vector<Sales> read_sales(const Shop &, const std::vector<int64> &edges, int64 as_of, Customers);

struct Visits {
    int64 sessions = 0, customers = 0;
};
std::vector<Visits> read_visits(const Shop &, const std::vector<int64> &edges);

/// Distinct customers who ordered or had a session, in each hour [edges[i], edges[i + 1]). Sets are read only where an
/// hour has both and is not stored as it is now.
std::vector<int64> active_customers(const Shop &, const std::vector<int64> &edges, const std::vector<Sales> &,
                                    const std::vector<Visits> &);

/// Distinct customers of one slot [from, to): who ordered, and who ordered or had a session.
struct WindowCustomers {
    int64 ordered, active;
};
WindowCustomers window_customers(const Shop &, int64 from, int64 to);

}  // namespace analytics::commerce
