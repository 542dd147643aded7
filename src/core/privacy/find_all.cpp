#include "core/privacy/find.hpp"
#include "core/privacy/fold.hpp"

namespace analytics::core::privacy {
namespace {

enum Sign : std::uint8_t { nothing, a_word, at_like, colon, equals, dash };
constexpr std::array<Sign, 256> signs = [] {
    std::array<Sign, 256> s{};
    for (int i = 0; i < 256; ++i) s[static_cast<std::size_t>(i)] = is(static_cast<char>(i), word) ? a_word : nothing;
    for (char const c : std::string_view("@%&({<")) s[static_cast<unsigned char>(c)] = at_like;
    s[':'] = colon;
    s['='] = equals;
    s['-'] = dash;
    return s;
}();

}  // namespace

Finds find_all(std::string_view text, const KnownName &name, const Stop &stop) {
    Finds finds;
    EmailFinder emails(text);
    Ipv6Finder ipv6(text);
    KeyedSecretFinder secrets(text);
    NameFinder const names(name);
    std::size_t numbers_done = 0, addresses_done = 0;
    Word before;  // the last word with a capital letter
    std::size_t i = 0, next_stop = 0;
    while (i < text.size()) {
        if (i >= next_stop) {
            if (stop) stop();
            next_stop = i + stop_every;
        }
        switch (signs[static_cast<unsigned char>(text[i])]) {
        case nothing:
            ++i;
            continue;
        case at_like:
            emails.look(i++, finds);
            continue;
        case colon:
            ipv6.look(i, finds);
            [[fallthrough]];
        case equals:
            secrets.look(i++, finds);
            continue;
        case dash:
            if (std::size_t const end = private_key_end(text, i); end > i) {
                finds.push_back({i, end, Kind::secret});
                i = end;
            } else {
                ++i;
            }
            continue;
        case a_word:
            break;
        }
        std::size_t const end = run_end(text, i, word);
        char const first = text[i];
        if (is(first, digit)) {
            if (i >= numbers_done) find_number(text, i, numbers_done, finds);
        } else {
            find_at_word(text, i, end, finds);
            if (names.may_begin(first)) names.look(text, i, end, finds);
        }
        if (is(first, digit | upper) || first == 'p') {
            if (i >= addresses_done) {
                if (Word const address = find_address(text, {i, end}, before)) {
                    finds.push_back({address.from, address.to, Kind::address});
                    addresses_done = address.to;
                }
            }
            if (is(first, upper)) before = {i, end};
        }
        i = end;
    }
    return finds;
}

}  // namespace analytics::core::privacy
