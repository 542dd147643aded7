#include "domains/commerce/first_orders.hpp"

#include "domains/commerce/first_orders_sql.hpp"
#include "domains/commerce/range_arrays.hpp"
#include "engine/reader.hpp"
#include "engine/stored_rows.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <unordered_map>

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

/// $1 tenant, $2 and $3 each range.
void run_each_range(const pg::Spi &spi, pg::Statement &statement, Datum tenant, const std::vector<TimeRange> &ranges,
                    const engine::TakeRow &take) {
    for (TimeRange r : ranges) {
        std::array const values{tenant, TimestampTzGetDatum(r.from), TimestampTzGetDatum(r.to)};
        statement.run_each(spi, values, take);
    }
}

// What both of these read is written by the refresh that writes the rollup's stores.

void count_whole_hours(const pg::Spi &spi, Datum tenant, engine::StoredQuestion question,
                       const std::vector<TimeRange> &hours, Slots &slots) {
    static pg::Statement statement("SELECT c.hour, c.new_customers FROM analytics_store.customer_first_order_counts c "
                                   "WHERE c.tenant_id = $1 AND c.hour >= $2 AND c.hour < $3",
                                   {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID}, pg::PlanFor::by_index);
    question.store = "customer_first_order_counts";
    question.ranges = hours;
    engine::each_stored_row(
        question, {{true, sizeof(int64)}, {true, sizeof(int64)}},
        [&](const Datum *row, const bool *) { slots.add(DatumGetTimestampTz(row[0]), DatumGetInt64(row[1])); },
        [&](const engine::TakeRow &take) { run_each_range(spi, statement, tenant, hours, take); });
}

/// Parts of hours, ascending. The hours are read as a whole, so that the next moment's parts are known already.
void count_ragged(const pg::Spi &spi, Datum tenant, engine::StoredQuestion question,
                  const std::vector<TimeRange> &parts, Slots &slots) {
    if (parts.empty()) return;
    static pg::Statement statement("SELECT s.first_order_at FROM analytics_store.customer_first_orders s "
                                   "WHERE s.tenant_id = $1 AND s.first_order_at >= $2 AND s.first_order_at < $3",
                                   {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID}, pg::PlanFor::by_index);
    std::vector<TimeRange> hours;
    hours.reserve(parts.size());
    for (TimeRange r : parts)
        hours.push_back({core::floor_to(r.from, engine::hour), core::ceil_to(r.to, engine::hour)});
    question.ranges = core::unite(std::move(hours));
    engine::each_stored_row(
        question, {{true, sizeof(int64)}},
        [&](const Datum *row, const bool *) {
            int64 const at = DatumGetTimestampTz(row[0]);
            auto const behind = std::upper_bound(parts.begin(), parts.end(), at,
                                                 [](int64 instant, TimeRange r) { return instant < r.from; });
            if (behind != parts.begin() && at < std::prev(behind)->to) slots.add(at, 1);
        },
        [&](const engine::TakeRow &take) { run_each_range(spi, statement, tenant, question.ranges, take); });
}

/// Whole hours by their counts, the ragged ends of slots by their customers.
void add_stored(const pg::Spi &spi, Datum tenant, engine::StoredQuestion question, Slots &slots) {
    std::span<const int64> const edges = slots.edges();
    std::vector<TimeRange> whole, ragged;
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
        int64 const first = core::ceil_to(edges[i], engine::hour), last = core::floor_to(edges[i + 1], engine::hour);
        if (first >= last) {
            ragged.push_back({edges[i], edges[i + 1]});
            continue;
        }
        if (edges[i] < first) ragged.push_back({edges[i], first});
        if (last < edges[i + 1]) ragged.push_back({last, edges[i + 1]});
        if (!whole.empty() && whole.back().to == first) whole.back().to = last;
        else whole.push_back({first, last});
    }
    count_whole_hours(spi, tenant, question, whole, slots);
    count_ragged(spi, tenant, std::move(question), ragged, slots);
}

/// Customers whose true first order may be another one than stored, and the stored one.
using Doubtful = std::map<std::string, std::optional<int64>>;

/// Customers' first orders as stored; nullopt: none is.
using StoredFirst = std::unordered_map<std::string, std::optional<int64>>;

/// Adds the stored first orders of customers who are not in there.
void look_up(const pg::Spi &spi, Datum tenant, const Doubtful &ordered, StoredFirst &stored) {
    StoredFirst found;
    std::vector<Datum> unknown;
    for (const auto &customer : ordered) {
        if (stored.contains(customer.first)) continue;
        found.try_emplace(customer.first);
        unknown.push_back(pg::to_text(customer.first));
    }
    if (unknown.empty()) return;
    static pg::Statement statement(
        "SELECT s.customer_id, s.first_order_at FROM analytics_store.customer_first_orders s "
        "WHERE s.tenant_id = $1 AND s.customer_id = ANY ($2)",
        {TEXTOID, TEXTARRAYOID}, pg::PlanFor::by_index);
    std::array const values{tenant, pg::to_array(unknown, TEXTOID)};
    pg::Result const rows = statement.run(spi, values);
    for (uint64 i = 0; i < rows.size(); ++i)
        found[pg::to_string(*rows.get(i, 0))] = DatumGetTimestampTz(*rows.get(i, 1));
    rows.free();
    stored.merge(found);
}

