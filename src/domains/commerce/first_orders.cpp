#include "domains/commerce/first_orders.hpp"

#include "domains/commerce/first_orders_sql.hpp"
#include "domains/commerce/range_arrays.hpp"

#include <algorithm>
#include <array>

namespace analytics::commerce {
namespace {

using core::TimeRange;

/// Counts of slots, fed by instants.
class Slots {
  public:
    explicit Slots(std::span<const int64> edges) : edges_(edges), counts_(edges.size() - 1) {}
    std::size_t of(int64 at) const {
        return static_cast<std::size_t>(std::upper_bound(edges_.begin(), edges_.end(), at) - edges_.begin()) - 1;
    }
    void add(int64 at, int64 number) {
        if (at >= edges_.front() && at < edges_.back()) counts_[of(at)] += number;
    }
    std::span<const int64> edges() const { return edges_; }
    std::vector<int64> take() { return std::move(counts_); }

  private:
    std::span<const int64> edges_;
    std::vector<int64> counts_;
};

/// Nothing is summarised: every first order comes from the source.
void add_from_source(const pg::Spi &spi, Datum tenant, Slots &slots) {
    static pg::Statement statement(
        "SELECT f.at FROM (SELECT pg_catalog.min(o.created_at) AS at FROM analytics_data.orders o "
        "WHERE o.tenant_id = $1 AND o.created_at < $3 AND " FIRST_ORDER_COUNTS
        " GROUP BY o.customer_id) f WHERE f.at >= $2",
        {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID});
    std::array const values{tenant, TimestampTzGetDatum(slots.edges().front()),
                            TimestampTzGetDatum(slots.edges().back())};
    pg::Result const rows = statement.run(spi, values);
    for (uint64 i = 0; i < rows.size(); ++i) slots.add(DatumGetTimestampTz(*rows.get(i, 0)), 1);
    rows.free();
}

/// Whole hours by their counts, the ragged ends of slots by their customers.
void add_stored(const pg::Spi &spi, Datum tenant, Slots &slots) {
    std::span<const int64> const edges = slots.edges();
    RangeArrays ragged;
    std::vector<TimeRange> whole;
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
        int64 const first = core::ceil_to(edges[i], engine::hour), last = core::floor_to(edges[i + 1], engine::hour);
        if (first >= last) {
            ragged.add(edges[i], edges[i + 1]);
            continue;
        }
        if (edges[i] < first) ragged.add(edges[i], first);
        if (last < edges[i + 1]) ragged.add(last, edges[i + 1]);
        if (!whole.empty() && whole.back().to == first) whole.back().to = last;
        else whole.push_back({first, last});
    }
    static pg::Statement counts("SELECT c.hour, c.new_customers FROM analytics_store.customer_first_order_counts c "
                                "WHERE c.tenant_id = $1 AND c.hour >= $2 AND c.hour < $3",
                                {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID}, pg::PlanFor::by_index);
    for (TimeRange r : whole) {
        std::array const values{tenant, TimestampTzGetDatum(r.from), TimestampTzGetDatum(r.to)};
        pg::Result const rows = counts.run(spi, values);
        for (uint64 i = 0; i < rows.size(); ++i)
            slots.add(DatumGetTimestampTz(*rows.get(i, 0)), DatumGetInt64(*rows.get(i, 1)));
        rows.free();
    }
    if (ragged.empty()) return;
    static pg::Statement ends("SELECT r.f, (SELECT pg_catalog.count(*) FROM analytics_store.customer_first_orders s "
                              "WHERE s.tenant_id = $1 AND s.first_order_at >= r.f AND s.first_order_at < r.t) "
                              "FROM unnest($2, $3) r(f, t)",
                              {TEXTOID, instants, instants}, pg::PlanFor::by_index);
    std::array const values{tenant, ragged.from_array(), ragged.to_array()};
    pg::Result const rows = ends.run(spi, values);
    for (uint64 i = 0; i < rows.size(); ++i)
        slots.add(DatumGetTimestampTz(*rows.get(i, 0)), DatumGetInt64(*rows.get(i, 1)));
    rows.free();
}

/// Moves the customers whose true first order is another one than stored.
///
/// It can be another one only if the stored one lies in a live range (the order may be gone), or an order in a live
/// range is earlier. Ranges after the window do not matter. Nor do orders before a window that lies above what is
/// summarised: they make nobody new in it, and no first order is stored there.
void add_corrections(const pg::Spi &spi, const engine::Live &live, Datum tenant, Slots &slots) {
    int64 const from = slots.edges().front(), to = slots.edges().back();
    RangeArrays orders, stored;
    for (TimeRange r : live.ranges) {
        int64 const end = std::min(r.to, to), start = from >= live.summarised_to ? std::max(r.from, from) : r.from;
        if (start < end) orders.add(start, end);
        if (r.from < std::min(end, live.summarised_to)) stored.add(r.from, std::min(end, live.summarised_to));
    }
    if (orders.empty() && stored.empty()) return;
    // OFFSET 0: each range by its own index; the planner would rather read all orders in the order of their customers.
    static pg::Statement statement(
        "WITH ordered AS (SELECT o.customer_id, pg_catalog.min(o.created_at) AS at FROM unnest($2, $3) r(f, t) CROSS "
        "JOIN "
        "LATERAL (SELECT o.customer_id, o.created_at FROM analytics_data.orders o WHERE o.tenant_id = $1 AND "
        "o.created_at >= r.f AND o.created_at < r.t AND " FIRST_ORDER_COUNTS " OFFSET 0) o GROUP BY 1), "
        "doubtful AS (SELECT o.customer_id, s.first_order_at FROM ordered o LEFT JOIN LATERAL (SELECT s.first_order_at "
        "FROM analytics_store.customer_first_orders s WHERE s.tenant_id = $1 AND s.customer_id = o.customer_id OFFSET "
        "0) s ON true WHERE s.first_order_at IS NULL OR o.at < s.first_order_at "
        "UNION "
        "SELECT s.customer_id, s.first_order_at FROM unnest($4, $5) r(f, t) CROSS JOIN LATERAL (SELECT s.customer_id, "
        "s.first_order_at FROM analytics_store.customer_first_orders s "
        "WHERE s.tenant_id = $1 AND s.first_order_at >= r.f AND s.first_order_at < r.t OFFSET 0) s) "
        "SELECT d.first_order_at, f.created_at FROM doubtful d LEFT JOIN LATERAL " FIRST_ORDER_OF(
            "$1", "d.customer_id", "") " f "
                                       "ON true WHERE d.first_order_at IS DISTINCT FROM f.created_at",
        {TEXTOID, instants, instants, instants, instants}, pg::PlanFor::few_rows);
    std::array const values{tenant, orders.from_array(), orders.to_array(), stored.from_array(), stored.to_array()};
    pg::Result const rows = statement.run(spi, values);
    for (uint64 i = 0; i < rows.size(); ++i) {
        if (std::optional<Datum> const at = rows.get(i, 0)) slots.add(DatumGetTimestampTz(*at), -1);
        if (std::optional<Datum> const at = rows.get(i, 1)) slots.add(DatumGetTimestampTz(*at), 1);
    }
    rows.free();
}

}  // namespace

std::vector<int64> new_customers(const pg::Spi &spi, const engine::Live &live, std::string_view tenant,
                                 std::span<const int64> edges) {
    Slots slots(edges);
    Datum const name = pg::to_text(tenant);
    if (live.ranges.front() == TimeRange{engine::beginning, engine::end_of_time}) add_from_source(spi, name, slots);
    else {
        add_stored(spi, name, slots);
        add_corrections(spi, live, name, slots);
    }
    return slots.take();
}

}  // namespace analytics::commerce
