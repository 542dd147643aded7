// Addresses in headers: what comes out is an address as the system writes it, and who shares a limit with it.
#include "core/text/addresses.hpp"
#include "fuzz.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

using namespace analytics::core;
using analytics::fuzz::must;

namespace {

int family_of(const std::string &address) {
    std::array<unsigned char, 16> bytes{};
    for (int const family : {AF_INET, AF_INET6})
        if (inet_pton(family, address.c_str(), bytes.data()) == 1) return family;
    return AF_UNSPEC;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size) {
    analytics::fuzz::Input input(data, size);
    std::size_t const digit = input.byte();  // '0' + the number of proxies, or any
    int const proxies = static_cast<int>(digit) - '0';
    std::string_view const header = input.text(input.left());
    if (header.find('\0') != std::string_view::npos) return 0;  // no text of PostgreSQL holds one
    std::optional<std::string> const address = forwarded_address(header, proxies);
    if (!address) return 0;
    must(proxies > 0, "without proxies nobody is believed", header);
    must(family_of(*address) != AF_UNSPEC, "it is an address", *address);
    must(forwarded_address(*address, 1) == address, "an address reads back", *address);
    must(forwarded_address("[" + *address + "]:443", 1) == address, "a port does not matter", *address);
    // A client that writes more in front changes nothing once as many entries as proxies stand behind.
    if (std::count(header.begin(), header.end(), ',') + 1 >= proxies)
        must(forwarded_address("192.0.2.1, " + std::string(header), proxies) == address,
             "what stands in front is the client's own word", header);

    std::string const shared = neighbourhood(*address);
    if (family_of(*address) == AF_INET) must(shared == *address, "an IPv4 address is one caller", *address);
    else must(shared.ends_with("/64") && neighbourhood(shared) == shared, "IPv6 is counted by its /64", *address);
    return 0;
}
