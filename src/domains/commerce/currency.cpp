// One reporting currency a tenant: tenant_settings.currency, which the first order sets where nobody has.
//
// Each write of an order compares its currency with the tenant's (a trigger's WHEN condition); only what does not fit
// queues the trigger. Two first orders in different currencies meet at the primary key of tenant_settings: the second
// waits for the first to commit and then sees its currency.
//
// Looking a tenant up for each single-row insert would add a quarter to its time (seen: 95 us, 120 us with it), so a
// session remembers. Every change of a currency sends a relcache message of tenant_settings to all sessions, and waits
// for the writers of orders. A session that writes orders has taken their lock, which is where it reads its messages:
// so it either knows the change, or the change has not come to pass.
#include "engine/owned_table.hpp"
#include "engine/reader.hpp"
#include "pg/values.hpp"

#include <map>

extern "C" {
#include "commands/trigger.h"
#include "storage/lmgr.h"
#include "utils/inval.h"
}

namespace analytics::commerce {
namespace {

/// The tenant's currency as of now, whatever snapshot the transaction has: a check that looked at an old one would let
/// in what the settings have meanwhile excluded.
std::optional<std::string> find_currency(const pg::Spi &spi, std::string_view tenant) {
    static pg::Statement statement(
        "SELECT currency FROM analytics_data.tenant_settings WHERE tenant_id OPERATOR(pg_catalog.=) $1", {TEXTOID});
    pg::AsUser const as(engine::owned_table("tenant_settings").owner);
    std::array const values{pg::to_text(tenant)};
    pg::call([] { PushActiveSnapshot(GetLatestSnapshot()); });
    pg::Result const rows = statement.run(spi, values);
    std::optional<std::string> currency;
    if (!rows.empty())
        if (std::optional<Datum> const value = rows.get(0, 0)) currency = pg::to_string(*value);
    pg::call([] { PopActiveSnapshot(); });
    return currency;
}

/// What this session has looked up, until a relcache message says that something has changed.
class Remembered {
  public:
    /// Whether the tenant's currency is known to be this one, without a look at the settings.
    bool is(std::string_view tenant, std::string_view currency) {
        forget_stale();
        if (last_ == known_.end() || last_->first != tenant) last_ = known_.find(tenant);
        return last_ != known_.end() && last_->second == currency;
    }
    std::optional<std::string> look_up(const pg::Spi &spi, std::string_view tenant) {
        listen();
        forget_stale();
        std::uint64_t const before = changes;
        std::optional<std::string> currency = find_currency(spi, tenant);
        if (!currency || before != changes) return currency;
        if (known_.size() >= most) known_.clear();
        last_ = known_.insert_or_assign(std::string(tenant), *currency).first;
        return currency;
    }

  private:
    static constexpr std::size_t most = 10'000;
    static inline std::uint64_t changes = 0;
    static inline Oid settings = InvalidOid;

    static void listen() {
        static bool listening = false;
        settings = engine::owned_table("tenant_settings").relation;
        if (listening) return;
        pg::call([] {
            CacheRegisterRelcacheCallback(
                [](Datum, Oid relation) { changes += relation == settings || relation == InvalidOid; }, 0);
        });
        listening = true;
    }
    void forget_stale() {
        if (seen_ == changes) return;
        seen_ = changes;
        known_.clear();
        last_ = known_.end();
    }

