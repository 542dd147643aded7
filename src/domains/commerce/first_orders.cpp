#include "domains/commerce/first_orders.hpp"

#include "domains/commerce/overlaps.hpp"
#include "domains/commerce/range_arrays.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace analytics::commerce {
namespace {

using core::TimeRange;

/// The instant of each order that counts, and whose it is; the index orders_customer_created_at has the same condition.
#define COUNTS "o.customer_id IS NOT NULL AND o.status OPERATOR(pg_catalog.<>) 'cancelled'"
/// A customer's first order below an instant.
#define FIRST_ORDER(tenant, customer, and_also)                                                                      \
    "(SELECT o.created_at FROM analytics_data.orders o WHERE o.tenant_id = " tenant " AND o.customer_id = " customer \
    " AND " COUNTS and_also " ORDER BY o.created_at LIMIT 1)"

/// One refresh: which customers' first orders change, and then the counts of the hours that lose or gain one.
class Refresh {
  public:
    Refresh(const pg::Spi &spi, Snapshot snapshot, int64 summarised_to)
        : spi_(spi), snapshot_(snapshot), summarised_to_(summarised_to) {}

    void run(std::span<const engine::RefreshedRange> ranges) {
        RangeArrays all, own;
        bool everything = false;
        for (const engine::RefreshedRange &r : ranges) {
            everything = everything || (!r.tenant && r.from == engine::beginning && r.to >= summarised_to_);
            if (r.tenant) own.add(*r.tenant, r.from, r.to);
            else all.add(r.from, r.to);
        }
        if (everything) clear();
        else forget(all, own);
        find(all, own, everything);
        count();
    }

  private:
    void clear() {
        static pg::Statement keys("DELETE FROM analytics_store.customer_first_orders", {});
        static pg::Statement counts("DELETE FROM analytics_store.customer_first_order_counts", {});
        keys.run_under(spi_, snapshot_, {});
        counts.run_under(spi_, snapshot_, {});
    }

    /// Whoever's first order lay in a range has to be looked up again: that order may be gone.
    void forget(RangeArrays &all, RangeArrays &own) {
        static pg::Statement of_all("DELETE FROM analytics_store.customer_first_orders s USING unnest($1, $2) r(f, t) "
                                    "WHERE s.first_order_at >= r.f AND s.first_order_at < r.t "
                                    "RETURNING s.tenant_id, s.customer_id, s.first_order_at",
                                    {instants, instants}, pg::PlanFor::by_index);
        static pg::Statement of_own(
            "DELETE FROM analytics_store.customer_first_orders s USING unnest($1, $2, $3) r(tenant, f, t) "
            "WHERE s.tenant_id = r.tenant AND s.first_order_at >= r.f AND s.first_order_at < r.t "
            "RETURNING s.tenant_id, s.customer_id, s.first_order_at",
            {TEXTARRAYOID, instants, instants}, pg::PlanFor::by_index);
        if (!all.empty()) {
            std::array const values{all.from_array(), all.to_array()};
            take(of_all.run_under(spi_, snapshot_, values));
        }
        if (!own.empty()) {
            std::array const values{own.tenant_array(), own.from_array(), own.to_array()};
            take(of_own.run_under(spi_, snapshot_, values));
        }
    }

    void take(const pg::Result &forgotten) {
        for (uint64 i = 0; i < forgotten.size(); ++i) {
            std::string const tenant = pg::to_string(*forgotten.get(i, 0));
            tenants_.push_back(pg::to_text(tenant));
            customers_.push_back(pg::to_text(pg::to_string(*forgotten.get(i, 1))));
            hours_.emplace(tenant, core::floor_to(DatumGetTimestampTz(*forgotten.get(i, 2)), engine::hour));
            if ((i & 1023) == 1023) pg::check_for_interrupts();
        }
        forgotten.free();
    }

    /// Everybody else's first order can only have become earlier, by an order in a range.
    void find(RangeArrays &all, RangeArrays &own, bool everything) {
        static const std::string sql =
            "WITH probed AS (SELECT d.tenant_id, d.customer_id, f.created_at FROM unnest($6, $7) d(tenant_id, "
            "customer_id) "
            "CROSS JOIN LATERAL " FIRST_ORDER(
                "d.tenant_id", "d.customer_id",
                " AND o.created_at < $8") " f"
                                          "), found AS ("
                                          "SELECT o.* FROM unnest($1, $2) r(f, t) CROSS JOIN LATERAL (SELECT "
                                          "o.tenant_id, o.customer_id, o.created_at "
                                          "FROM analytics_data.orders o WHERE o.created_at >= r.f AND o.created_at < "
                                          "r.t AND " COUNTS " OFFSET 0) o "
                                          "UNION ALL "
                                          "SELECT o.* FROM unnest($3, $4, $5) r(tenant, f, t) CROSS JOIN LATERAL "
                                          "(SELECT o.tenant_id, o.customer_id, o.created_at "
                                          "FROM analytics_data.orders o WHERE o.tenant_id = r.tenant AND o.created_at "
                                          ">= r.f AND o.created_at < r.t AND " COUNTS " OFFSET 0) o"
                                          "), fresh AS (SELECT x.tenant_id, x.customer_id, "
                                          "pg_catalog.min(x.created_at) AS at "
                                          "FROM (SELECT * FROM probed UNION ALL SELECT * FROM found) x GROUP BY 1, 2"
                                          "), changed AS MATERIALIZED (SELECT f.tenant_id, f.customer_id, f.at, "
                                          "s.first_order_at AS before FROM fresh f LEFT JOIN LATERAL "
                                          "(SELECT s.first_order_at FROM analytics_store.customer_first_orders s "
                                          "WHERE s.tenant_id = f.tenant_id AND s.customer_id = f.customer_id OFFSET 0) "
                                          "s ON true "
                                          "WHERE s.first_order_at IS NULL OR f.at < s.first_order_at"
                                          "), written AS (INSERT INTO analytics_store.customer_first_orders AS s "
                                          "(tenant_id, customer_id, first_order_at) "
                                          "SELECT c.tenant_id, c.customer_id, c.at FROM changed c "
                                          "ON CONFLICT (tenant_id, customer_id) DO UPDATE SET first_order_at = "
                                          "excluded.first_order_at) "
                                          "SELECT DISTINCT c.tenant_id, h.hour FROM changed c CROSS JOIN LATERAL "
                                          "(VALUES "
                                          "(analytics_internal.bucket_of(c.at, 3600000000)), "
                                          "(analytics_internal.bucket_of(c.before, 3600000000))) h(hour) "
                                          "WHERE h.hour IS NOT NULL";
        static const std::vector<Oid> types{instants, instants,     TEXTARRAYOID, instants,
                                            instants, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZOID};
        static pg::Statement of_all_orders(sql, types, pg::PlanFor::by_index),
            of_few(sql, types, pg::PlanFor::few_rows);
        pg::Statement &statement = everything ? of_all_orders : of_few;
        std::array const values{all.from_array(),
                                all.to_array(),
                                own.tenant_array(),
                                own.from_array(),
                                own.to_array(),
                                pg::to_array(tenants_, TEXTOID),
                                pg::to_array(customers_, TEXTOID),
                                TimestampTzGetDatum(summarised_to_)};
        pg::Result const rows = statement.run_under(spi_, snapshot_, values);
        for (uint64 i = 0; i < rows.size(); ++i)
            hours_.emplace(pg::to_string(*rows.get(i, 0)), DatumGetTimestampTz(*rows.get(i, 1)));
        rows.free();
    }

