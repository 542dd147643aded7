#pragma once
// Addresses of clients, as headers name them.
#include <optional>
#include <string>
#include <string_view>

namespace analytics::core {

/// The address that the outermost of `proxies` trusted proxies saw: the entry of a header like X-Forwarded-For that is
/// as many from its end (each proxy appends whom it hears from; what stands before is the client's own word). Of a
/// shorter list the first. Without port and brackets; an IPv4 address mapped into IPv6 as IPv4.
/// Nothing when proxies is 0, or the entry is no address.
std::optional<std::string> forwarded_address(std::string_view header, int proxies);

/// Who shares a bucket with this address: an IPv4 address is one caller; of IPv6 a customer has all of a /64.
/// @param address  as forwarded_address returns it
std::string neighbourhood(const std::string &address);

}  // namespace analytics::core
