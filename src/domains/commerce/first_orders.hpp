#pragma once
// New customers: a fact about a customer's whole life, their first order ever that was not cancelled.
//
// analytics_store.customer_first_orders has it by customer, counting only orders below what the rollup order_stats has
// summarised; customer_first_order_counts has how many fall into each hour. The refresh of the rollup keeps both in
// step (first_orders_refresh.cpp). A reader corrects them by the customers of the ranges that must be read from the
// source: an order that came, changed or went since lies in one of those.
#include "engine/live.hpp"
#include "engine/refresh.hpp"

namespace analytics::commerce {

/// How many customers of a tenant had their first order in each slot [edges[i], edges[i + 1]), under the active
/// snapshot. `live`: of `order_stats`, under the same snapshot.
std::vector<int64> new_customers(const pg::Spi &, const engine::Rollup &order_stats, const engine::Live &live,
                                 const std::string &tenant, std::span<const int64> edges);

}  // namespace analytics::commerce
