#include "core/privacy/fold.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace analytics::core::privacy {
namespace {

struct Character {
    char32_t point;
    std::size_t length;
};
constexpr char32_t invalid = 0x110000;

/// The character at `i`; an invalid one has the length 1.
Character decode(std::string_view text, std::size_t i) {
    auto const byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
    unsigned char const first = byte(i);
    if (first < 0x80) return {first, 1};
    std::size_t const length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() - i < length) return {invalid, 1};
    char32_t point = first & (0x7FU >> length);
    for (std::size_t k = 1; k < length; ++k) {
        if ((byte(i + k) & 0xC0) != 0x80) return {invalid, 1};
        point = point << 6 | (byte(i + k) & 0x3FU);
    }
    constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
    if (point < least[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return {invalid, 1};
    return {point, length};
}

// Unicode 15, general category Nd: the zero of each ten digits.
constexpr std::array<char32_t, 67> zeros{
    0x660,   0x6F0,   0x7C0,   0x966,   0x9E6,   0xA66,   0xAE6,   0xB66,   0xBE6,   0xC66,   0xCE6,   0xD66,
    0xDE6,   0xE50,   0xED0,   0xF20,   0x1040,  0x1090,  0x17E0,  0x1810,  0x1946,  0x19D0,  0x1A80,  0x1A90,
    0x1B50,  0x1BB0,  0x1C40,  0x1C50,  0xA620,  0xA8D0,  0xA900,  0xA9D0,  0xA9F0,  0xAA50,  0xABF0,  0xFF10,
    0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730,
    0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x11F50, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2,
    0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E950, 0x1FBF0};

// U+00C0 to U+017F without their accents, 0xFE for the two signs among them.
constexpr std::string_view latin = "AAAAAAACEEEEIIIIDNOOOOO\xFEOUUUUYTsaaaaaaaceeeeiiiidnooooo\xFEouuuuyty"
                                   "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLlLlNnNnNnnNnOoOoOoO"
                                   "oRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWw"
                                   "YyYZzZzZzs";
static_assert(latin.size() == 0x180 - 0xC0);

constexpr char vanishes = '\0', other = '\xFE';

bool within(char32_t point, char32_t from, char32_t to) { return point >= from && point <= to; }

bool spaceless(char32_t p) {
    return within(p, 0xE00, 0xEFF) || within(p, 0x1000, 0x109F) || within(p, 0x1780, 0x17FF) ||
           within(p, 0x2E80, 0x2FFF) || within(p, 0x3040, 0x30FF) || within(p, 0x3400, 0x9FFF) ||
           within(p, 0xAC00, 0xD7A3) || within(p, 0xF900, 0xFAFF) || within(p, 0x20000, 0x3FFFF);
}

/// What a character beyond ASCII becomes: `vanishes`, or a byte.
char fold_point(char32_t p) {
    if (p == invalid) return other;
    if (p < 0xC0) {
        if (p == 0xA0) return ' ';
        if (p == 0xAD) return vanishes;
        if (p == 0x85) return '\n';
        if (within(p, 0xA2, 0xA5)) return '$';
        if (p == 0xAA) return 'a';
        if (p == 0xBA) return 'o';
        return other;
    }
    if (p < 0x180) return latin[p - 0xC0];
    if (within(p, 0x300, 0x36F) || p == 0x61C || p == 0x180E || within(p, 0x200B, 0x200F) ||
        within(p, 0x202A, 0x202E) || within(p, 0x2060, 0x206F) || within(p, 0xFE00, 0xFE0F) || p == 0xFEFF ||
        within(p, 0xE0000, 0xE01EF) || within(p, 0x1AB0, 0x1AFF) || within(p, 0x20D0, 0x20FF))
        return vanishes;
    if (within(p, 0xFF01, 0xFF5E)) return static_cast<char>(p - 0xFF01 + '!');
    if (p >= zeros.front()) {
        auto const *const zero = std::upper_bound(zeros.begin(), zeros.end(), p) - 1;
        if (p - *zero < 10) return static_cast<char>('0' + (p - *zero));
    }
    if (within(p, 0x2010, 0x2015) || p == 0x2212 || p == 0xFE58 || p == 0xFE63 || p == 0x2043) return '-';
    if (within(p, 0x2000, 0x200A) || p == 0x202F || p == 0x205F || p == 0x3000) return ' ';
    if (p == 0x2028 || p == 0x2029) return '\n';
    if (within(p, 0x20A0, 0x20CF)) return '$';
    if (p == 0x2018 || p == 0x2019 || p == 0x2BC) return '\'';
    if (p == 0x201C || p == 0x201D) return '"';
    if (p == 0x2024 || p == 0xFE52) return '.';
    if (p == 0xFE6B) return '@';
    if (p == 0xFE55) return ':';
    // Mathematical letters and letters in circles are Latin in disguise.
    if (within(p, 0x1D400, 0x1D6A3))
        return static_cast<char>((p - 0x1D400) % 52 < 26 ? 'A' + (p - 0x1D400) % 52 : 'a' + (p - 0x1D400) % 52 - 26);
    if (within(p, 0x24B6, 0x24CF)) return static_cast<char>('A' + (p - 0x24B6));
    if (within(p, 0x24D0, 0x24E9)) return static_cast<char>('a' + (p - 0x24D0));
    if (within(p, 0x1E00, 0x1EFF)) {  // Latin Extended Additional, in alphabetical order
        static constexpr std::array<std::pair<char32_t, char>, 25> from{
            {{0x1E00, 'a'}, {0x1E02, 'b'}, {0x1E08, 'c'}, {0x1E0A, 'd'}, {0x1E14, 'e'}, {0x1E1E, 'f'}, {0x1E20, 'g'},
             {0x1E22, 'h'}, {0x1E2C, 'i'}, {0x1E30, 'k'}, {0x1E36, 'l'}, {0x1E3E, 'm'}, {0x1E44, 'n'}, {0x1E4C, 'o'},
             {0x1E54, 'p'}, {0x1E58, 'r'}, {0x1E60, 's'}, {0x1E6A, 't'}, {0x1E72, 'u'}, {0x1E7C, 'v'}, {0x1E80, 'w'},
             {0x1E8A, 'x'}, {0x1E8E, 'y'}, {0x1E90, 'z'}, {0x1E96, 's'}}};
        if (p < 0x1EA0) {
            char const letter =
                (std::upper_bound(from.begin(), from.end(), p, [](char32_t x, const auto &f) { return x < f.first; }) -
                 1)
                    ->second;
            return p % 2 == 0 && p < 0x1E96 ? static_cast<char>(letter - 32) : letter;
        }
        char const letter = p < 0x1EB8   ? 'a'
                            : p < 0x1EC8 ? 'e'
                            : p < 0x1ECC ? 'i'
                            : p < 0x1EE4 ? 'o'
                            : p < 0x1EF2 ? 'u'
                                         : 'y';
        return p % 2 == 0 ? static_cast<char>(letter - 32) : letter;
    }
    if (spaceless(p) || within(p, 0x2000, 0x2BFF) || within(p, 0x3000, 0x303F) || within(p, 0xFE30, 0xFFFF) ||
        within(p, 0x1F000, 0x1FAFF) || within(p, 0xE000, 0xF8FF))
        return other;
    // Letters of other scripts, Greek and Cyrillic in small ones.
    if (within(p, 0x391, 0x3A9) || within(p, 0x410, 0x42F)) p += 0x20;
    else if (within(p, 0x400, 0x40F)) p += 0x50;
    else if (within(p, 0x531, 0x556)) p += 0x30;
    char const byte = static_cast<char>(0x80 | (p & 0x7F));
    return byte == other ? '\xFF' : byte;
}

}  // namespace

bool is_ascii(std::string_view text) {
    std::size_t i = 0;
    std::uint64_t any = 0;
    for (; i + 32 <= text.size(); i += 32) {
        std::array<std::uint64_t, 4> words;
        std::memcpy(words.data(), text.data() + i, 32);
        any |= words[0] | words[1] | words[2] | words[3];
    }
    for (; i < text.size(); ++i) any |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[i]));
    return (any & 0x8080808080808080U) == 0;
}

