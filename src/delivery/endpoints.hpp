#pragma once
// Every function and view of the schema `analytics`: who may call it, which limit counts its calls, and how long an
// answer may be kept. One table is the source of the grants (setup_roles), of the limits and the headers of a request
// (pre_request) and of the API description (get_openapi); test/tap/roles.sql compares it with the catalog, so nothing
// can land without a line.
#include <cstdint>
#include <span>
#include <string_view>

namespace analytics::delivery {

/// The group of roles that may EXECUTE it (contract, rule 10). `anyone` is the group analytics_public; `owner`: nobody
/// but the owner of the extension. `everyone`: PUBLIC, for what types, policies and defaults need wherever they are
/// used.
enum class Access : std::uint8_t { everyone, anyone, reader, writer, admin, owner };

/// Whose tokens a call takes. `none`: calls are not counted (the hook itself).
enum class LimitClass : std::uint8_t { none, dashboard, agent, admin, scrape, ingest, exports };

struct Endpoint {
    std::string_view name;
    Access access;
    LimitClass limit;
    int max_age = 0;                 ///< seconds in Cache-Control: private, max-age=...; 0 is no-store
    int stale_while_revalidate = 0;  ///< seconds
};

/// All of them, by name.
std::span<const Endpoint> endpoints();

/// The endpoint of a name, or null. O(log n).
const Endpoint *find_endpoint(std::string_view name);

/// 'everyone', 'public', 'reader', ...: as the SQL side writes them.
std::string_view to_text(Access access);
std::string_view to_text(LimitClass limit);

}  // namespace analytics::delivery
