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
    Datum revenue = 0;     // numeric
    Datum customer_set{};  // distinct_set, where it was asked for and is not empty
};

struct SalesBySlot {
    std::vector<Sales> slots;
    engine::Live live;  // what had to be read from the orders
};

enum class Customers : std::uint8_t { left_out, counted, in_sets };

/// The sums of order_stats in each slot. An order that was fulfilled only after `as_of` counts as pending: the past is
/// read from fulfilled_at, cancelled and refunded keep no instant and show today's state.
/// @param customers_from  slots that begin earlier have none: for any slot that is not one stored bucket sets must be
/// read
SalesBySlot read_sales(const Shop &, const std::vector<int64> &edges, int64 as_of, Customers,
                       int64 customers_from = DT_NOBEGIN);

struct Visits {
    int64 sessions = 0, customers = 0;
};
struct VisitsBySlot {
    std::vector<Visits> slots;
    engine::Live live;  // what had to be read from the sessions
};
VisitsBySlot read_visits(const Shop &, const std::vector<int64> &edges);

/// Distinct customers who ordered or had a session, in each hour [edges[i], edges[i + 1]). Sets are read only where an
/// hour has both and is not stored as it is now.
std::vector<int64> active_customers(const Shop &, const std::vector<int64> &edges, const SalesBySlot &,
                                    const VisitsBySlot &);

/// Distinct customers of [from, to): who ordered, and who ordered or had a session.
struct WindowCustomers {
    int64 ordered, active;
};
/// @param sales  of the slots that make up the window, with sets of customers
WindowCustomers window_customers(const Shop &, int64 from, int64 to, std::span<const Sales> sales);

}  // namespace analytics::commerce
