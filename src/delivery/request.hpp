#pragma once
// The request of this transaction, as PostgREST tells it: path, headers, who calls.
#include "delivery/endpoints.hpp"
#include "pg/boundary.hpp"

namespace analytics::delivery {

struct Request {
    std::string method, path;
    const Endpoint *endpoint = nullptr;  // null: the path is none of ours
    std::string id;                      // X-Request-Id, the client's own where it sent a sound one
    std::optional<std::string> api_key, address;
    /// Whether its function returns void: success is 204 then, not 200.
    bool answers_nothing() const;
};
Request read_request();

/// Who calls, in the eyes of limits and log.
struct Caller {
    enum class Kind : std::uint8_t { anonymous, user, key, service } kind = Kind::anonymous;
    std::string tenant;
    std::optional<std::string> user, key_id;
    std::string tier;  // of a key
    /// Names whose bucket it is.
    std::string bucket(const Request &) const;
};
/// By role and claims; a caller with an API key is known by authenticate().
Caller caller_of_claims();

/// Whether one of the tenant's entries, or one for all tenants, blocks this address now.
/// @param address  text that inet accepts
bool is_blocked(const std::string &address, const std::string &tenant);
bool is_blocked(Datum address, const std::string &tenant);

/// Signs the caller in by its key: this transaction goes on in the key's role and tenant. Refused: 401, with what is
/// known of the caller in `caller` all the same.
struct KeyRefused {
    const char *message;
    std::string hint;
};
std::optional<KeyRefused> authenticate(const std::string &api_key, Caller &caller);

}  // namespace analytics::delivery
