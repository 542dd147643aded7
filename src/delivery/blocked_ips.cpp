// Whether an address is blocked: one probe of an index, as the owner of the table.
#include "delivery/request.hpp"
#include "engine/owned_table.hpp"
#include "engine/reader.hpp"
#include "pg/values.hpp"

#include <array>

extern "C" {
#include "utils/inet.h"
}

namespace analytics::delivery {

bool is_blocked(Datum address, const std::string &tenant) {
    static pg::Statement statement(
        "SELECT FROM analytics_data.blocked_ips b WHERE b.ip_address OPERATOR(pg_catalog.>>=) $1 "
        "AND b.tenant_id OPERATOR(pg_catalog.=) ANY (ARRAY[$2, '*']) "
        "AND (b.expires_at IS NULL OR b.expires_at OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp()) LIMIT 1",
        {INETOID, TEXTOID}, pg::PlanFor::by_index);
    auto const table = engine::find_owned_table("blocked_ips");
    if (!table) return false;
    pg::Spi const spi;
    pg::AsUser const as_owner(table->owner);
    return !statement.run(spi, std::array{address, pg::to_text(tenant)}).empty();
}

bool is_blocked(const std::string &address, const std::string &tenant) {
    const char *const text = address.c_str();
    return is_blocked(pg::call([&] { return DirectFunctionCall1(inet_in, CStringGetDatum(text)); }), tenant);
}

}  // namespace analytics::delivery

ANALYTICS_FUNCTION(analytics_is_ip_blocked) {
    using namespace analytics;
    return BoolGetDatum(delivery::is_blocked(fcinfo->args[0].value, engine::current_tenant()));
}
