#include "engine/derived.hpp"

#include "pg/arrays.hpp"
#include "pg/values.hpp"

extern "C" {
#include "replication/logicalworker.h"
}

namespace analytics::engine {
namespace {

int64 moment = last_moment;

std::string unsettled_view(const Source &source) {
    Oid const relation = source.relation;
    std::string const table = pg::call([&] { return get_rel_name(relation); });
    return "analytics_store." + quoted(table + "_unsettled");
}

}  // namespace

AtMoment::AtMoment(int64 at) : before_(moment) { moment = std::min(at, last_moment); }
AtMoment::~AtMoment() { moment = before_; }

std::vector<Unsettled> unsettled(const Rollup &rollup, std::optional<std::string_view> tenant, int64 limit) {
    std::vector<Unsettled> list;
    if (!OidIsValid(rollup.source.origin)) return list;
    std::string const columns = "SELECT u.tenant_id, u.at FROM " + unsettled_view(rollup.source) + " u WHERE u.at < $1";
    Datum values[] = {TimestampTzGetDatum(limit), 0};
    if (tenant) values[1] = pg::to_text(*tenant);
    pg::Spi const spi;
    pg::Statement &statement = tenant ? pg::saved_statement(columns + " AND u.tenant_id = $2",
                                                            {TIMESTAMPTZOID, TEXTOID}, pg::PlanFor::by_index)
                                      : pg::saved_statement(columns, {TIMESTAMPTZOID}, pg::PlanFor::anything);
    pg::Result const rows = statement.run(spi, std::span<const Datum>(values).first(tenant ? 2 : 1));
    for (uint64 i = 0; i < rows.size(); ++i)
        list.push_back({pg::to_string(*rows.get(i, 0)), DatumGetTimestampTz(*rows.get(i, 1))});
    return list;
}

}  // namespace analytics::engine

using namespace analytics;

ANALYTICS_FUNCTION(analytics_is_replicating) {
    (void)fcinfo;
    return BoolGetDatum(IsLogicalWorker());
}

ANALYTICS_FUNCTION(analytics_moment) {
    (void)fcinfo;
    return TimestampTzGetDatum(engine::moment);
}
