// First orders, kept in step with the rollup order_stats.
//
// A note tells which buckets were touched, not by whose orders. But the rollup has the set of each bucket's customers
// as it was stored last, and so it stays until the refresh recomputes it. Whoever is in that set had an order there
// already: their stored first order is that one or an earlier one, and no order of this bucket can move it, unless it
// lies in the bucket itself. So only two kinds of customers are looked at: those with an order in a bucket whose set
// they are not in, and those whose first order lies in a touched bucket.
#include "domains/commerce/first_orders.hpp"
#include "domains/commerce/first_orders_sql.hpp"
#include "domains/commerce/range_arrays.hpp"
#include "engine/catalog.hpp"
#include "engine/sketch_elements.hpp"
#include "engine/sketch_types.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

extern "C" {
#include "catalog/pg_collation.h"
}

namespace analytics::commerce {
namespace {

/// Memory for a step, the current context while it lives. Left by an error, it goes with the transaction.
class StepMemory {
  public:
    StepMemory()
        : context_(pg::call(
              [] { return AllocSetContextCreate(CurrentMemoryContext, "first orders", ALLOCSET_DEFAULT_SIZES); })),
          old_(MemoryContextSwitchTo(context_)) {}
    ~StepMemory() {
        MemoryContextSwitchTo(old_);
        if (std::uncaught_exceptions() == exceptions_) MemoryContextDelete(context_);
    }
    StepMemory(const StepMemory &) = delete;
    StepMemory &operator=(const StepMemory &) = delete;

  private:
    MemoryContext context_, old_;
    int exceptions_ = std::uncaught_exceptions();
};

/// A tenant's customer; no text holds the character between them.
void set_key(std::string &key, std::string_view tenant, std::string_view customer) {
    key.assign(tenant);
    key += '\0';
    key += customer;
}
std::string_view tenant_of(std::string_view key) { return key.substr(0, key.find('\0')); }
std::string_view customer_of(std::string_view key) { return key.substr(key.find('\0') + 1); }

/// Customers, and an instant of each.
using Instants = std::unordered_map<std::string, int64>;

void keep_earliest(Instants &instants, const std::string &key, int64 at) {
    auto const [place, fresh] = instants.try_emplace(key, at);
    if (!fresh) place->second = std::min(place->second, at);
}

/// Instants as parameters: tenants, customers and instants, in the order of the store's key, so that each page of its
/// index is visited once.
struct InstantArrays {
    std::vector<Datum> tenants = {}, customers = {}, instants_of = {};
    explicit InstantArrays(const Instants &instants) {
        std::vector<const Instants::value_type *> sorted;
        sorted.reserve(instants.size());
        for (const auto &entry : instants) sorted.push_back(&entry);
        std::sort(sorted.begin(), sorted.end(), [](auto *a, auto *b) { return a->first < b->first; });
        for (const auto *entry : sorted) {
            tenants.push_back(pg::to_text(tenant_of(entry->first)));
            customers.push_back(pg::to_text(customer_of(entry->first)));
            instants_of.push_back(TimestampTzGetDatum(entry->second));
        }
    }
    std::array<Datum, 3> values() const {
        return {pg::to_array(tenants, TEXTOID), pg::to_array(customers, TEXTOID),
                pg::to_array(instants_of, TIMESTAMPTZOID)};
    }
};

/// One refresh: which customers' first orders change, and then the counts of the hours that lose or gain one.
class Refresh {
  public:
    Refresh(const pg::Spi &spi, Snapshot snapshot, int64 summarised_to)
        : spi_(spi), snapshot_(snapshot), summarised_to_(summarised_to) {
        const engine::Rollup *const rollup = engine::find_rollup_or_null("order_stats");
        base_store_ = rollup->base_store();
        bucket_ = rollup->bucket;
    }

    void run(std::span<const engine::RefreshedRange> ranges) {
        for (const engine::RefreshedRange &r : ranges)
            if (!r.tenant && r.from == engine::beginning && r.to >= summarised_to_) return rebuild();
        // A day's worth at a time, so that memory does not grow with what is refreshed.
        std::vector<engine::RefreshedRange> step;
        int64 length = 0;
        for (engine::RefreshedRange r : ranges) {
            if (r.from == engine::beginning) r.from = std::min(r.to, oldest());
            while (r.from < r.to) {
                int64 const end = std::min(r.to, r.from + engine::day - length);
                step.push_back({r.tenant, r.from, end});
                length += end - r.from;
                r.from = end;
                if (length < engine::day) continue;
                look_at(step);
                step.clear();
                length = 0;
            }
        }
        if (!step.empty()) look_at(step);
        write();
        count();
    }

  private:
    static constexpr std::size_t most_kept = 100'000;  // customers until they are written

