// The rules of all tenants, for whoever maintains the database: the background worker, a cron job.
//
// Rules watch metrics, and a metric's rollup may compute with functions of its creator. So they are evaluated with the
// rights of analytics_admin, who may have defined all of that, and never with those of a superuser that happens to run
// the maintenance.
#include "core/alerts/rule.hpp"
#include "engine/owned_table.hpp"
#include "pg/args.hpp"
#include "pg/spi.hpp"

extern "C" {
#include "catalog/pg_authid.h"
#include "utils/acl.h"
}

using namespace analytics;

namespace {

/// analytics_admin where it may evaluate rules, else the owner of the rules: then nobody else can have made one.
Oid evaluator(const engine::OwnedTable &rules) {
    return pg::call([&] {
        Oid const admin = get_role_oid("analytics_admin", true);
        bool const may = OidIsValid(admin) && pg_class_aclcheck(rules.relation, admin, ACL_UPDATE) == ACLCHECK_OK;
        return may ? admin : rules.owner;
    });
}

std::optional<std::string> nth_tenant(const pg::Spi &spi, const engine::OwnedTable &rules, int64 nth) {
    static pg::Statement statement(
        "SELECT DISTINCT r.tenant_id FROM analytics_data.alert_rules r WHERE r.enabled "
        "AND NOT EXISTS (SELECT FROM analytics_data.monitoring m WHERE m.tenant_id = r.tenant_id AND NOT m.enabled) "
        "ORDER BY 1 OFFSET $1 LIMIT 1",
        {INT8OID});
    pg::AsUser const as(rules.owner);
    Datum const value = Int64GetDatum(nth);
    pg::Result const rows = statement.run(spi, std::span(&value, 1));
    if (rows.empty()) return std::nullopt;
    return pg::to_string(*rows.get(0, 0));
}

void set_for_a_while(const char *setting, const char *value) {
    pg::call(
        [&] { (void)set_config_option(setting, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false); });
}

}  // namespace

/// evaluate_tenant(nth)
ANALYTICS_FUNCTION(analytics_evaluate_tenant) {
    pg::Args const args(fcinfo);
    engine::OwnedTable const rules = engine::owned_table("alert_rules");
    pg::Spi const spi;
    std::optional<std::string> const tenant = nth_tenant(spi, rules, std::max<int64>(0, DatumGetInt64(args.datum(0))));
    if (!tenant) return BoolGetDatum(false);
    static pg::Statement statement(
        "SELECT analytics.evaluate_alert_rules(pg_catalog.date_trunc('minute', pg_catalog.now()))", {});
    pg::AsUserUnset const as(evaluator(rules));
    set_for_a_while("request.jwt.claims", "");
    set_for_a_while("agent_analytics.tenant", tenant->c_str());
    (void)statement.run(spi, {}, nullptr, false);
    return BoolGetDatum(true);
}

/// duration_microseconds(value)
ANALYTICS_FUNCTION(analytics_duration_microseconds) {
    std::optional<std::int64_t> const length = core::parse_duration(pg::text_view(PG_GETARG_DATUM(0)));
    if (!length) PG_RETURN_NULL();
    return Int64GetDatum(*length);
}
