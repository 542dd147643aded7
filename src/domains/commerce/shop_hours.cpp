#include "domains/commerce/shop_hours.hpp"

#include "engine/sketch_types.hpp"

#include <algorithm>
#include <array>

namespace analytics::commerce {
namespace {

/// Orders of [from, to) that were fulfilled after `as_of`, by instant.
void move_to_pending(const pg::Spi &spi, const std::string &tenant, const std::vector<int64> &edges, std::size_t first,
                     std::size_t last, int64 as_of, std::vector<Sales> &sales) {
    static pg::Statement statement(
        "SELECT o.created_at FROM analytics_data.orders o WHERE o.tenant_id = $1 AND o.created_at >= $2 "
        "AND o.created_at < $3 AND o.status = 'fulfilled' AND o.fulfilled_at > $4",
        {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID}, true);
    std::array const values{pg::to_text(tenant), TimestampTzGetDatum(edges[first]),
                            TimestampTzGetDatum(edges[last + 1]), TimestampTzGetDatum(as_of)};
    pg::Result const rows = statement.run(spi, values);
    for (uint64 i = 0; i < rows.size(); ++i) {
        int64 const at = DatumGetTimestampTz(*rows.get(i, 0));
        auto const slot =
            static_cast<std::size_t>(std::upper_bound(edges.begin(), edges.end(), at) - edges.begin()) - 1;
        --sales[slot].fulfilled, ++sales[slot].pending;
    }
    rows.free();
}

/// The distinct customers of a rollup, by slot.
engine::Answer read_customers(const pg::Spi &spi, const engine::Rollup &rollup, const std::string &tenant,
                              const std::vector<int64> &edges, bool with_sets) {
    return engine::read(spi, rollup, {tenant, edges, {rollup.measure("customers")}}, with_sets);
}

/// How many customers two sets have together.
int64 united(const engine::Cell &a, const engine::Cell &b) {
    if (a.count == 0 || b.count == 0) return a.count + b.count;
    core::DistinctSet both;
    both.merge(engine::stored_bytes(a.value));
    both.merge(engine::stored_bytes(b.value));
    return static_cast<int64>(both.cardinality());
}

}  // namespace

std::vector<Sales> read_sales(const pg::Spi &spi, const engine::Rollup &order_stats, const std::string &tenant,
                              const std::vector<int64> &edges, int64 as_of, Customers which) {
    enum : int { orders, revenue, fulfilled, pending, last_fulfilled_at, customers };
    std::vector<int> measures;
    for (const char *name : {"orders", "revenue", "fulfilled", "pending", "last_fulfilled_at", "customers"})
        measures.push_back(order_stats.measure(name));
    if (which == Customers::left_out) measures.pop_back();
    auto const measure = [&](int m) -> const engine::Measure & {
        return order_stats.measures[static_cast<std::size_t>(measures[static_cast<std::size_t>(m)])];
    };
    engine::Answer const answer = engine::read(spi, order_stats, {tenant, edges, measures});
    const engine::Group &all = answer.groups.front();
    std::vector<Sales> sales(edges.size() - 1);
    std::optional<std::size_t> first_late, last_late;
    for (int slot = 0; slot < answer.slots; ++slot) {
        auto const cell = [&](int m) -> const engine::Cell & { return answer.cell(all, slot, m); };
        Sales &s = sales[static_cast<std::size_t>(slot)];
        s.orders = engine::as_int64(measure(orders), cell(orders));
        s.fulfilled = engine::as_int64(measure(fulfilled), cell(fulfilled));
        s.pending = engine::as_int64(measure(pending), cell(pending));
        if (which == Customers::counted) s.customers = cell(customers).count;
        s.revenue = engine::as_numeric(measure(revenue), cell(revenue));
        if (cell(last_fulfilled_at).null || DatumGetTimestampTz(cell(last_fulfilled_at).value) <= as_of) continue;
        if (!first_late) first_late = static_cast<std::size_t>(slot);
        last_late = static_cast<std::size_t>(slot);
    }
    if (first_late) move_to_pending(spi, tenant, edges, *first_late, *last_late, as_of, sales);
    return sales;
}

std::vector<Visits> read_visits(const pg::Spi &spi, const engine::Rollup &session_stats, const std::string &tenant,
                                const std::vector<int64> &edges) {
    std::vector<int> const measures{session_stats.measure("sessions"), session_stats.measure("customers")};
    engine::Answer const answer = engine::read(spi, session_stats, {tenant, edges, measures});
    std::vector<Visits> visits(edges.size() - 1);
    for (int slot = 0; slot < answer.slots; ++slot) {
        const engine::Group &all = answer.groups.front();
        visits[static_cast<std::size_t>(slot)] = {
            engine::as_int64(session_stats.measures[static_cast<std::size_t>(measures[0])], answer.cell(all, slot, 0)),
            answer.cell(all, slot, 1).count};
    }
    return visits;
}

std::vector<int64> active_customers(const pg::Spi &spi, const engine::Rollup &order_stats,
                                    const engine::Rollup &session_stats, const std::string &tenant,
                                    const std::vector<int64> &edges, const std::vector<Sales> &sales,
                                    const std::vector<Visits> &visits) {
    std::vector<int64> active(sales.size());
    std::size_t first = sales.size(), last = 0;  // slots with both
    for (std::size_t i = 0; i < sales.size(); ++i) {
        active[i] = std::max(sales[i].customers, visits[i].customers);
        if (sales[i].customers == 0 || visits[i].customers == 0) continue;
        first = std::min(first, i), last = i;
    }
    if (first == sales.size()) return active;
    auto const at = [&](std::size_t i) { return edges.begin() + static_cast<std::ptrdiff_t>(i); };
    std::vector<int64> const span(at(first), at(last) + 2);
    engine::Answer const ordered = read_customers(spi, order_stats, tenant, span, true),
                         visited = read_customers(spi, session_stats, tenant, span, true);
    for (std::size_t i = first; i <= last; ++i) {
        auto const slot = static_cast<int>(i - first);
        active[i] =
            united(ordered.cell(ordered.groups.front(), slot, 0), visited.cell(visited.groups.front(), slot, 0));
    }
    return active;
}

WindowCustomers window_customers(const pg::Spi &spi, const engine::Rollup &order_stats,
                                 const engine::Rollup &session_stats, const std::string &tenant, int64 from, int64 to) {
    std::vector<int64> const edges{from, to};
    engine::Answer const visited = read_customers(spi, session_stats, tenant, edges, true);
    const engine::Cell &visitors = visited.cell(visited.groups.front(), 0, 0);
    engine::Answer const ordered = read_customers(spi, order_stats, tenant, edges, visitors.count > 0);
    const engine::Cell &buyers = ordered.cell(ordered.groups.front(), 0, 0);
    return {buyers.count, united(buyers, visitors)};
}

}  // namespace analytics::commerce
