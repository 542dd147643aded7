#include "core/privacy/ibans.hpp"

namespace analytics::core::privacy {
namespace {

struct Country {
    char code[3];
    std::uint8_t length;
};
// The SWIFT registry of IBAN formats, by code.
constexpr std::array countries{
    Country{"AD", 24}, Country{"AE", 23}, Country{"AL", 28}, Country{"AT", 20}, Country{"AZ", 28}, Country{"BA", 20},
    Country{"BE", 16}, Country{"BG", 22}, Country{"BH", 22}, Country{"BI", 27}, Country{"BR", 29}, Country{"BY", 28},
    Country{"CH", 21}, Country{"CR", 22}, Country{"CY", 28}, Country{"CZ", 24}, Country{"DE", 22}, Country{"DJ", 27},
    Country{"DK", 18}, Country{"DO", 28}, Country{"EE", 20}, Country{"EG", 29}, Country{"ES", 24}, Country{"FI", 18},
    Country{"FK", 18}, Country{"FO", 18}, Country{"FR", 27}, Country{"GB", 22}, Country{"GE", 22}, Country{"GI", 23},
    Country{"GL", 18}, Country{"GR", 27}, Country{"GT", 28}, Country{"HR", 21}, Country{"HU", 28}, Country{"IE", 22},
    Country{"IL", 23}, Country{"IQ", 23}, Country{"IS", 26}, Country{"IT", 27}, Country{"JO", 30}, Country{"KW", 30},
    Country{"KZ", 20}, Country{"LB", 28}, Country{"LC", 32}, Country{"LI", 21}, Country{"LT", 20}, Country{"LU", 20},
    Country{"LV", 21}, Country{"LY", 25}, Country{"MC", 27}, Country{"MD", 24}, Country{"ME", 22}, Country{"MK", 19},
    Country{"MN", 20}, Country{"MR", 27}, Country{"MT", 31}, Country{"MU", 30}, Country{"NI", 28}, Country{"NL", 18},
    Country{"NO", 15}, Country{"OM", 23}, Country{"PK", 24}, Country{"PL", 28}, Country{"PS", 29}, Country{"PT", 25},
    Country{"QA", 29}, Country{"RO", 24}, Country{"RS", 22}, Country{"RU", 33}, Country{"SA", 24}, Country{"SC", 31},
    Country{"SD", 18}, Country{"SE", 24}, Country{"SI", 19}, Country{"SK", 24}, Country{"SM", 27}, Country{"SO", 23},
    Country{"ST", 25}, Country{"SV", 28}, Country{"TL", 23}, Country{"TN", 24}, Country{"TR", 26}, Country{"UA", 29},
    Country{"VA", 22}, Country{"VG", 24}, Country{"XK", 20}, Country{"YE", 30}};

constexpr std::array<std::string_view, 2> iban_words{"iban", "kontonummer"};

std::size_t length_of(char a, char b) {
    for (const Country &c : countries)
        if (c.code[0] == a && c.code[1] == b) return c.length;
    return 0;
}

char capital(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

}  // namespace

std::size_t iban_end(std::string_view text, std::size_t i) {
    std::size_t const length = length_of(capital(at(text, i)), capital(at(text, i + 1)));
    if (length == 0) return i;
    std::array<char, 34> iban{};
    std::size_t n = 0, k = i, gaps = 0;
    while (n < length && k < text.size()) {
        char const c = text[k];
        if (is(c, digit | upper | lower) && static_cast<unsigned char>(c) < 0x80) {
            iban[n++] = capital(c);
            gaps = 0;
        } else if ((c == ' ' || c == '-' || c == '.') && n >= 4 && gaps == 0) {
            gaps = 1;
        } else {
            return i;
        }
        ++k;
    }
    if (n < length || is(at(text, k), word) || !is(iban[2], digit) || !is(iban[3], digit)) return i;
    unsigned rest = 0;
    for (std::size_t m = 0; m < length; ++m) {
        char const c = iban[(m + 4) % length];
        rest = is(c, digit) ? (rest * 10 + static_cast<unsigned>(c - '0')) % 97
                            : (rest * 100 + static_cast<unsigned>(c - 'A' + 10)) % 97;
    }
    return rest == 1 || announced(text, i, iban_words) ? k : i;
}

}  // namespace analytics::core::privacy