    void count() {
        if (hours_.empty()) return;
        std::vector<Datum> tenants, hours;
        for (const auto &[tenant, hour] : hours_) {
            tenants.push_back(pg::to_text(tenant));
            hours.push_back(TimestampTzGetDatum(hour));
        }
        static pg::Statement statement(
            "WITH counted AS MATERIALIZED (SELECT h.tenant_id, h.hour, (SELECT pg_catalog.count(*) FROM "
            "analytics_store.customer_first_orders s "
            "WHERE s.tenant_id = h.tenant_id AND s.first_order_at >= h.hour AND s.first_order_at < h.hour + interval "
            "'1 hour') AS customers "
            "FROM unnest($1, $2) h(tenant_id, hour)"
            "), emptied AS (DELETE FROM analytics_store.customer_first_order_counts c USING counted k "
            "WHERE c.tenant_id = k.tenant_id AND c.hour = k.hour AND k.customers = 0) "
            "INSERT INTO analytics_store.customer_first_order_counts AS c (tenant_id, hour, new_customers) "
            "SELECT k.tenant_id, k.hour, k.customers FROM counted k WHERE k.customers > 0 "
            "ON CONFLICT (tenant_id, hour) DO UPDATE SET new_customers = excluded.new_customers "
            "WHERE c.new_customers <> excluded.new_customers",
            {TEXTARRAYOID, instants}, pg::PlanFor::by_index);
        std::array const values{pg::to_array(tenants, TEXTOID), pg::to_array(hours, TIMESTAMPTZOID)};
        statement.run_under(spi_, snapshot_, values);
    }

    const pg::Spi &spi_;
    Snapshot snapshot_;
    int64 summarised_to_;
    std::vector<Datum> tenants_ = {}, customers_ = {};    // whose first order is forgotten
    std::set<std::pair<std::string, int64>> hours_ = {};  // that lose or gain a first order
};

void refresh_order_facts(const pg::Spi &spi, Snapshot snapshot, std::span<const engine::RefreshedRange> ranges,
                         int64 summarised_to) {
    refresh_first_orders(spi, snapshot, ranges, summarised_to);
    refresh_overlaps(spi, snapshot, ranges, summarised_to);
}

[[maybe_unused]] bool const registered = engine::after_refresh("order_stats", refresh_order_facts);

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
        "WHERE o.tenant_id = $1 AND o.created_at < $3 AND " COUNTS " GROUP BY o.customer_id) f WHERE f.at >= $2",
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
        "o.created_at >= r.f AND o.created_at < r.t AND " COUNTS " OFFSET 0) o GROUP BY 1), "
        "doubtful AS (SELECT o.customer_id, s.first_order_at FROM ordered o LEFT JOIN LATERAL (SELECT s.first_order_at "
        "FROM analytics_store.customer_first_orders s WHERE s.tenant_id = $1 AND s.customer_id = o.customer_id OFFSET "
        "0) s ON true WHERE s.first_order_at IS NULL OR o.at < s.first_order_at "
        "UNION "
        "SELECT s.customer_id, s.first_order_at FROM unnest($4, $5) r(f, t) CROSS JOIN LATERAL (SELECT s.customer_id, "
        "s.first_order_at FROM analytics_store.customer_first_orders s "
        "WHERE s.tenant_id = $1 AND s.first_order_at >= r.f AND s.first_order_at < r.t OFFSET 0) s) "
        "SELECT d.first_order_at, f.created_at FROM doubtful d LEFT JOIN LATERAL " FIRST_ORDER(
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

#undef FIRST_ORDER
#undef COUNTS

}  // namespace

void refresh_first_orders(const pg::Spi &spi, Snapshot snapshot, std::span<const engine::RefreshedRange> ranges,
                          int64 summarised_to) {
    Refresh(spi, snapshot, summarised_to).run(ranges);
}

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