    /// Everything from the source; nothing that is stored is used.
    void rebuild() {
        static pg::Statement forget_keys("DELETE FROM analytics_store.customer_first_orders", {});
        static pg::Statement forget_counts("DELETE FROM analytics_store.customer_first_order_counts", {});
        static pg::Statement keys(
            "INSERT INTO analytics_store.customer_first_orders (tenant_id, customer_id, first_order_at) "
            "SELECT o.tenant_id, o.customer_id, pg_catalog.min(o.created_at) FROM analytics_data.orders o "
            "WHERE o.created_at < $1 AND " FIRST_ORDER_COUNTS " GROUP BY 1, 2",
            {TIMESTAMPTZOID});
        static pg::Statement counts(
            "INSERT INTO analytics_store.customer_first_order_counts (tenant_id, hour, new_customers) "
            "SELECT s.tenant_id, analytics_internal.bucket_of(s.first_order_at, 3600000000), pg_catalog.count(*) "
            "FROM analytics_store.customer_first_orders s GROUP BY 1, 2",
            {});
        forget_keys.run_under(spi_, snapshot_, {});
        forget_counts.run_under(spi_, snapshot_, {});
        std::array const limit{TimestampTzGetDatum(summarised_to_)};
        keys.run_under(spi_, snapshot_, limit);
        counts.run_under(spi_, snapshot_, {});
    }

    /// The start of the first bucket that has, or may have had, an order that counts.
    int64 oldest() {
        static pg::Statement statement(
            "SELECT least((SELECT pg_catalog.min(s.first_order_at) FROM analytics_store.customer_first_orders s), "
            "(SELECT pg_catalog.min(o.created_at) FROM analytics_data.orders o))",
            {}, pg::PlanFor::by_index);
        pg::Result const rows = statement.run_under(spi_, snapshot_, {});
        std::optional<Datum> const at = rows.get(0, 0);
        return at ? core::floor_to(DatumGetTimestampTz(*at), bucket_) : summarised_to_;
    }

    void look_at(std::span<const engine::RefreshedRange> ranges) {
        StepMemory const memory;
        RangeArrays all, own;
        for (const engine::RefreshedRange &r : ranges) {
            if (r.tenant) own.add(*r.tenant, r.from, r.to);
            else all.add(r.from, r.to);
        }
        std::string key;
        Instants stored, found;  // of customers whose first order lies here: as stored, and their earliest here
        std::map<std::pair<std::string, int64>, std::span<const std::byte>> sets;
        each_row("s.tenant_id, s.customer_id, s.first_order_at", "analytics_store.customer_first_orders s",
                 "s.tenant_id", "s.first_order_at", "", pg::PlanFor::by_index, all, own,
                 [&](const Datum *row, const bool *) {
                     set_key(key, pg::text_view(row[0]), pg::text_view(row[1]));
                     stored.emplace(key, DatumGetTimestampTz(row[2]));
                 });
        each_row("s.tenant_id, s.bucket, s.customers", base_store_ + " s", "s.tenant_id", "s.bucket",
                 " AND s.customers IS NOT NULL", pg::PlanFor::by_index, all, own, [&](const Datum *row, const bool *) {
                     Datum const set = row[2];
                     Datum const copy = pg::call([&] { return PointerGetDatum(PG_DETOAST_DATUM_COPY(set)); });
                     sets.emplace(std::pair(pg::to_string(row[0]), DatumGetTimestampTz(row[1])),
                                  engine::stored_bytes(copy));
                 });
        engine::ElementType const customers(TEXTOID, DEFAULT_COLLATION_OID);
        std::pair<std::string, int64> last{{}, engine::end_of_time};  // most rows are of the bucket of the one before
        auto set = sets.end();
        each_row("o.tenant_id, o.customer_id, o.created_at", "analytics_data.orders o", "o.tenant_id", "o.created_at",
                 " AND " FIRST_ORDER_COUNTS, pg::PlanFor::by_bitmap, all, own, [&](const Datum *row, const bool *) {
                     int64 const at = DatumGetTimestampTz(row[2]), bucket = core::floor_to(at, bucket_);
                     std::string_view const tenant = pg::text_view(row[0]);
                     set_key(key, tenant, pg::text_view(row[1]));
                     if (stored.contains(key)) return keep_earliest(found, key, at);
                     if (bucket != last.second || tenant != last.first) {
                         last = {std::string(tenant), bucket};
                         set = sets.find(last);
                     }
                     if (set == sets.end() || !core::DistinctSet::holds(set->second, customers.hash(row[1])))
                         keep_earliest(came_, key, at);
                 });
        for (const auto &[customer, before] : stored) {
            auto const now = found.find(customer);
            if (now == found.end() || now->second > before) lost_.emplace(customer, before);
            else if (now->second < before) keep_earliest(came_, customer, now->second);
        }
        if (came_.size() + lost_.size() > most_kept) write();
    }

