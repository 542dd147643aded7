#include "domains/commerce/shop_hours.hpp"

#include "core/sketch/distinct_union.hpp"
#include "domains/commerce/overlaps.hpp"
#include "engine/sketch_types.hpp"

#include <algorithm>
#include <array>

namespace analytics::commerce {
namespace {

using core::TimeRange;

bool is_late(const engine::Cell &last_fulfilled_at, int64 as_of) {
    return !last_fulfilled_at.null && DatumGetTimestampTz(last_fulfilled_at.value) > as_of;
}

/// The part of a range that may hold orders fulfilled after `as_of`, to the hour: raw rows are dear.
TimeRange late_hours(const Shop &shop, TimeRange range, int64 as_of) {
    std::vector<int64> edges{range.from};
    for (int64 at = core::floor_to(range.from, engine::hour) + engine::hour; at < range.to; at += engine::hour)
        edges.push_back(at);
    edges.push_back(range.to);
    int const measure = shop.order_stats.measure("last_fulfilled_at");
    engine::Answer const answer = engine::read(shop.spi, shop.order_stats, {shop.tenant, edges, {measure}});
    TimeRange late{range.to, range.to};
    for (int slot = 0; slot < answer.slots; ++slot) {
        if (!is_late(answer.cell(answer.groups.front(), slot, 0), as_of)) continue;
        if (late.from == range.to) late.from = edges[static_cast<std::size_t>(slot)];
        late.to = edges[static_cast<std::size_t>(slot) + 1];
    }
    return late;
}

/// Orders of a range that were fulfilled after `as_of` count as pending.
void move_to_pending(const Shop &shop, const std::vector<int64> &edges, TimeRange range, int64 as_of,
                     std::vector<Sales> &sales) {
    static pg::Statement statement(
        "SELECT o.created_at FROM analytics_data.orders o WHERE o.tenant_id = $1 AND o.created_at >= $2 "
        "AND o.created_at < $3 AND o.status = 'fulfilled' AND o.fulfilled_at > $4",
        {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID}, pg::PlanFor::by_index);
    std::array const values{pg::to_text(shop.tenant), TimestampTzGetDatum(range.from), TimestampTzGetDatum(range.to),
                            TimestampTzGetDatum(as_of)};
    pg::Result const rows = statement.run(shop.spi, values);
    for (uint64 i = 0; i < rows.size(); ++i) {
        int64 const at = DatumGetTimestampTz(*rows.get(i, 0));
        auto const slot =
            static_cast<std::size_t>(std::upper_bound(edges.begin(), edges.end(), at) - edges.begin()) - 1;
        --sales[slot].fulfilled, ++sales[slot].pending;
    }
    rows.free();
}

/// The sets of distinct customers of a rollup, by slot.
engine::Answer read_customers(const Shop &shop, const engine::Rollup &rollup, const std::vector<int64> &edges) {
    return engine::read(shop.spi, rollup, {shop.tenant, edges, {rollup.measure("customers")}}, true);
}

/// How many customers two sets have together.
int64 united(const engine::Cell &a, const engine::Cell &b) {
    if (a.count == 0 || b.count == 0) return a.count + b.count;
    return static_cast<int64>(core::united_cardinality(engine::stored_bytes(a.value), engine::stored_bytes(b.value)));
}

/// Whether none of some disjoint ascending ranges touches one.
bool is_clean(const std::vector<TimeRange> &live, int64 from, int64 to) {
    auto const next =
        std::lower_bound(live.begin(), live.end(), from, [](TimeRange r, int64 at) { return r.to <= at; });
    return next == live.end() || next->from >= to;
}

/// Reads the sets of consecutive hours first..last.
void unite_sets(const Shop &shop, const std::vector<int64> &edges, std::size_t first, std::size_t last,
                std::vector<int64> &active) {
    auto const at = [&](std::size_t i) { return edges.begin() + static_cast<std::ptrdiff_t>(i); };
    std::vector<int64> const span(at(first), at(last) + 2);
    engine::Answer const ordered = read_customers(shop, shop.order_stats, span),
                         visited = read_customers(shop, shop.session_stats, span);
    for (std::size_t i = first; i <= last; ++i) {
        auto const slot = static_cast<int>(i - first);
        active[i] =
            united(ordered.cell(ordered.groups.front(), slot, 0), visited.cell(visited.groups.front(), slot, 0));
    }
}

}  // namespace

SalesBySlot read_sales(const Shop &shop, const std::vector<int64> &edges, int64 as_of, Customers which,
                       int64 customers_from) {
    enum : int { orders, revenue, fulfilled, pending, last_fulfilled_at, customers };
    std::vector<int> measures;
    for (const char *name : {"orders", "revenue", "fulfilled", "pending", "last_fulfilled_at", "customers"})
        measures.push_back(shop.order_stats.measure(name));
    if (which == Customers::left_out) measures.pop_back();
    auto const measure = [&](int m) -> const engine::Measure & {
        return shop.order_stats.measures[static_cast<std::size_t>(measures[static_cast<std::size_t>(m)])];
    };
    engine::Query query{shop.tenant, edges, measures};
    query.distinct_from = customers_from;
    engine::Answer const answer = engine::read(shop.spi, shop.order_stats, query, which == Customers::in_sets);
    const engine::Group &all = answer.groups.front();
    std::vector<Sales> sales(edges.size() - 1);
    std::optional<std::size_t> first_late, last_late;
    for (int slot = 0; slot < answer.slots; ++slot) {
        auto const cell = [&](int m) -> const engine::Cell & { return answer.cell(all, slot, m); };
        Sales &s = sales[static_cast<std::size_t>(slot)];
        s.orders = engine::as_int64(measure(orders), cell(orders));
        s.fulfilled = engine::as_int64(measure(fulfilled), cell(fulfilled));
        s.pending = engine::as_int64(measure(pending), cell(pending));
        if (which != Customers::left_out) s.customers = cell(customers).count;
        if (which == Customers::in_sets && s.customers > 0) s.customer_set = cell(customers).value;
        s.revenue = engine::as_numeric(measure(revenue), cell(revenue));
        if (!is_late(cell(last_fulfilled_at), as_of)) continue;
        if (!first_late) first_late = static_cast<std::size_t>(slot);
        last_late = static_cast<std::size_t>(slot);
    }
    if (first_late) {
        TimeRange late{edges[*first_late], edges[*last_late + 1]};
        if (edges[*first_late + 1] - edges[*first_late] > engine::hour) late = late_hours(shop, late, as_of);
        move_to_pending(shop, edges, late, as_of, sales);
    }
    return {std::move(sales), answer.live};
}

VisitsBySlot read_visits(const Shop &shop, const std::vector<int64> &edges) {
    std::vector<int> const measures{shop.session_stats.measure("sessions"), shop.session_stats.measure("customers")};
    engine::Answer const answer = engine::read(shop.spi, shop.session_stats, {shop.tenant, edges, measures});
    const engine::Measure &sessions = shop.session_stats.measures[static_cast<std::size_t>(measures[0])];
    const engine::Group &all = answer.groups.front();
    std::vector<Visits> visits;
    for (int slot = 0; slot < answer.slots; ++slot)
        visits.push_back({engine::as_int64(sessions, answer.cell(all, slot, 0)), answer.cell(all, slot, 1).count});
    return {std::move(visits), answer.live};
}

std::vector<int64> active_customers(const Shop &shop, const std::vector<int64> &edges, const SalesBySlot &of_orders,
                                    const VisitsBySlot &of_sessions) {
    const std::vector<Sales> &sales = of_orders.slots;
    const std::vector<Visits> &visits = of_sessions.slots;
    std::vector<int64> active(sales.size());
    auto const has_both = [&](std::size_t i) { return sales[i].customers > 0 && visits[i].customers > 0; };
    bool any = false;
    for (std::size_t i = 0; i < sales.size(); ++i) {
        active[i] = sales[i].customers + visits[i].customers;
        any = any || has_both(i);
    }
    if (!any) return active;
    std::map<int64, int64> const overlaps = read_overlaps(shop.spi, shop.tenant, edges.front(), edges.back());
    std::size_t open = 0;  // hours right before this one whose sets must be read
    for (std::size_t i = 0; i <= sales.size(); ++i) {
        bool const clean = i < sales.size() && is_clean(of_orders.live.ranges, edges[i], edges[i + 1]) &&
                           is_clean(of_sessions.live.ranges, edges[i], edges[i + 1]);
        if (i < sales.size() && has_both(i) && !clean) {
            ++open;
            continue;
        }
        if (open > 0) unite_sets(shop, edges, i - open, i - 1, active);
        open = 0;
        if (i == sales.size() || !has_both(i)) continue;
        auto const overlap = overlaps.find(edges[i]);
        if (overlap != overlaps.end()) active[i] -= overlap->second;
    }
    return active;
}

WindowCustomers window_customers(const Shop &shop, int64 from, int64 to, std::span<const Sales> sales) {
    engine::Answer const visited = read_customers(shop, shop.session_stats, {from, to});
    const engine::Cell &visitors = visited.cell(visited.groups.front(), 0, 0);
    std::span<const std::byte> buyers;
    std::vector<std::byte> several;
    for (const Sales &slot : sales) {
        if (slot.customers == 0) continue;
        std::span<const std::byte> const set = engine::stored_bytes(slot.customer_set);
        if (!buyers.empty()) several = core::united(buyers, set);
        buyers = buyers.empty() ? set : several;
    }
    if (buyers.empty()) return {0, visitors.count};
    auto const ordered = static_cast<int64>(core::DistinctSet::cardinality(buyers));
    if (visitors.count == 0) return {ordered, ordered};
    return {ordered, static_cast<int64>(core::united_cardinality(buyers, engine::stored_bytes(visitors.value)))};
}

}  // namespace analytics::commerce
