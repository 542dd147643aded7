#include "core/text/public_address.hpp"

#include <array>
#include <cstring>

namespace analytics::core {

bool is_public_address(const unsigned char *b, std::size_t length) {
    if (length == 16) {
        constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
        constexpr std::array<unsigned char, 12> nat64{0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0};
        if (std::memcmp(b, mapped.data(), 12) == 0 || std::memcmp(b, nat64.data(), 12) == 0)
            return is_public_address(b + 12, 4);
        if (b[0] == 0x20 && b[1] == 0x02) return is_public_address(b + 2, 4);            // 6to4 of that address
        if (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0 && b[3] == 0) return false;        // Teredo
        if (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0d && b[3] == 0xb8) return false;  // documentation
        return (b[0] & 0xe0) == 0x20;                                                    // 2000::/3, all that is global
    }
    if (length != 4) return false;
    if (b[0] == 0 || b[0] == 10 || b[0] == 127 || b[0] >= 224) return false;
    if (b[0] == 100 && (b[1] & 0xc0) == 64) return false;  // shared by carriers
    if (b[0] == 169 && b[1] == 254) return false;          // the link; metadata of clouds
    if (b[0] == 172 && (b[1] & 0xf0) == 16) return false;
    if (b[0] == 192 && b[1] == 168) return false;
    if (b[0] == 192 && b[1] == 0 && (b[2] == 0 || b[2] == 2)) return false;
    if (b[0] == 198 && ((b[1] & 0xfe) == 18 || (b[1] == 51 && b[2] == 100))) return false;
    return !(b[0] == 203 && b[1] == 0 && b[2] == 113);
}

}  // namespace analytics::core
