// E-mail addresses: found by their @, then read to both sides.
#include "core/privacy/find.hpp"

namespace analytics::core::privacy {
namespace {

/// The length of the sign between local part and domain at i: @, or as URLs and wary people write it.
std::size_t at_sign(std::string_view text, std::size_t i) {
    if (text[i] == '@') return 1;
    for (std::string_view const form : {"%40", "&#64;", "(at)", "{at}", "<at>"})
        if (has(text, i, form)) return form.size();
    return 0;
}

/// Where a domain that begins at i ends: labels with dots between, the last one no number; or i.
std::size_t domain_end(std::string_view text, std::size_t i) {
    if (at(text, i) == '[') {  // an address literal
        std::size_t k = i + 1;
        while (k < text.size() && k < i + 50 && (is(text[k], hex) || text[k] == '.' || text[k] == ':')) ++k;
        return k > i + 3 && at(text, k) == ']' ? k + 1 : i;
    }
    std::size_t good = i, from = i;
    bool only_digits = true;  // the first two labels: package@1.2.x is a version
    for (int labels = 0; labels < 127; ++labels) {
        std::size_t const end = run_end(text, from, word | token, 64);
        if (end == from || end - from > 63) break;
        if (labels < 2)
            for (std::size_t k = from; k < end; ++k) only_digits = only_digits && is(text[k], digit);
        if (labels > 0 && end - from >= 2 && is(text[from], upper | lower) && !only_digits) good = end;
        if (at(text, end) == '.') from = end + 1;
        else if (has(text, end, "%2e")) from = end + 3;
        else break;
    }
    while (good > i && at(text, good - 1) == '-') --good;
    return good;
}

}  // namespace

void EmailFinder::look(std::size_t i, Finds &finds) {
    if (i < done_) return;
    std::size_t const sign = at_sign(text_, i);
    if (sign == 0) return;
    std::size_t from = i;
    if (from > done_ && text_[from - 1] == '"') {  // "a quoted local part"@example.com
        std::size_t k = from - 1;
        while (k > done_ && from - k < 66 && text_[k - 1] != '"' && text_[k - 1] != '\n') --k;
        if (k > done_ && text_[k - 1] == '"') from = k - 1;
    } else {
        while (from > done_ && is(text_[from - 1], local)) --from;
        while (from < i && !is(text_[from], word) && text_[from] != '+') ++from;
    }
    done_ = i + sign;  // where the next local part may begin at the earliest
    if (from == i) return;
    std::size_t const end = domain_end(text_, done_);
    if (end == done_) return;
    finds.push_back({from, end, Kind::email});
    done_ = end;
}

}  // namespace analytics::core::privacy
