// IPv6 addresses (RFC 4291, 5952): runs of hexadecimal digits and colons, which are then read strictly.
#include "core/privacy/find.hpp"

#include <algorithm>

namespace analytics::core::privacy {
namespace {

constexpr std::size_t longest = 45;

/// Whether the whole text is an address.
bool is_address(std::string_view text) {
    int groups = 0;
    bool gap = false, has_digit = false, long_group = false;
    std::size_t i = 0;
    if (text.starts_with("::")) gap = true, i = 2;
    else if (text.starts_with(':')) return false;
    while (i < text.size()) {
        std::size_t const end = run_end(text, i, hex);
        if (end == i || end - i > 4) return false;
        if (at(text, end) == '.') {  // the last four bytes as IPv4
            int parts = 0;
            for (std::size_t k = i; k <= text.size(); ++parts) {
                std::size_t const stop = run_end(text, k, digit);
                unsigned value = 0;
                for (std::size_t d = k; d < stop && d < k + 4; ++d)
                    value = value * 10 + static_cast<unsigned>(text[d] - '0');
                if (stop == k || stop - k > 3 || value > 255) return false;
                k = stop + 1;
                if (stop < text.size() && text[stop] != '.') return false;
            }
            return parts == 4 && (gap ? groups <= 5 : groups == 6);
        }
        for (std::size_t k = i; k < end; ++k) has_digit = has_digit || is(text[k], digit);
        ++groups;
        long_group = long_group || end - i >= 3;
        i = end;
        if (i == text.size()) break;
        if (text.substr(i).starts_with("::")) {
            if (gap) return false;
            gap = true;
            i += 2;
        } else if (++i == text.size()) {
            return false;
        }
    }
    if (!gap) return groups == 8 && has_digit;
    // a::b is a name in C++, [0::2] a slice in Python.
    return has_digit && groups <= 7 && groups >= 1 && (long_group || groups >= 3 || text == "::1");
}

}  // namespace

void Ipv6Finder::look(std::size_t i, Finds &finds) {
    if (i < done_) return;
    std::size_t from = i;
    while (from > 0 && i - from < 5 && is(text_[from - 1], hex)) --from;
    std::size_t end = i;
    int colons = 0;
    while (end < text_.size() && (is(text_[end], hex) || text_[end] == ':')) colons += text_[end++] == ':';
    done_ = end;
    if (colons < 2) return;
    std::size_t to = end;
    if (at(text_, to) == '.') {  // the last part is IPv4
        std::size_t k = to;
        while (k < text_.size() && k < to + 13 && (is(text_[k], digit) || text_[k] == '.')) ++k;
        while (k > to && text_[k - 1] == '.') --k;
        if (k > to + 4) to = k;
    }
    while (to > from + 2 && text_[to - 1] == ':' && text_[to - 2] != ':') --to;  // the colon of a sentence
    bool const alone = !is(at(text_, from - 1), word) && at(text_, from - 1) != ':' && !is(at(text_, to), word);
    if (!alone || to - from > longest || !is_address(text_.substr(from, to - from))) return;
    if (at(text_, to) == '%') to = run_end(text_, to + 1, word, 16);
    if (at(text_, to) == '/') {
        std::size_t const length = run_end(text_, to + 1, digit, 4);
        if (length > to + 1 && length <= to + 4) to = length;
    }
    finds.push_back({from, to, Kind::ip});
    done_ = std::max(done_, to);
}

}  // namespace analytics::core::privacy
