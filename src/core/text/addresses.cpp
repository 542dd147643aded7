#include "core/text/addresses.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <vector>

namespace analytics::core {
namespace {

std::string_view trimmed(std::string_view text) {
    std::size_t const from = text.find_first_not_of(" \t\"");
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(" \t\"") - from + 1);
}

/// [2001:db8::1]:443, 203.0.113.9:80 -> the address alone.
std::string_view without_port(std::string_view entry) {
    if (entry.starts_with('[')) {
        std::size_t const end = entry.find(']');
        return end == std::string_view::npos ? entry : entry.substr(1, end - 1);
    }
    return std::count(entry.begin(), entry.end(), ':') == 1 ? entry.substr(0, entry.find(':')) : entry;
}

using Bytes6 = std::array<unsigned char, 16>;

template <std::size_t n> std::string printed(int family, const std::array<unsigned char, n> &bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(family, bytes.data(), text.data(), text.size());
    return text.data();
}

std::optional<std::string> normalised(const std::string &text) {
    std::array<unsigned char, 4> four{};
    if (inet_pton(AF_INET, text.c_str(), four.data()) == 1) return printed(AF_INET, four);
    Bytes6 six{};
    if (inet_pton(AF_INET6, text.c_str(), six.data()) != 1) return std::nullopt;
    constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::equal(mapped.begin(), mapped.end(), six.begin())) {
        std::copy(six.begin() + mapped.size(), six.end(), four.begin());
        return printed(AF_INET, four);
    }
    return printed(AF_INET6, six);
}

}  // namespace

std::optional<std::string> forwarded_address(std::string_view header, int proxies) {
    if (proxies <= 0) return std::nullopt;
    std::vector<std::string_view> entries;
    for (std::size_t from = 0; from <= header.size();) {
        std::size_t const comma = std::min(header.find(',', from), header.size());
        entries.push_back(header.substr(from, comma - from));
        from = comma + 1;
    }
    auto const back = std::min(static_cast<std::size_t>(proxies), entries.size());
    return normalised(std::string(without_port(trimmed(entries[entries.size() - back]))));
}

std::string neighbourhood(const std::string &address) {
    Bytes6 six{};
    if (inet_pton(AF_INET6, address.c_str(), six.data()) != 1) return address;
    std::fill(six.begin() + 8, six.end(), static_cast<unsigned char>(0));
    return printed(AF_INET6, six) + "/64";
}

}  // namespace analytics::core
