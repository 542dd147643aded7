// The approval queue: how it stands, and how it came to that.
#include "domains/approvals/queue.hpp"

#include "engine/periods.hpp"
#include "pg/rows.hpp"

#include <algorithm>

namespace analytics::approvals {
namespace {

struct Decisions {
    int64 approved, rejected;
};

/// By when they were made, in [from, to).
Decisions decisions(const pg::Spi &spi, const std::string &tenant, int64 from, int64 to) {
    const engine::Rollup &rollup = engine::find_rollup(spi, "approval_decisions");
    engine::Answer const answer =
        engine::read(spi, rollup, {tenant, {from, to}, {rollup.measure("approved"), rollup.measure("rejected")}});
    auto const count = [&](int m) {
        const engine::Cell &cell = answer.cell(answer.groups.front(), 0, m);
        return cell.null ? 0 : DatumGetInt64(cell.value);
    };
    return {count(0), count(1)};
}

}  // namespace

Waiting waiting_at(const pg::Spi &spi, const std::string &tenant, int64 as_of) {
    static pg::Statement statement(
        "SELECT count(*), count(*) FILTER (WHERE o.queue_rank = 1), round(avg(o.confidence_score), 2), "
        "round(extract(epoch FROM $2 - min(o.created_at)) / 60.0, 2) FROM ("
        "SELECT a.queue_rank, a.confidence_score, a.created_at FROM analytics_data.agent_approvals a "
        "WHERE a.tenant_id = $1 AND a.status = 'pending' AND a.created_at <= $2 "
        "UNION ALL SELECT d.queue_rank, d.confidence_score, d.created_at "
        "FROM analytics_internal.approvals_decided_after($1, $2) d) o",
        {TEXTOID, TIMESTAMPTZOID}, pg::PlanFor::by_index);
    pg::Result const row = statement.run(spi, std::array{pg::to_text(tenant), TimestampTzGetDatum(as_of)});
    auto const number = [&](int column) {
        auto const value = row.get(0, column);
        return value ? Number(pg::NumericValue{*value}) : Number();
    };
    return {DatumGetInt64(*row.get(0, 0)), DatumGetInt64(*row.get(0, 1)), number(2), number(3)};
}

}  // namespace analytics::approvals

using namespace analytics;
using namespace analytics::approvals;

/// get_queue_status(as_of)
ANALYTICS_FUNCTION(analytics_get_queue_status) {
    pg::Args const args(fcinfo);
    int64 const as_of = engine::as_of_argument(args, 0);
    std::string const tenant = engine::current_tenant();
    pg::Spi const spi;
    Waiting const waiting = waiting_at(spi, tenant, as_of);
    Decisions const today = decisions(spi, tenant, core::floor_div(as_of, engine::day) * engine::day, as_of + 1);
    return pg::make_row(fcinfo, waiting.drafts, waiting.urgent, waiting.mean_confidence, waiting.oldest_minutes,
                        today.approved, today.rejected, pg::Timestamp{as_of});
}

/// get_queue_metrics(group_by, days, as_of)
ANALYTICS_FUNCTION(analytics_get_queue_metrics) {
    pg::Args const args(fcinfo);
    bool const by_hour = args.one_of(0, "group_by", {"hour", "day"}, "day") == "hour";
    int64 const day_count = args.integer(1, "days", 1, 30, 7);
    int64 const as_of = engine::as_of_argument(args, 2);
    std::string const tenant = engine::current_tenant();
    pg::RowSink<std::string, int64, int64, int64, int64, int64, int64, int64, int64, int64, Number, Number, Number,
                Number, pg::Timestamp>
        rows(fcinfo);
    pg::Spi const spi;
    int64 const width = by_hour ? engine::hour : engine::day;
    int64 const last = core::floor_div(as_of, width) * width;  // the running bucket
    std::vector<int64> edges;
    for (int64 i = (by_hour ? 24 : 1) * day_count - 1; i >= 0; --i) edges.push_back(last - i * width);
    edges.push_back(as_of + 1);
    std::vector<Drafts> const slots = read_drafts(spi, tenant, edges, as_of);
    for (std::size_t i = slots.size(); i-- > 0;) {
        const Drafts &d = slots[i];
        rows.put(by_hour ? instant_text(edges[i]) : date_text(edges[i]), d.total, d.pending, d.approved, d.rejected,
                 d.edited, d.urgent, d.high, d.normal, d.low, d.mean_confidence(), d.least_confidence,
                 d.greatest_confidence, d.mean_resolution(), pg::Timestamp{as_of});
    }
    return 0;
}
