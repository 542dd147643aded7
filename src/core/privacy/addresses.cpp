// Street addresses: a house number with a street's name, as they are written in English, German, Dutch, French,
// Spanish, Italian and Portuguese, and what belongs to it up to the postal code.
#include "core/privacy/find.hpp"

namespace analytics::core::privacy {
namespace {

constexpr std::array<std::string_view, 56> street_words{
    "street", "st",    "road",     "rd",       "avenue",     "ave",       "av",    "lane",      "ln",      "drive",
    "dr",     "court", "ct",       "place",    "pl",         "boulevard", "blvd",  "way",       "terrace", "terr",
    "square", "sq",    "parkway",  "pkwy",     "highway",    "hwy",       "close", "crescent",  "cres",    "gardens",
    "mews",   "row",   "grove",    "trail",    "trl",        "circle",    "cir",   "plaza",     "alley",   "walk",
    "loop",   "quay",  "broadway", "freeway",  "expressway", "turnpike",  "pike",  "esplanade", "parade",  "rise",
    "green",  "hill",  "heights",  "crossing", "pass",       "bend"};
// These also say street where nothing is capitalised.
constexpr std::array<std::string_view, 6> plain_street_words{"street", "avenue", "boulevard", "blvd", "rd", "ave"};
constexpr std::array<std::string_view, 20> no_names{"way",    "lane", "car",       "mile", "miles", "km", "minutes",
                                                    "minute", "days", "hours",     "hour", "the",   "a",  "this",
                                                    "that",   "busy", "different", "more", "other", "of"};
constexpr std::array<std::string_view, 16> directions{"n",         "s",         "e",         "w",        "ne",   "nw",
                                                      "se",        "sw",        "north",     "south",    "east", "west",
                                                      "northeast", "northwest", "southeast", "southwest"};
constexpr std::array<std::string_view, 16> unit_words{"apt", "apartment", "suite", "ste",  "unit", "floor",
                                                      "fl",  "room",      "rm",    "flat", "bldg", "building",
                                                      "no",  "etage",     "stock", "box"};
constexpr std::array<std::string_view, 30> street_first{
    "rue",   "avenue",   "boulevard", "place", "chemin", "allee", "impasse", "quai",   "route",  "cours",
    "calle", "avenida",  "plaza",     "paseo", "carrer", "via",   "viale",   "piazza", "corso",  "largo",
    "rua",   "travessa", "praca",     "ulica", "ul",     "av",    "bd",      "camino", "strada", "vicolo"};
constexpr std::array<std::string_view, 18> joining{"de", "la",  "du",  "des", "del", "della", "dei", "di", "da",
                                                   "do", "dos", "das", "le",  "les", "d",     "l",   "el", "los"};
constexpr std::array<std::string_view, 12> street_endings{"strasse", "strase", "str",    "weg",  "platz", "allee",
                                                          "gasse",   "damm",   "straat", "laan", "gatan", "vagen"};

/// The word that begins at i, with . - and ' inside.
Word word_at(std::string_view text, std::size_t i) {
    std::size_t to = run_end(text, i, word, 32);
    while (to > i && (at(text, to) == '-' || at(text, to) == '\'') && is(at(text, to + 1), word) && to - i < 32)
        to = run_end(text, to + 1, word, 32);
    return {i, to};
}
std::string_view of(std::string_view text, Word w) { return text.substr(w.from, w.to - w.from); }

/// Past what separates the words of a name: a space, the dot of an abbreviation and a space.
std::size_t next_word(std::string_view text, std::size_t to) {
    if (at(text, to) == '.') ++to;
    std::size_t const i = run_end(text, to, space, 2);
    return i > to && text.substr(to, i - to).find('\n') == std::string_view::npos ? i : text.size();
}

bool capital(std::string_view text, std::size_t i) { return is(at(text, i), upper); }

/// A postal code at i: where it ends, or i.
std::size_t postal_code(std::string_view text, std::size_t i) {
    std::size_t const digits = run_end(text, i, digit, 7);
    std::size_t const n = digits - i;
    if (n >= 4 && n <= 6) {
        if (n == 5 && at(text, digits) == '-' && run_end(text, digits + 1, digit, 5) == digits + 5) return digits + 5;
        if (n == 4 && at(text, digits) == ' ' && capital(text, digits + 1) && capital(text, digits + 2) &&
            !is(at(text, digits + 3), word))
            return digits + 3;  // 1234 AB
        return is(at(text, digits), word) ? i : digits;
    }
    // SW1A 1AA, K1A 0B6
    std::size_t const outer = run_end(text, i, upper | digit, 5);
    if (capital(text, i) && outer - i >= 2 && outer - i <= 4 && at(text, outer) == ' ' &&
        is(at(text, outer + 1), digit)) {
        std::size_t const inner = run_end(text, outer + 1, upper | digit, 4);
        bool has_digit = false;
        for (std::size_t k = i; k < outer; ++k) has_digit = has_digit || is(text[k], digit);
        if (has_digit && inner == outer + 4 && !is(at(text, inner), word)) return inner;
    }
    return i;
}

/// What follows the street: apartment, town, state, postal code. Where it ends; at `to` where nothing of that follows.
std::size_t with_town(std::string_view text, std::size_t to) {
    std::size_t i = to;
    {  // apartment
        std::size_t k = i;
        if (at(text, k) == '.') ++k;
        if (at(text, k) == ',') ++k;
        k = run_end(text, k, space, 2);
        if (at(text, k) == '#' && is(at(text, k + 1), digit | upper | lower)) {
            i = to = run_end(text, k + 1, word, 6);
        } else if (k > i) {
            Word const w = word_at(text, k);
            if (w && one_of(of(text, w), unit_words)) {
                std::size_t const value = next_word(text, w.to);
                Word const unit = word_at(text, value + (at(text, value) == '#' ? 1 : 0));
                if (unit && unit.to - unit.from <= 6 && (is(text[unit.from], digit) || capital(text, unit.from)))
                    i = to = unit.to;
            }
        }
    }
    // Up to nine words to a postal code or a state; all of them capitalised.
    std::size_t end = to, words = 0, lines = 0, commas = 0;
    while (words < 9 && i < to + 120) {
        std::size_t k = i;
        bool comma = false;
        while (k < text.size() && k < i + 4 && (is(text[k], space) || text[k] == ',' || text[k] == '.')) {
            comma = comma || text[k] == ',' || text[k] == '\n';
            lines += text[k++] == '\n';
        }
        if (k == i || lines > 2 || (at(text, k - 1) == '.')) break;
        commas += comma;
        if (std::size_t const code = postal_code(text, k); code > k && (words > 0 || comma)) {
            end = code;
            if (words == 0 || is(text[k], digit)) {  // 10115 Berlin
                std::size_t const name = next_word(text, code);
                Word const town = word_at(text, name);
                if (town && words == 0 && capital(text, town.from)) end = town.to;
            }
            break;
        }
        Word const w = word_at(text, k);
        if (!w || !(capital(text, w.from) || one_of(of(text, w), joining))) break;
        i = w.to;
        ++words;
        bool const state = w.to - w.from == 2 && capital(text, w.from + 1) && commas > 0 && words > 1 && comma;
        if (state) end = w.to;
    }
    return end;
}

/// The house number that begins at i: 12, 221B, 12-14, 12 1/2. Where it ends, or i.
std::size_t house_number(std::string_view text, std::size_t i) {
    std::size_t to = run_end(text, i, digit, 6);
    if (to == i || to - i > 5) return i;
    if (at(text, to) == '-' && is(at(text, to + 1), digit)) {
        std::size_t const more = run_end(text, to + 1, digit, 6);
        if (more - to > 5) return i;
        to = more;
    }
    if (is(at(text, to), upper | lower) && !is(at(text, to + 1), word)) ++to;
    return is(at(text, to), word) ? i : to;
}

/// "<number> <Name> Street", or i.
std::size_t after_number(std::string_view text, std::size_t i) {
    std::size_t const number = house_number(text, i);
    if (number == i) return i;
    std::size_t k = number;
    if (at(text, k) == ',') ++k;
    k = next_word(text, k);
    // 12 rue de la Paix
    Word const first = word_at(text, k);
    if (!first) return i;
    std::string_view head = of(text, first);
    if (equal(head, "bis") || equal(head, "ter")) {
        k = next_word(text, first.to);
        head = of(text, word_at(text, k));
    }
    if (one_of(head, street_first)) {
        std::size_t end = i, p = next_word(text, k + head.size());
        for (int words = 0; words < 6; ++words) {
            Word const w = word_at(text, p);
            if (!w) break;
            if (capital(text, w.from) || (is(text[w.from], lower) && of(text, w).size() > 2 && of(text, w)[1] == '\''))
                end = w.to;
            else if (!one_of(of(text, w), joining)) break;
            if ((p = next_word(text, w.to)) == text.size()) break;
        }
        if (end > i) return with_town(text, end);
    }
    std::size_t found = i;
    bool plain = false, named = false;
    for (int words = 0; words < 6; ++words) {
        Word const w = word_at(text, k);
        if (!w) break;
        std::string_view const name = of(text, w);
        if (words > 0 && one_of(name, street_words) && (named || one_of(name, plain_street_words))) {
            std::size_t end = w.to;
            Word const next = word_at(text, next_word(text, end));
            if (next && one_of(of(text, next), directions) && capital(text, next.from)) end = next.to;
            else if (at(text, end) == '.' && name.size() <= 4 && !is(at(text, end + 1), word)) ++end;
            found = end;  // but "12 St James Street" goes on
            if (plain) break;
        } else if (capital(text, w.from) || is(text[w.from], digit)) {
            if (plain) break;
            named = true;
        } else if (!one_of(name, joining) || words == 0) {
            if (named || words >= 2 || (name.size() < 3 && name != "st") || one_of(name, no_names)) break;
            plain = true;
        }
        k = next_word(text, w.to);
    }
    return found > i ? with_town(text, found) : i;
}

/// "Musterweg 5", "Berliner Str. 12": the word w ends as streets do and a number follows; or 0.
std::size_t german_street(std::string_view text, Word w) {
    std::string_view const name = of(text, w);
    bool ending = false;
    for (std::string_view const e : street_endings)
        ending = ending || (name.size() >= e.size() && equal(name.substr(name.size() - e.size()), e) &&
                            (e.size() > 3 || e == "weg" || at(text, w.to) == '.'));
    if (!ending) return 0;
    std::size_t const number = next_word(text, w.to);
    std::size_t const end = house_number(text, number);
    if (end == number || end - number > 5) return 0;
    return with_town(text, end);
}

/// "Calle Mayor 12", "Via Roma, 12": or 0.
std::size_t romance_street(std::string_view text, Word w) {
    std::size_t p = next_word(text, w.to);
    bool named = false;
    for (int words = 0; words < 6; ++words) {
        Word const next = word_at(text, p);
        if (!next) return 0;
        if (is(text[next.from], digit)) {
            std::size_t const end = house_number(text, next.from);
            return named && end > next.from && end - next.from <= 4 ? with_town(text, end) : 0;
        }
        if (capital(text, next.from)) named = true;
        else if (!one_of(of(text, next), joining)) return 0;
        p = at(text, next.to) == ',' ? run_end(text, next.to + 1, space, 1) : next_word(text, next.to);
    }
    return 0;
}

/// "P.O. Box 123", "Postfach 123": or 0.
std::size_t post_box(std::string_view text, std::size_t i) {
    for (std::string_view const form : {"p.o. box ", "po box ", "p.o.box ", "post office box ", "postfach "}) {
        if (!has(text, i, form)) continue;
        std::size_t const end = run_end(text, i + form.size(), digit, 8);
        if (end > i + form.size() && !is(at(text, end), word)) return with_town(text, end);
    }
    return 0;
}

}  // namespace

Word find_address(std::string_view text, Word here, Word before) {
    std::size_t const i = here.from;
    if (is(text[i], digit)) {
        char const c = at(text, i - 1);
        bool const alone = i == 0 || is(c, space) || std::string_view(",(\":;>'\xFE").find(c) != std::string_view::npos;
        char const next = at(text, here.to);
        return alone && here.to - i <= 6 && (is(next, space) || next == ',' || next == '-')
                   ? Word{i, after_number(text, i)}
                   : Word{};
    }
    char const second = low(at(text, i + 1));
    if (low(text[i]) == 'p' && (second == 'o' || second == '.'))
        if (std::size_t const end = post_box(text, i)) return {i, end};
    if (!is(text[i], upper)) return {};
    Word const w = word_at(text, i);
    std::size_t const number = w.to + (at(text, w.to) == '.' ? 1 : 0);
    bool const number_follows =
        is(at(text, number), digit) || (is(at(text, number), space) && is(at(text, number + 1), digit));
    if (number_follows && w.to - i >= 3)
        if (std::size_t const end = german_street(text, w))
            return {before.to + 1 == i && w.to - i <= 7 ? before.from : i, end};  // Berliner Str. 12
    if (at(text, w.to) == ' ' && w.to - i <= 9 && one_of(of(text, w), street_first))
        if (std::size_t const end = romance_street(text, w)) return {i, end};
    return {};
}

}  // namespace analytics::core::privacy