    /// Rows of some ranges, read by index whatever the planner believes of their number: OFFSET 0. Read under the
    /// refresh's snapshot, which is the active one, without what the refresh itself has written: where that changed
    /// somebody's first order, it is the true one already, and write() compares with it.
    template <class Take>
    void each_row(const std::string &columns, const std::string &from, const std::string &tenant, const std::string &at,
                  const std::string &condition, pg::PlanFor plan, RangeArrays &all, RangeArrays &own, Take take) {
        std::string const rows =
            "CROSS JOIN LATERAL (SELECT " + columns + " FROM " + from + " WHERE " + at + " >= r.f AND " + at + " < r.t";
        if (!all.empty()) {
            std::array const values{all.from_array(), all.to_array()};
            pg::saved_statement("SELECT x.* FROM unnest($1, $2) r(f, t) " + rows + condition + " OFFSET 0) x",
                                {instants, instants}, plan)
                .run_each(spi_, values, take);
        }
        if (!own.empty()) {
            std::array const values{own.tenant_array(), own.from_array(), own.to_array()};
            pg::saved_statement("SELECT x.* FROM unnest($1, $2, $3) r(tenant, f, t) " + rows + " AND " + tenant +
                                    " = r.tenant" + condition + " OFFSET 0) x",
                                {TEXTARRAYOID, instants, instants}, plan)
                .run_each(spi_, values, take);
        }
    }

    void write() {
        StepMemory const memory;
        // Whose first order is gone: whatever is their first now, of all their orders.
        static pg::Statement replace(
            "WITH probed AS MATERIALIZED (SELECT d.*, f.created_at AS at FROM unnest($1, $2, $3) d(tenant_id, "
            "customer_id, before) LEFT JOIN LATERAL " FIRST_ORDER_OF(
                "d.tenant_id", "d.customer_id",
                " AND o.created_at < $4") " f ON true"
                                          "), gone AS (DELETE FROM analytics_store.customer_first_orders s USING "
                                          "probed p "
                                          "WHERE s.tenant_id = p.tenant_id AND s.customer_id = p.customer_id AND p.at "
                                          "IS NULL"
                                          "), moved AS (UPDATE analytics_store.customer_first_orders s SET "
                                          "first_order_at = p.at FROM probed p "
                                          "WHERE s.tenant_id = p.tenant_id AND s.customer_id = p.customer_id AND p.at "
                                          "IS NOT NULL) "
                                          "SELECT p.tenant_id, p.at, p.before FROM probed p",
            {TEXTARRAYOID, TEXTARRAYOID, instants, TIMESTAMPTZOID}, pg::PlanFor::by_index);
        if (!lost_.empty()) {
            std::array const lost = InstantArrays(lost_).values();
            std::array const values{lost[0], lost[1], lost[2], TimestampTzGetDatum(summarised_to_)};
            touch_hours(replace.run_under(spi_, snapshot_, values));
        }
        // Everybody else's can only have become earlier.
        static pg::Statement move(
            "WITH changed AS MATERIALIZED (SELECT c.*, s.first_order_at AS before FROM unnest($1, $2, $3) c(tenant_id, "
            "customer_id, at) LEFT JOIN LATERAL (SELECT s.first_order_at FROM analytics_store.customer_first_orders s "
            "WHERE s.tenant_id = c.tenant_id AND s.customer_id = c.customer_id OFFSET 0) s ON true "
            "WHERE s.first_order_at IS NULL OR c.at < s.first_order_at"
            "), written AS (INSERT INTO analytics_store.customer_first_orders AS s "
            "(tenant_id, customer_id, first_order_at) SELECT c.tenant_id, c.customer_id, c.at FROM changed c "
            "ON CONFLICT (tenant_id, customer_id) DO UPDATE SET first_order_at = excluded.first_order_at) "
            "SELECT c.tenant_id, c.at, c.before FROM changed c",
            {TEXTARRAYOID, TEXTARRAYOID, instants}, pg::PlanFor::by_index);
        if (!came_.empty()) touch_hours(move.run_under(spi_, snapshot_, InstantArrays(came_).values()));
        lost_.clear();
        came_.clear();
    }

    /// Rows of a tenant and the instants at which it gained and lost a first order.
    void touch_hours(const pg::Result &rows) {
        for (uint64 i = 0; i < rows.size(); ++i) {
            std::string const tenant = pg::to_string(*rows.get(i, 0));
            for (int column : {1, 2})
                if (std::optional<Datum> const at = rows.get(i, column))
                    hours_.emplace(tenant, core::floor_to(DatumGetTimestampTz(*at), engine::hour));
            if ((i & 1023) == 1023) pg::check_for_interrupts();
        }
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
    int64 summarised_to_, bucket_ = 0;
    std::string base_store_;
    Instants came_ = {};                                  // with an earlier order than is stored, perhaps
    Instants lost_ = {};                                  // whose stored first order, of that instant, is gone
    std::set<std::pair<std::string, int64>> hours_ = {};  // that lose or gain a first order
};

void refresh_first_orders(const pg::Spi &spi, Snapshot snapshot, std::span<const engine::RefreshedRange> ranges,
                          int64 summarised_to) {
    Refresh(spi, snapshot, summarised_to).run(ranges);
}

[[maybe_unused]] bool const registered = engine::before_refresh("order_stats", refresh_first_orders);

}  // namespace
}  // namespace analytics::commerce
