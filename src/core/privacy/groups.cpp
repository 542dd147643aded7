#include "core/privacy/groups.hpp"

#include <algorithm>

namespace analytics::core::privacy {

void Groups::read(std::size_t from) {
    count_ = 0;
    std::size_t i = from;
    while (count_ < groups_.size()) {
        std::size_t const end = run_end(text_, i, digit, 35);
        if (end == i || end - i > 34) break;
        if (is(at(text_, end), word) && count_ == 0) {
            // A letter sticks to it: only the x of an extension may.
            if (low(text_[end]) != 'x') break;
        }
        groups_[count_] = {i, end};
        std::copy(text_.begin() + static_cast<std::ptrdiff_t>(i), text_.begin() + static_cast<std::ptrdiff_t>(end),
                  digits_.begin() + static_cast<std::ptrdiff_t>(sums_[count_]));
        sums_[count_ + 1] = sums_[count_] + (end - i);
        ++count_;
        i = end;
        while (i < end + 3 && i < text_.size() && std::string_view(" -./()").find(text_[i]) != std::string_view::npos)
            ++i;
        if (i == end) break;
    }
}

bool Groups::stuck_before() const {
    std::size_t const first = from(0);
    if (first == 0) return false;
    char const c = text_[first - 1];
    if (c == '#' || c == '$' || c == '%' || c == '_') return true;
    if (std::string_view("-./:,+=*^~\\").find(c) == std::string_view::npos || first < 2) return false;
    char const before = text_[first - 2];
    if (c == ':' || c == '=') return is(before, digit) || before == ':';
    return is(before, word) || before == '.' || before == '-';
}

bool Groups::may_end(std::size_t i) const {
    std::size_t const end = to(i);
    char const c = at(text_, end), next = at(text_, end + 1);
    if (is(c, word) && !(low(c) == 'x' && is(next, digit))) return false;
    if (c == '%' || c == '$') return false;
    return !((c == '-' || c == '.' || c == '/' || c == ':' || c == ',') && is(next, digit)) &&
           !(c == '-' && is(next, word));
}

}  // namespace analytics::core::privacy
