#pragma once
// JSON, written.
#include <string>
#include <string_view>

namespace analytics::core {

/// A JSON string: in quotes, escaped (RFC 8259). Bytes above ASCII stay as they are.
inline std::string json_string(std::string_view text) {
    std::string out = "\"";
    for (char const c : text) {
        if (c == '"' || c == '\\') {
            out.append(1, '\\').append(1, c);
        } else if (static_cast<unsigned char>(c) < 0x20) {
            constexpr const char *digits = "0123456789abcdef";
            out.append("\\u00").append(1, digits[c >> 4]).append(1, digits[c & 15]);
        } else {
            out.append(1, c);
        }
    }
    return out.append(1, '"');
}

}  // namespace analytics::core
