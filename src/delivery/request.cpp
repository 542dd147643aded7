#include "delivery/request.hpp"

#include "core/text/addresses.hpp"
#include "delivery/response.hpp"
#include "engine/reader.hpp"
#include "pg/json.hpp"
#include "pg/settings.hpp"

#include <algorithm>
#include <array>

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type_d.h"
#include "utils/catcache.h"
#include "utils/syscache.h"
}

namespace analytics::delivery {
namespace {

constexpr const char *our_schema = "analytics";
constexpr std::array groups{"analytics_reader", "analytics_writer", "analytics_admin"};

constexpr std::string_view rpc = "/rpc/";  // what the path of a function begins with

/// Whether a schema has a function of this name that returns `type`, or any where that is InvalidOid.
bool schema_has_function(Oid schema, const std::string &name, Oid type) {
    const char *const text = name.c_str();
    return pg::call([&] {
        CatCList *const list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(text));
        bool found = false;
        for (int i = 0; i < list->n_members && !found; ++i) {
            auto const *const form = reinterpret_cast<Form_pg_proc>(GETSTRUCT(&list->members[i]->tuple));
            found = form->pronamespace == schema && (type == InvalidOid || form->prorettype == type);
        }
        ReleaseCatCacheList(list);
        return found;
    });
}

/// Whether a schema has a function (or, for a path without /rpc/, a relation) of this name.
bool schema_has(Oid schema, const std::string &name, bool function) {
    if (function) return schema_has_function(schema, name, InvalidOid);
    const char *const text = name.c_str();
    return pg::call([&] { return OidIsValid(get_relname_relid(text, schema)); });
}

/// Whether a name without a schema is ours: PostgREST puts the schema of the request first on the search path.
bool is_first_ours(const std::string &name, bool function) {
    std::array<Oid, 16> schemas{};
    int const count =
        pg::call([&] { return fetch_search_path_array(schemas.data(), static_cast<int>(schemas.size())); });
    Oid const ours = pg::call([] { return get_namespace_oid(our_schema, true); });
    for (Oid const schema : std::span(schemas).first(static_cast<std::size_t>(std::clamp(count, 0, 16)))) {
        if (schema == ours) return true;
        if (schema_has(schema, name, function)) return false;
    }
    return true;  // a service that sets no search path
}

const Endpoint *endpoint_of(const Request &request, const std::optional<std::string> &profile) {
    bool const function = request.path.starts_with(rpc);
    if (!request.path.starts_with('/')) return nullptr;
    std::string const name = request.path.substr(function ? rpc.size() : 1);
    const Endpoint *const endpoint = find_endpoint(name);
    if (endpoint == nullptr) return nullptr;
    if (profile) return *profile == our_schema ? endpoint : nullptr;
    return is_first_ours(name, function) ? endpoint : nullptr;
}

bool is_sound_id(const std::string &id) {
    return !id.empty() && id.size() <= 100 && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.' || c == ':';
    });
}

bool is_member(Oid role, const char *group) {
    return pg::call([&] {
        Oid const oid = get_role_oid(group, true);
        return OidIsValid(oid) && has_privs_of_role(role, oid);
    });
}

}  // namespace

bool Request::answers_nothing() const {
    if (endpoint == nullptr || !path.starts_with(rpc)) return false;
    Oid const ours = pg::call([] { return get_namespace_oid(our_schema, true); });
    return schema_has_function(ours, path.substr(rpc.size()), VOIDOID);
}

Request read_request() {
    Request request;
    request.method = setting("request.method");
    request.path = setting("request.path");
    std::optional<pg::JsonObject> const headers = pg::JsonObject::parse(setting("request.headers"));
    auto const header = [&](std::string_view name) {
        return headers ? headers->text(name) : std::optional<std::string>();
    };
    request.api_key = header("x-api-key");
    if (auto const forwarded = header(pg::client_address_header); forwarded)
        request.address = core::forwarded_address(*forwarded, pg::trusted_proxies);
    bool const reads = request.method == "GET" || request.method == "HEAD";
    request.endpoint = endpoint_of(request, header(reads ? "accept-profile" : "content-profile"));
    if (auto const id = header("x-request-id"); id && is_sound_id(*id)) request.id = *id;
    else
        request.id = pg::call([] {
            return DatumGetCString(DirectFunctionCall1(uuid_out, DirectFunctionCall1(gen_random_uuid, Datum{0})));
        });
    return request;
}

Caller caller_of_claims() {
    Caller caller;
    caller.tenant = engine::current_tenant();
    std::optional<pg::JsonObject> const claims = pg::JsonObject::parse(setting("request.jwt.claims"));
    if (claims) caller.user = claims->text("sub");
    if (!caller.user)
        if (auto const user = setting("agent_analytics.user"); !user.empty()) caller.user = user;
    Oid const role = GetUserId();
    std::string const name = pg::call([&] { return GetUserNameFromId(role, false); });
    bool const all_tenants = pg::call([&] { return has_bypassrls_privilege(role); });
    if (all_tenants) caller.kind = Caller::Kind::service;
    else if (name == "anon") caller.kind = Caller::Kind::anonymous;
    else if (caller.user ||
             std::any_of(groups.begin(), groups.end(), [&](const char *g) { return is_member(role, g); }))
        caller.kind = Caller::Kind::user;
    return caller;
}

std::string Caller::bucket(const Request &request) const {
    auto const joined = [](std::initializer_list<std::string_view> parts) {
        std::string all;
        for (std::string_view part : parts) all.append(part).append(1, '\0');
        return all;
    };
    switch (kind) {
    case Kind::anonymous:
        return joined({"address", request.address ? core::neighbourhood(*request.address) : "unknown"});
    case Kind::key:
        return joined({"key", *key_id});
    case Kind::service:
    case Kind::user:
        break;
    }
    if (user) return joined({"user", tenant, *user});
    return joined({"role", tenant, pg::call([] { return GetUserNameFromId(GetUserId(), false); })});
}

}  // namespace analytics::delivery
