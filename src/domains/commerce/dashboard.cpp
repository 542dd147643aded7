// The shop's dashboard: the last day at a glance, and hour by hour.
#include "core/rollup/cover.hpp"
#include "domains/commerce/first_orders.hpp"
#include "domains/commerce/shop_hours.hpp"
#include "engine/periods.hpp"
#include "pg/numeric.hpp"
#include "pg/rows.hpp"

using namespace analytics;
using commerce::Customers;
using commerce::Sales;

ANALYTICS_FUNCTION(analytics_get_dashboard_summary) {
    pg::Args const args(fcinfo);
    int64 const as_of = engine::as_of_argument(args, 0), end = as_of + 1;  // trailing windows include their end
    pg::Spi const spi;
    commerce::Shop const shop(spi);

    // The 24 hours before, then 23 hours, then the last hour.
    std::vector<int64> const edges{end - 48 * engine::hour, end - 24 * engine::hour, end - engine::hour, end};
    commerce::SalesBySlot const sales_by_slot = commerce::read_sales(shop, edges, as_of, Customers::in_sets, edges[1]);
    const std::vector<Sales> &sales = sales_by_slot.slots;
    const Sales &before = sales[0], &hour = sales[2];
    Sales day = sales[1];
    day.orders += hour.orders, day.fulfilled += hour.fulfilled, day.pending += hour.pending;
    day.revenue = pg::add(day.revenue, hour.revenue);

    std::array const window{end - 24 * engine::hour, end};
    commerce::WindowCustomers const customers =
        commerce::window_customers(shop, window[0], window[1], std::span(sales).subspan(1));
    int64 const fresh = commerce::new_customers(spi, shop.order_stats, sales_by_slot.live, shop.tenant, window).front();

    using pg::NumericValue;
    return pg::make_row(fcinfo, hour.orders, NumericValue{hour.revenue}, day.orders, NumericValue{day.revenue},
                        pg::quotient(day.revenue, pg::to_numeric(day.orders), 2), before.orders,
                        NumericValue{before.revenue}, pg::quotient(day.fulfilled, 100, day.orders, 2), day.pending,
                        fresh, customers.active, customers.ordered - fresh, pg::Timestamp{as_of});
}

ANALYTICS_FUNCTION(analytics_get_hourly_trends) {
    pg::Args const args(fcinfo);
    int32 const hours = args.integer(0, "hours_back", 1, 168, 24);
    int64 const as_of = engine::as_of_argument(args, 1), end = core::floor_to(as_of, engine::hour);
    using Number = std::optional<pg::NumericValue>;
    pg::RowSink<pg::Timestamp, int64, pg::NumericValue, Number, Number, int64, int64, int64, int64, int64, int64,
                Number, Number>
        rows(fcinfo);
    pg::Spi const spi;
    commerce::Shop const shop(spi);

    std::vector<int64> edges;  // one hour more: the oldest is compared with the one before
    for (int32 i = -hours - 1; i <= 0; ++i) edges.push_back(end + i * engine::hour);
    commerce::SalesBySlot const sales_by_slot = commerce::read_sales(shop, edges, as_of, Customers::counted);
    commerce::VisitsBySlot const visits_by_slot = commerce::read_visits(shop, edges);
    std::vector<int64> const active = commerce::active_customers(shop, edges, sales_by_slot, visits_by_slot);
    std::vector<int64> const fresh =
        commerce::new_customers(spi, shop.order_stats, sales_by_slot.live, shop.tenant, edges);
    const std::vector<Sales> &sales = sales_by_slot.slots;
    const std::vector<commerce::Visits> &visits = visits_by_slot.slots;
    for (std::size_t i = sales.size() - 1; i > 0; --i) {
        const Sales &now = sales[i], &before = sales[i - 1];
        rows.put(pg::Timestamp{edges[i]}, now.orders, pg::NumericValue{now.revenue},
                 pg::quotient(now.revenue, pg::to_numeric(now.orders), 2),
                 pg::quotient(now.fulfilled, 100, now.orders, 2), now.fulfilled, now.pending, fresh[i], active[i],
                 now.customers - fresh[i], visits[i].sessions, pg::percent_change(now.orders, before.orders),
                 pg::percent_change(now.revenue, before.revenue));
    }
    return 0;
}
