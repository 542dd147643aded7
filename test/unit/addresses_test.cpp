#include "core/text/addresses.hpp"
#include "core/text/json_text.hpp"

#include <gtest/gtest.h>

namespace analytics::core {
namespace {

TEST(Addresses, TheEntryThatTheOutermostTrustedProxyWrote) {
    const char *const header = "10.0.0.1, 203.0.113.9,198.51.100.7";
    EXPECT_EQ(forwarded_address(header, 1), "198.51.100.7");
    EXPECT_EQ(forwarded_address(header, 2), "203.0.113.9");
    EXPECT_EQ(forwarded_address(header, 3), "10.0.0.1");
    EXPECT_EQ(forwarded_address(header, 9), "10.0.0.1");
    EXPECT_EQ(forwarded_address(header, 0), std::nullopt);
}

TEST(Addresses, PortsBracketsAndMappedAddressesAreTakenOff) {
    EXPECT_EQ(forwarded_address("203.0.113.9:8080", 1), "203.0.113.9");
    EXPECT_EQ(forwarded_address("[2001:DB8::1]:443", 1), "2001:db8::1");
    EXPECT_EQ(forwarded_address("2001:db8:0:0:0:0:0:1", 1), "2001:db8::1");
    EXPECT_EQ(forwarded_address("::ffff:203.0.113.9", 1), "203.0.113.9");
}

TEST(Addresses, WhatIsNoAddressIsNone) {
    for (const char *bad : {"", " ", ",", "unknown", "1.2.3", "1.2.3.4.5", "[2001:db8::1", "1.2.3.4, evil\r\nX: y",
                            "0x7f.1", "1.2.3.4/8", "fe80::1%eth0"})
        EXPECT_EQ(forwarded_address(bad, 1), std::nullopt) << bad;
}

TEST(Addresses, ANetworkOfIPv6IsOneCaller) {
    EXPECT_EQ(neighbourhood("203.0.113.9"), "203.0.113.9");
    EXPECT_EQ(neighbourhood("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    EXPECT_EQ(neighbourhood("2001:db8:1:2::1"), neighbourhood("2001:db8:1:2:ffff::"));
    EXPECT_NE(neighbourhood("2001:db8:1:3::1"), neighbourhood("2001:db8:1:2::1"));
}

TEST(JsonText, QuotesAndControlCharactersAreEscaped) {
    EXPECT_EQ(json_string("a\"b\\c\n\x01\xc3\xa4"), "\"a\\\"b\\\\c\\u000a\\u0001\xc3\xa4\"");
    EXPECT_EQ(json_string(""), "\"\"");
}

}  // namespace
}  // namespace analytics::core