    std::map<std::string, std::string, std::less<>> known_;
    std::map<std::string, std::string, std::less<>>::iterator last_ = known_.end();
    std::uint64_t seen_ = 0;
};

Remembered &remembered() {
    static Remembered all;
    return all;
}

/// A currency other than this one that an order of the tenant has.
std::optional<std::string> find_other_currency(const pg::Spi &spi, std::string_view tenant, std::string_view currency) {
    static pg::Statement statement(
        "SELECT currency FROM analytics_data.orders WHERE tenant_id OPERATOR(pg_catalog.=) $1 "
        "AND currency OPERATOR(pg_catalog.<>) $2 LIMIT 1",
        {TEXTOID, TEXTOID});
    pg::AsUser const as(engine::owned_table("orders").owner);
    std::array const values{pg::to_text(tenant), pg::to_text(currency)};
    pg::Result const rows = statement.run(spi, values, nullptr, false);
    return rows.empty() ? std::nullopt : std::optional(pg::to_string(*rows.get(0, 0)));
}

/// True while a first order writes its currency into the settings: that needs no check by their trigger.
bool claiming = false;
struct Claiming {
    Claiming() { claiming = true; }
    ~Claiming() { claiming = false; }
    Claiming(const Claiming &) = delete;
    Claiming &operator=(const Claiming &) = delete;
};

/// The tenant's currency; if it has none and no order in another one, `offered` becomes it.
std::string claim_currency(const pg::Spi &spi, std::string_view tenant, std::string_view offered) {
    if (std::optional<std::string> const set = remembered().look_up(spi, tenant)) return *set;
    if (std::optional<std::string> const other = find_other_currency(spi, tenant, offered)) return *other;
    static pg::Statement statement(
        "INSERT INTO analytics_data.tenant_settings AS s (tenant_id, currency) VALUES ($1, $2) "
        "ON CONFLICT (tenant_id) DO UPDATE SET currency = excluded.currency WHERE s.currency IS NULL",
        {TEXTOID, TEXTOID});
    {
        pg::AsUser const as(engine::owned_table("tenant_settings").owner);
        Claiming const now;
        std::array const values{pg::to_text(tenant), pg::to_text(offered)};
        statement.run(spi, values, nullptr, false);
    }
    return remembered().look_up(spi, tenant).value_or(std::string(offered));
}

std::string_view view(text *value) { return {VARDATA_ANY(value), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(value))}; }

const TriggerData &trigger_data(FunctionCallInfo fcinfo) {
    if (!CALLED_AS_TRIGGER(fcinfo))
        throw pg::Error(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED, "this function can be called only by a trigger");
    return *reinterpret_cast<TriggerData *>(fcinfo->context);
}

/// A column of a trigger's row by name: partitions may order their columns differently. nullopt for NULL.
std::optional<std::string> column(const TriggerData &data, HeapTuple tuple, const char *name) {
    TupleDesc const descriptor = RelationGetDescr(data.tg_relation);
    struct Cell {
        Datum value;
        bool null;
    };
    Cell const cell = pg::call([&]() -> Cell {
        Cell c{};
        c.value = SPI_getbinval(tuple, descriptor, SPI_fnumber(descriptor, name), &c.null);
        return c;
    });
    return cell.null ? std::nullopt : std::optional(pg::to_string(cell.value));
}

void check_order(FunctionCallInfo fcinfo) {
    const TriggerData &data = trigger_data(fcinfo);
    HeapTuple const row = TRIGGER_FIRED_BY_UPDATE(data.tg_event) ? data.tg_newtuple : data.tg_trigtuple;
    std::string const tenant = column(data, row, "tenant_id").value(), given = column(data, row, "currency").value();
    if (remembered().is(tenant, given)) return;  // an earlier row of the statement has set it
    pg::Spi const spi;
    std::string const reporting = claim_currency(spi, tenant, given);
    if (given != reporting)
        throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
                        "currency must be " + reporting + ", the tenant's reporting currency",
                        "Order \"" + column(data, row, "order_id").value_or("") + "\" is in " + given + ".",
                        "Convert the amount to " + reporting + ", or set the tenant's currency in tenant_settings.");
}

void check_settings(FunctionCallInfo fcinfo) {
    const TriggerData &data = trigger_data(fcinfo);
    bool const inserted = TRIGGER_FIRED_BY_INSERT(data.tg_event), deleted = TRIGGER_FIRED_BY_DELETE(data.tg_event);
    HeapTuple const row = TRIGGER_FIRED_BY_UPDATE(data.tg_event) ? data.tg_newtuple : data.tg_trigtuple;
    std::optional<std::string> const old_currency =
        inserted ? std::nullopt : column(data, data.tg_trigtuple, "currency");
    std::optional<std::string> const new_currency = deleted ? std::nullopt : column(data, row, "currency");
    if (old_currency == new_currency) return;
    // Also for an insert: should it be rolled back, this session has to forget it.
    pg::call([&] { CacheInvalidateRelcache(data.tg_relation); });
    if (claiming || SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA) return;
    // Who has checked an order against the old currency must have committed before the orders are looked through, and
    // nobody may check one against it any more. Without an old currency the writers meet at the settings' key instead.
    if (old_currency) {
        Oid const orders = engine::owned_table("orders").relation;
        pg::call([&] { LockRelationOid(orders, ShareRowExclusiveLock); });
    }
    if (!new_currency) return;
    std::string const tenant = column(data, row, "tenant_id").value();
    pg::Spi const spi;
    if (std::optional<std::string> const other = find_other_currency(spi, tenant, *new_currency))
        throw pg::Error(
            MAKE_SQLSTATE('P', 'T', '4', '0', '9'), "the tenant has orders in another currency",
            "Tenant \"" + tenant + "\" has orders in " + *other + "; its currency cannot become " + *new_currency + ".",
            "Set the currency to NULL and convert all orders of the tenant with one UPDATE: it sets the currency.");
}

}  // namespace
}  // namespace analytics::commerce

ANALYTICS_FUNCTION(analytics_is_tenant_currency) {
    using namespace analytics;
    Datum const tenant_argument = PG_GETARG_DATUM(0), currency_argument = PG_GETARG_DATUM(1);
    text *tenant = nullptr, *given = nullptr;
    pg::call([&] { tenant = DatumGetTextPP(tenant_argument), given = DatumGetTextPP(currency_argument); });
    std::string_view const of = commerce::view(tenant), is = commerce::view(given);
    if (commerce::remembered().is(of, is)) return BoolGetDatum(true);
    pg::Spi const spi;
    return BoolGetDatum(commerce::remembered().look_up(spi, of) == is);
}

ANALYTICS_FUNCTION(analytics_check_order_currency) {
    analytics::commerce::check_order(fcinfo);
    return 0;
}

ANALYTICS_FUNCTION(analytics_check_tenant_currency) {
    analytics::commerce::check_settings(fcinfo);
    return 0;
}

ANALYTICS_FUNCTION(analytics_claim_currency) {
    using namespace analytics;
    std::string const offered = pg::to_string(PG_GETARG_DATUM(0));
    std::string currency;
    {
        pg::Spi const spi;
        currency = commerce::claim_currency(spi, engine::current_tenant(), offered);
    }
    return pg::to_text(currency);
}
