#include "core/text/public_address.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace analytics::core {
namespace {

bool is_public(const std::string &text) {
    std::array<unsigned char, 16> bytes{};
    bool const v6 = text.find(':') != std::string::npos;
    EXPECT_EQ(inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), bytes.data()), 1) << text;
    return is_public_address(bytes.data(), v6 ? 16 : 4);
}

TEST(PublicAddress, NoneOfThisMachineOrItsNetworks) {
    for (const char *text : {"0.0.0.0",
                             "10.1.2.3",
                             "100.64.0.1",
                             "100.127.255.255",
                             "127.0.0.1",
                             "127.255.0.1",
                             "169.254.169.254",
                             "172.16.0.1",
                             "172.31.255.255",
                             "192.0.0.1",
                             "192.0.2.1",
                             "192.168.1.1",
                             "198.18.0.1",
                             "198.19.255.255",
                             "198.51.100.1",
                             "203.0.113.9",
                             "224.0.0.1",
                             "240.0.0.1",
                             "255.255.255.255",
                             "::",
                             "::1",
                             "::ffff:127.0.0.1",
                             "::ffff:10.0.0.1",
                             "::ffff:169.254.169.254",
                             "64:ff9b::a00:1",
                             "2002:7f00:1::",
                             "2002:c0a8:101::",
                             "2001::1",
                             "2001:db8::1",
                             "fc00::1",
                             "fd12:3456::1",
                             "fe80::1",
                             "ff02::1",
                             "::7f00:1"})
        EXPECT_FALSE(is_public(text)) << text;
}

TEST(PublicAddress, OthersAre) {
    for (const char *text : {"1.1.1.1",        "8.8.8.8",          "100.63.255.255",  "100.128.0.1",
                             "126.1.1.1",      "128.0.0.1",        "169.253.0.1",     "172.15.0.1",
                             "172.32.0.1",     "192.0.1.1",        "192.167.0.1",     "192.169.0.1",
                             "198.17.0.1",     "198.20.0.1",       "223.255.255.255", "2606:4700:4700::1111",
                             "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::",  "2001:4860:4860::8888"})
        EXPECT_TRUE(is_public(text)) << text;
    EXPECT_FALSE(is_public_address(nullptr, 0));
}

}  // namespace
}  // namespace analytics::core
