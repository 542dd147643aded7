#include "engine/rollup_refresh.hpp"

#include "core/rollup/cover.hpp"
#include "engine/notes.hpp"
#include "engine/state_sql.hpp"
#include "pg/arrays.hpp"
#include "pg/values.hpp"

namespace analytics::engine {
namespace {

constexpr Oid timestamps = TIMESTAMPTZARRAYOID;

pg::Statement &statement(std::string sql, std::vector<Oid> types, pg::PlanFor plan = pg::PlanFor::by_index) {
    return pg::saved_statement(std::move(sql), std::move(types), plan);
}

/// ", s.a, s.b" as "s.a, s.b, " (or without the last comma).
std::string bare(const std::string &list, bool trailing = true) {
    return list.empty() ? "" : list.substr(2) + (trailing ? ", " : "");
}

}  // namespace

RollupRefresh::RollupRefresh(const pg::Spi &spi, Snapshot snapshot, const Rollup &rollup)
    : spi_(spi), snapshot_(snapshot), rollup_(rollup) {
    for (const Measure &m : rollup.measures) {
        columns_ += ", " + quoted(m.name);
        if (m.counted()) columns_ += ", " + quoted(m.name + "__n");
    }
    for (const std::string &d : rollup.dimensions) dims_ += ", " + quoted(d);
}

void RollupRefresh::recompute(const std::vector<RefreshedRange> &ranges, int64 from, int64 to) {
    std::set<Bucket> touched;
    std::vector<Datum> froms, tos, tenants, tenant_froms, tenant_tos;
    for (const RefreshedRange &r : ranges) {
        if (r.tenant || !rollup_.source.has_tenant) {
            tenants.push_back(pg::to_text(r.tenant.value_or("")));
            tenant_froms.push_back(TimestampTzGetDatum(r.from)), tenant_tos.push_back(TimestampTzGetDatum(r.to));
        } else {
            froms.push_back(TimestampTzGetDatum(r.from)), tos.push_back(TimestampTzGetDatum(r.to));
        }
    }
    if (!tenants.empty()) {
        Datum const values[] = {pg::to_array(tenants, TEXTOID), pg::to_array(tenant_froms, TIMESTAMPTZOID),
                                pg::to_array(tenant_tos, TIMESTAMPTZOID)};
        collect(statement(delete_sql(true), {TEXTARRAYOID, timestamps, timestamps}).run_under(spi_, snapshot_, values),
                touched);
        collect(statement(make_sql(true), {TEXTARRAYOID, timestamps, timestamps}, pg::PlanFor::by_bitmap)
                    .run_under(spi_, snapshot_, values),
                touched, true);
    }
    if (!froms.empty()) {
        Datum const values[] = {pg::to_array(froms, TIMESTAMPTZOID), pg::to_array(tos, TIMESTAMPTZOID)};
        collect(statement(delete_sql(false), {timestamps, timestamps}).run_under(spi_, snapshot_, values), touched);
        collect(statement(make_sql(false), {timestamps, timestamps}, pg::PlanFor::by_bitmap)
                    .run_under(spi_, snapshot_, values),
                touched, true);
    }
    report.buckets += static_cast<int64>(touched.size());
    if (rollup_.bucket != hour) touched = derive(touched, rollup_.base_store(), rollup_.hour_store(), hour, from, to);
    derive(touched, rollup_.hour_store(), rollup_.day_store(), day, from, to);
}

void RollupRefresh::collect(const pg::Result &rows, std::set<Bucket> &into, bool counted) {
    for (uint64 i = 0; i < rows.size(); ++i) {
        if (counted) report.rows += DatumGetInt64(rows.get(i, 2).value_or(0));
        into.emplace(pg::to_string(*rows.get(i, 0)), DatumGetTimestampTz(*rows.get(i, 1)));
        if ((i & 1023) == 1023) pg::check_for_interrupts();
    }
    rows.free();
}

std::string RollupRefresh::delete_sql(bool tenant) const {
    return "DELETE FROM " + rollup_.base_store() + " s USING unnest(" +
           (tenant ? "$1, $2, $3) u(tenant, f, t) WHERE s.tenant_id = u.tenant AND" : "$1, $2) u(f, t) WHERE") +
           " s.bucket >= u.f AND s.bucket < u.t RETURNING s.tenant_id, s.bucket";
}

/// LATERAL, because then each range is an index scan of its own whatever the planner believes of their number.
std::string RollupRefresh::make_sql(bool tenant) const {
    return "WITH fresh AS MATERIALIZED (SELECT x.* FROM unnest(" +
           std::string(tenant ? "$1, $2, $3) u(tenant, f, t)" : "$1, $2) u(f, t)") +
           " CROSS JOIN LATERAL (SELECT r.tenant_id, analytics_internal.bucket_of(r.at, " +
           std::to_string(rollup_.bucket) + ") AS bucket" + dimension_list(rollup_.dimensions, "r") + ", " +
           states_of_rows(rollup_.measures) + ", pg_catalog.count(*) AS rows__read FROM " + rollup_.rows_view() +
           " r WHERE " + (tenant && rollup_.source.has_tenant ? "r.tenant_id = u.tenant AND " : "") +
           "r.at >= u.f AND r.at < u.t GROUP BY 1, 2" + dimension_list(rollup_.dimensions, "r") +
           ") x), made AS (INSERT INTO " + rollup_.base_store() + " (tenant_id, bucket" + dims_ + columns_ +
           ") SELECT tenant_id, bucket" + dims_ + columns_ +
           " FROM fresh) SELECT tenant_id, bucket, rows__read FROM fresh";
}

/// Derives the coarser buckets over the touched ones again. A bucket that becomes complete by the advance from `from`
/// to `to` may hold finer ones of tenants that were not touched now.
std::set<RollupRefresh::Bucket> RollupRefresh::derive(const std::set<Bucket> &touched, const std::string &fine,
                                                      const std::string &coarse, int64 width, int64 from, int64 to) {
    std::set<Bucket> above;
    for (const auto &[tenant, bucket] : touched) above.emplace(tenant, core::floor_to(bucket, width));
    int64 const limit = core::floor_to(to, width);
    if (from != beginning && core::floor_to(from, width) < limit && core::floor_to(from, width) < from) {
        Datum const values[] = {TimestampTzGetDatum(core::floor_to(from, width)), TimestampTzGetDatum(from)};
        pg::Result const rows =
            statement("SELECT DISTINCT s.tenant_id FROM " + fine + " s WHERE s.bucket >= $1 AND s.bucket < $2",
                      {TIMESTAMPTZOID, TIMESTAMPTZOID})
                .run_under(spi_, snapshot_, values);
        for (uint64 i = 0; i < rows.size(); ++i)
            above.emplace(pg::to_string(*rows.get(i, 0)), core::floor_to(from, width));
    }
    std::erase_if(above, [&](const Bucket &b) { return b.second >= limit; });
    if (above.empty()) return above;
    std::vector<Datum> tenants, buckets;
    for (const auto &[tenant, bucket] : above) {
        tenants.push_back(pg::to_text(tenant));
        buckets.push_back(TimestampTzGetDatum(bucket));
    }
    Datum const values[] = {pg::to_array(tenants, TEXTOID), pg::to_array(buckets, TIMESTAMPTZOID)};
    statement("DELETE FROM " + coarse +
                  " s USING unnest($1, $2) u(tenant, f) WHERE s.tenant_id = u.tenant AND s.bucket = u.f",
              {TEXTARRAYOID, timestamps})
        .run_under(spi_, snapshot_, values);
    statement(
        "INSERT INTO " + coarse + " (tenant_id, bucket" + dims_ + columns_ +
            ") SELECT u.tenant, u.f, x.* FROM "
            "unnest($1, $2) u(tenant, f) CROSS JOIN LATERAL (SELECT " +
            bare(dimension_list(rollup_.dimensions, "s")) + merged_states(rollup_.measures) + " FROM " + fine +
            " s WHERE s.tenant_id = u.tenant AND s.bucket >= u.f AND s.bucket < u.f + " + "interval '" +
            std::to_string(width / hour) + " hours' " +
            (rollup_.dimensions.empty() ? "" : "GROUP BY " + bare(dimension_list(rollup_.dimensions, "s"), false)) +
            " HAVING pg_catalog.count(*) > 0) x",
        {TEXTARRAYOID, timestamps})
        .run_under(spi_, snapshot_, values);
    return above;
}

}  // namespace analytics::engine