std::string folded(std::string_view text, const Stop &stop) {
    std::string out;
    out.resize(text.size());
    std::size_t n = 0;
    std::size_t next_stop = 0;
    for (std::size_t i = 0; i < text.size();) {
        if (i >= next_stop) {
            if (stop) stop();
            next_stop = i + stop_every;
        }
        if (static_cast<unsigned char>(text[i]) < 0x80) {
            out[n++] = text[i++];
            continue;
        }
        auto const [point, length] = decode(text, i);
        if (char const c = fold_point(point); c != vanishes) out[n++] = c;
        i += length;
    }
    out.resize(n);
    return out;
}

std::size_t Unfolder::operator()(std::size_t folded_place) {
    while (at_ < text_.size()) {
        if (static_cast<unsigned char>(text_[at_]) < 0x80) {
            if (place_ == folded_place) return at_;
            ++place_, ++at_;
            continue;
        }
        auto const [point, length] = decode(text_, at_);
        if (fold_point(point) != vanishes) {
            if (place_ == folded_place) return at_;
            ++place_;
        }
        at_ += length;
    }
    return text_.size();
}

bool has_spaceless_script(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        auto const [point, length] = decode(text, i);
        if (spaceless(point)) return true;
        i += length;
    }
    return false;
}

}  // namespace analytics::core::privacy