/// Who ordered in some ranges and has no earlier first order stored. The customers of the running minutes are asked for
/// again and again: what was stored of them is remembered as long as the stores are the same.
void doubt_ordered(const pg::Spi &spi, Datum tenant, const engine::StoredQuestion &question, RangeArrays &ranges,
                   Doubtful &doubtful) {
    if (ranges.empty()) return;
    // OFFSET 0: each range by its own index; the planner would rather read all orders in the order of their customers.
    static pg::Statement statement(
        "SELECT o.customer_id, o.created_at FROM unnest($2, $3) r(f, t) CROSS JOIN LATERAL "
        "(SELECT o.customer_id, o.created_at FROM analytics_data.orders o WHERE o.tenant_id = $1 AND "
        "o.created_at >= r.f AND o.created_at < r.t AND " FIRST_ORDER_COUNTS " OFFSET 0) o",
        {TEXTOID, instants, instants}, pg::PlanFor::by_index);
    std::array const values{tenant, ranges.from_array(), ranges.to_array()};
    Doubtful ordered;  // the earliest of each customer
    statement.run_each(spi, values, [&](const Datum *row, const bool *) {
        std::optional<int64> &first = ordered[pg::to_string(row[0])];
        first = std::min(first.value_or(PG_INT64_MAX), DatumGetTimestampTz(row[1]));
    });

    // So many customers' ids of the greatest length take about a megabyte.
    constexpr std::size_t most_customers = 3'000, bytes = std::size_t{1} << 20, most_bytes = std::size_t{4} << 20;
    static engine::StoredMemory<StoredFirst> memory(most_bytes);
    std::string key = engine::key_of(question);
    uint64 const before = engine::stored_rows_epoch();
    StoredFirst fresh, *const known = memory.find(key), &stored = known != nullptr ? *known : fresh;
    look_up(spi, tenant, ordered, stored);
    for (const auto &[customer, at] : ordered) {
        std::optional<int64> const first = stored.at(customer);
        if (!first || *at < *first) doubtful.try_emplace(customer, first);
    }
    if (stored.size() > most_customers) stored.clear();
    else if (known == nullptr && engine::may_be_remembered(question))
        memory.put(std::move(key), std::move(fresh), bytes, before);
}

/// Whose stored first order lies in some ranges: it may be gone.
void doubt_stored(const pg::Spi &spi, Datum tenant, RangeArrays &ranges, Doubtful &doubtful) {
    if (ranges.empty()) return;
    static pg::Statement statement(
        "SELECT s.* FROM unnest($2, $3) r(f, t) CROSS JOIN LATERAL (SELECT s.customer_id, s.first_order_at FROM "
        "analytics_store.customer_first_orders s WHERE s.tenant_id = $1 AND s.first_order_at >= r.f AND "
        "s.first_order_at < r.t OFFSET 0) s",
        {TEXTOID, instants, instants}, pg::PlanFor::by_index);
    std::array const values{tenant, ranges.from_array(), ranges.to_array()};
    pg::Result const rows = statement.run(spi, values);
    for (uint64 i = 0; i < rows.size(); ++i)
        doubtful.try_emplace(pg::to_string(*rows.get(i, 0)), DatumGetTimestampTz(*rows.get(i, 1)));
    rows.free();
}

/// Moves the customers whose true first order is another one than stored.
///
/// It can be another one only if the stored one lies in a live range (the order may be gone), or an order in a live
/// range is earlier. Ranges after the window do not matter. Nor do orders before a window that lies above what is
/// summarised: they make nobody new in it, and no first order is stored there.
void add_corrections(const pg::Spi &spi, Datum tenant, const engine::StoredQuestion &question, const engine::Live &live,
                     Slots &slots) {
    int64 const from = slots.edges().front(), to = slots.edges().back();
    RangeArrays orders, stored;
    for (TimeRange r : live.ranges) {
        int64 const end = std::min(r.to, to), start = from >= live.summarised_to ? std::max(r.from, from) : r.from;
        if (start < end) orders.add(start, end);
        if (r.from < std::min(end, live.summarised_to)) stored.add(r.from, std::min(end, live.summarised_to));
    }
    Doubtful doubtful;
    doubt_ordered(spi, tenant, question, orders, doubtful);
    doubt_stored(spi, tenant, stored, doubtful);
    if (doubtful.empty()) return;
    static pg::Statement statement("SELECT d.customer_id, f.created_at FROM unnest($2) d(customer_id) LEFT JOIN "
                                   "LATERAL " FIRST_ORDER_OF("$1", "d.customer_id", "") " f ON true",
                                   {TEXTOID, TEXTARRAYOID}, pg::PlanFor::by_index);
    std::vector<Datum> customers;
    for (const auto &customer : doubtful) customers.push_back(pg::to_text(customer.first));
    std::array const values{tenant, pg::to_array(customers, TEXTOID)};
    pg::Result const rows = statement.run(spi, values);
    for (uint64 i = 0; i < rows.size(); ++i) {
        std::optional<int64> const before = doubtful.at(pg::to_string(*rows.get(i, 0)));
        std::optional<Datum> const found = rows.get(i, 1);
        std::optional<int64> const now = found ? std::optional(DatumGetTimestampTz(*found)) : std::nullopt;
        if (before == now) continue;
        if (before) slots.add(*before, -1);
        if (now) slots.add(*now, 1);
    }
    rows.free();
}

}  // namespace

std::vector<int64> new_customers(const pg::Spi &spi, const engine::Rollup &order_stats, const engine::Live &live,
                                 const std::string &tenant, std::span<const int64> edges) {
    Slots slots(edges);
    Datum const name = pg::to_text(tenant);
    if (live.ranges.front() == TimeRange{engine::beginning, engine::end_of_time}) add_from_source(spi, name, slots);
    else {
        engine::StoredQuestion const question{order_stats.id,          live.version, tenant, engine::current_tenant(),
                                              "customer_first_orders", false,        {},     {}};
        add_stored(spi, name, question, slots);
        add_corrections(spi, name, question, live, slots);
    }
    return slots.take();
}

}  // namespace analytics::commerce
