// API keys: found by the id in them, compared by hash, and what the request may do from then on.
#include "core/text/json_text.hpp"
#include "delivery/request.hpp"
#include "delivery/response.hpp"
#include "engine/owned_table.hpp"
#include "pg/arrays.hpp"
#include "pg/spi.hpp"
#include "pg/values.hpp"

#include <algorithm>
#include <array>

namespace analytics::delivery {
namespace {

struct StoredKey {
    std::string tenant, hash, tier;
    bool reads, writes, administers, revoked, expired;
};

std::optional<StoredKey> stored_key(const std::string &key_id) {
    static pg::Statement statement(
        "SELECT k.tenant_id, k.key_hash, k.tier, 'read' OPERATOR(pg_catalog.=) ANY (k.scopes), "
        "'write' OPERATOR(pg_catalog.=) ANY (k.scopes), 'admin' OPERATOR(pg_catalog.=) ANY (k.scopes), "
        "k.revoked_at IS NOT NULL, "
        "coalesce(k.expires_at OPERATOR(pg_catalog.<=) pg_catalog.clock_timestamp(), false) "
        "FROM analytics_data.api_keys k WHERE k.key_id OPERATOR(pg_catalog.=) $1",
        {TEXTOID}, pg::PlanFor::by_index);
    auto const table = engine::find_owned_table("api_keys");
    if (!table) return std::nullopt;
    pg::Spi const spi;
    pg::AsUser const as_owner(table->owner);
    pg::Result const rows = statement.run(spi, std::array{pg::to_text(key_id)});
    if (rows.empty()) return std::nullopt;
    auto const flag = [&](int column) { return DatumGetBool(*rows.get(0, column)); };
    return StoredKey{pg::to_string(*rows.get(0, 0)),
                     pg::to_string(*rows.get(0, 1)),
                     pg::to_string(*rows.get(0, 2)),
                     flag(3),
                     flag(4),
                     flag(5),
                     flag(6),
                     flag(7)};
}

std::string sha256(const std::string &text) {
    Datum const bytes = pg::to_text(text);  // a bytea looks the same
    return pg::to_string(pg::call([&] { return DirectFunctionCall1(sha256_bytea, bytes); }));
}

/// In a time that does not tell how much of them is equal.
bool equal_in_constant_time(const std::string &a, const std::string &b) {
    if (a.size() != b.size()) return false;
    unsigned volatile difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference = difference | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]));
    return difference == 0;
}

/// aa_<12 hex digits>_<64 hex digits>: the id.
std::optional<std::string> id_in(const std::string &key) {
    auto const hex = [&](std::size_t from, std::size_t count) {
        return std::all_of(key.begin() + static_cast<std::ptrdiff_t>(from),
                           key.begin() + static_cast<std::ptrdiff_t>(from + count),
                           [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    };
    if (key.size() != 80 || !key.starts_with("aa_") || !hex(3, 12) || key[15] != '_' || !hex(16, 64)) return {};
    return key.substr(3, 12);
}

const char *role_of(const StoredKey &key) {
    if (key.administers) return "analytics_admin";
    if (key.reads && key.writes) return "analytics_editor";
    return key.writes ? "analytics_writer" : "analytics_reader";
}

/// The role that logged in (PostgREST's authenticator) must be a member of the key's role.
void check_may_become(const char *role) {
    bool const may = pg::call([&] {
        Oid const oid = get_role_oid(role, true);
        return OidIsValid(oid) && is_member_of_role(GetSessionUserId(), oid);
    });
    if (may) return;
    std::string const login = pg::call([] { return GetUserNameFromId(GetSessionUserId(), false); });
    refuse({403, "FORBIDDEN", "API keys are not set up", "Role " + login + " may not become " + role + ".",
            "Run SELECT analytics.setup_roles(), then GRANT " + std::string(role) + " TO " + login + "."},
           {});
}

}  // namespace

std::optional<KeyRefused> authenticate(const std::string &api_key, Caller &caller) {
    constexpr const char *invalid = "invalid API key";
    std::string const hash = sha256(api_key);
    auto const id = id_in(api_key);
    auto const stored = id ? stored_key(*id) : std::nullopt;
    // A key that is not there is compared all the same: nobody learns from the time which ids there are.
    if (!equal_in_constant_time(hash, stored ? stored->hash : std::string(hash.size(), '\0')) || !stored)
        return KeyRefused{invalid, "Send a key that create_api_key returned in the header X-API-Key."};
    caller = {Caller::Kind::key, stored->tenant, std::nullopt, id, stored->tier};
    if (stored->revoked) return KeyRefused{"revoked API key", "Ask for a new one: create_api_key makes it."};
    if (stored->expired) return KeyRefused{"expired API key", "Ask for a new one: create_api_key makes it."};
    const char *const role = role_of(*stored);
    check_may_become(role);
    // The claims first: after the change of role the caller has no more rights than the key.
    set_for_transaction("request.jwt.claims", "{\"role\":" + core::json_string(role) +
                                                  ",\"tenant_id\":" + core::json_string(stored->tenant) +
                                                  ",\"key_id\":" + core::json_string(*id) +
                                                  ",\"tier\":" + core::json_string(stored->tier) + "}");
    set_for_transaction("role", role);
    return std::nullopt;
}

}  // namespace analytics::delivery
