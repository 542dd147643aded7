#pragma once
// Addresses of the public internet.
#include <cstddef>

namespace analytics::core {

/// Whether an IPv4 or IPv6 address (4 or 16 bytes, network order) is of the public internet: not of this machine, a
/// private network, a link, a group, nor reserved (IANA's registries of special-purpose addresses). IPv6 forms of IPv4
/// addresses are what these are. Another length: false.
bool is_public_address(const unsigned char *bytes, std::size_t length);

}  // namespace analytics::core
