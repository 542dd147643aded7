// Who the caller is: the tenant of a request.
#include "engine/reader.hpp"

#include "pg/values.hpp"

extern "C" {
#include "utils/guc.h"
#include "utils/jsonb.h"
}

namespace analytics::engine {
namespace {

const char *setting(const char *name) { return GetConfigOption(name, true, false); }

/// A text member of a jsonb object, or nothing.
std::optional<std::string> member(Jsonb *object, std::string_view key) {
    JsonbValue value;
    JsonbValue *const found = pg::call([&] {
        return JB_ROOT_IS_OBJECT(object)
                   ? getKeyJsonValueFromContainer(&object->root, key.data(), static_cast<int>(key.size()), &value)
                   : nullptr;
    });
    if (found == nullptr || found->type != jbvString || found->val.string.len == 0) return std::nullopt;
    return std::string(found->val.string.val, static_cast<std::size_t>(found->val.string.len));
}

std::optional<std::string> from_claims(const char *text) {
    Jsonb *const claims =
        pg::call([&] { return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text))); });
    for (const char *key : {"tenant_id", "shop_domain"})
        if (auto tenant = member(claims, key)) return tenant;
    JsonbValue inner;
    JsonbValue *const metadata = pg::call([&] {
        return JB_ROOT_IS_OBJECT(claims) ? getKeyJsonValueFromContainer(&claims->root, "app_metadata", 12, &inner)
                                         : nullptr;
    });
    if (metadata == nullptr || metadata->type != jbvBinary) return std::nullopt;
    Jsonb *const nested = pg::call([&] { return JsonbValueToJsonb(metadata); });
    for (const char *key : {"tenant_id", "shop_domain"})
        if (auto tenant = member(nested, key)) return tenant;
    return std::nullopt;
}

}  // namespace

std::string current_tenant() {
    const char *const claims = setting("request.jwt.claims");
    if (claims != nullptr && *claims != '\0')
        if (auto tenant = from_claims(claims)) return *tenant;
    const char *const tenant = setting("agent_analytics.tenant");
    return tenant != nullptr && *tenant != '\0' ? tenant : "default";
}

}  // namespace analytics::engine

ANALYTICS_FUNCTION(analytics_current_tenant) { return analytics::pg::to_text(analytics::engine::current_tenant()); }
