#include "core/privacy/groups.hpp"

namespace analytics::core::privacy {
namespace {

constexpr std::array<std::string_view, 25> phone_words{
    "tel",      "telephone", "phone",    "mobile",   "mob",   "cell",     "cellphone", "fax",     "whatsapp",
    "sms",      "hotline",   "telefon",  "telefax",  "handy", "telefono", "movil",     "celular", "portable",
    "telefone", "ph",        "landline", "telefoon", "mobil", "phones",   "smartphone"};
constexpr std::array<std::string_view, 10> call_words{"call",    "dial",  "ring", "text",    "reach",
                                                      "calling", "appel", "ruf",  "anrufen", "calls"};
constexpr std::array<std::string_view, 26> other_numbers{
    "order",  "invoice", "ticket",  "id",     "ref",     "reference", "tracking", "sku",  "isbn",
    "code",   "version", "build",   "commit", "section", "port",      "case",     "item", "part",
    "serial", "rows",    "account", "row",    "page",    "article",   "issn",     "model"};

/// The most digits of a number of the country whose code the digits begin with, the code included; 0 where it is not
/// known.
std::size_t country(std::string_view n) {
    if (n[0] == '1' || n.starts_with("7")) return 11;
    static constexpr std::array<std::pair<std::string_view, std::size_t>, 40> known{
        {{"20", 12}, {"27", 11}, {"30", 12}, {"31", 11}, {"32", 11}, {"33", 11}, {"34", 11}, {"36", 11},
         {"39", 13}, {"40", 11}, {"41", 11}, {"43", 14}, {"44", 12}, {"45", 10}, {"46", 12}, {"47", 10},
         {"48", 11}, {"49", 14}, {"51", 11}, {"52", 13}, {"54", 13}, {"55", 13}, {"56", 11}, {"57", 12},
         {"60", 12}, {"61", 11}, {"62", 14}, {"63", 12}, {"64", 12}, {"65", 10}, {"66", 11}, {"81", 12},
         {"82", 12}, {"84", 11}, {"86", 13}, {"90", 12}, {"91", 12}, {"92", 12}, {"94", 11}, {"98", 12}}};
    for (const auto &[code, most] : known)
        if (n.starts_with(code)) return most;
    return 0;
}

bool is_space(std::string_view gap) { return gap.find_first_not_of(' ') == std::string_view::npos; }

/// 5 000 000 is an amount: groups of three with one kind of gap, ending in zeros.
bool thousands(const Groups &g, std::size_t k) {
    if (k < 2 || g.length(0) > 3 || g.value(k - 1) != 0) return false;
    for (std::size_t i = 1; i < k; ++i)
        if (g.length(i) != 3 || g.gap(i) != g.gap(1)) return false;
    return true;
}

/// As many groups as make a number of `least` to `most` digits; a space after tighter gaps ends it.
std::size_t take(const Groups &g, std::size_t least, std::size_t most) {
    std::size_t found = 0;
    bool tight = false, loose = false;
    for (std::size_t k = 1; k <= g.count(); ++k) {
        if (k > 1) {
            std::string_view const gap = g.gap(k - 1);
            if (found > 0 && tight && !loose && is_space(gap)) break;
            if (found > 0 && gap.find('(') != std::string_view::npos) break;
            loose = loose || is_space(gap);
            tight = tight || gap == "-" || gap == ".";
        }
        std::size_t const n = g.digits(k).size();
        if (n > most) break;
        if (n >= least && g.may_end(k - 1)) found = k;
    }
    return found;
}

bool area(unsigned value) { return value >= 201 && value % 100 != 11 && (value % 100 != 0 || value >= 500); }

/// North America: [1] area-exchange-line.
std::size_t north_american(const Groups &g, bool bracket, bool told) {
    std::size_t const i = g.count() > 0 && g.length(0) == 1 && g.value(0) == 1 ? 1 : 0;
    if (g.count() < i + 3 || g.length(i) != 3 || g.length(i + 1) != 3 || g.length(i + 2) != 4) {
        // (415) 5550132
        bool const short_form = bracket && g.count() >= 2 && g.length(0) == 3 && g.length(1) == 7 && area(g.value(0));
        return short_form && g.may_end(1) ? 2 : 0;
    }
    if (!area(g.value(i)) || g.value(i + 1) < 200 || !g.may_end(i + 2)) return 0;
    if (i == 1 && !told && g.gap(1) == ".") return 0;  // 1.415.555.0132 could be a version, but 1-415 could not
    return i + 3;
}

/// Others at home: 0 before the area ("020 7946 0958"), or five pairs ("06 12 34 56 78"); or an area in brackets.
std::size_t national(const Groups &g, bool bracket) {
    if (g.count() < 2) return 0;
    bool const trunk =
        g.text()[g.from(0)] == '0' && g.length(0) >= 2 && g.text()[g.from(0) + 1] != '0' && g.length(0) <= 5;
    std::size_t const first = g.length(0);
    if (trunk && first == 2 && g.count() >= 5) {
        bool pairs = true;
        for (std::size_t i = 1; i < 5; ++i) pairs = pairs && g.length(i) == 2 && g.gap(i) == g.gap(1);
        if (pairs && g.gap(1) != "/" && g.may_end(4)) return 5;
    }
    if (trunk || (bracket && (first == 2 || first == 4 || first == 5) &&
                  !(first == 4 && g.value(0) >= 1900 && g.value(0) < 2100))) {
        std::size_t found = 0;
        for (std::size_t k = 2; k <= g.count() && k <= 5; ++k) {
            std::string_view const gap = g.gap(k - 1);
            if (gap.find('.') != std::string_view::npos || (k > 2 && gap.find_first_of("(/") != std::string_view::npos))
                break;
            if (g.length(k - 1) < 2) break;
            std::size_t const n = g.digits(k).size();
            if (n > (trunk ? 12U : 11U)) break;
            if (n >= 9 && g.may_end(k - 1)) found = k;
        }
        return found;
    }
    // China's mobiles: 138 0013 8000.
    if (first == 3 && g.count() >= 3 && g.value(0) >= 130 && g.value(0) < 200 && g.length(1) == 4 && g.length(2) == 4 &&
        g.gap(1) == g.gap(2) && g.may_end(2))
        return 3;
    return 0;
}

/// An extension after the number: "ext. 12", "x12", "#12".
std::size_t with_extension(std::string_view text, std::size_t to) {
    std::size_t i = run_end(text, to, space, 2);
    if (at(text, i) == ',') i = run_end(text, i + 1, space, 2);
    std::size_t name = 0;
    for (std::string_view const form : {"extension", "ext.", "ext", "x.", "x"})
        if (has(text, i, form)) {
            name = form.size();
            break;
        }
    if (name == 0) return to;
    i = run_end(text, i + name, space, 2);
    std::size_t const end = run_end(text, i, digit, 7);
    return end > i && end - i <= 6 && !is(at(text, end), word) ? end : to;
}

}  // namespace

PhoneNumber phone_number(const Groups &g) {
    if (g.digits(g.count()).size() < 7) return {};
    std::string_view const text = g.text();
    std::size_t const first = g.from(0);
    std::size_t from = first;
    bool const bracket = at(text, from - 1) == '(';
    if (bracket) --from;
    bool const plus = at(text, from - 1) == '+' || (at(text, from - 1) == ' ' && at(text, from - 2) == '+');
    if (plus) from -= at(text, from - 1) == '+' ? 1 : 2;
    if (plus && at(text, from - 1) == '(') --from;
    if (is(at(text, from - 1), word) && (plus || bracket)) return {};
    auto const number = [&](std::size_t k) {
        std::size_t const end = with_extension(text, g.to(k - 1));
        return PhoneNumber{from, end};
    };

    if (plus) {
        std::string_view const n = g.digits(1);
        if (n[0] == '0') return {};
        std::string const start(g.digits(g.count() < 3 ? g.count() : 3));
        std::size_t const known = country(start), most = known > 0 ? known : 13;
        bool const zero_in_brackets = g.count() > 1 && g.length(1) == 1 && g.gap(1).find('(') != std::string_view::npos;
        std::size_t const k = take(g, start[0] == '1' ? 11 : 8, most + (zero_in_brackets ? 1 : 0));
        return k > 0 && !thousands(g, k) ? number(k) : PhoneNumber{};
    }
    // "call 4155550132 times" means something else than "call me on 4155550132".
    bool const told =
        announced(text, from, phone_words) ||
        (announced(text, from, call_words) && (g.count() > 1 || !one_of(word_before(text, from), call_words)));
    if (g.stuck_before() && !bracket && !told) return {};
    if (!told && announced(text, from, other_numbers)) return {};
    if (g.digits(1).starts_with("00") && g.length(0) > 2 && g.text()[first + 2] != '0') {  // abroad
        std::size_t const k = take(g, g.count() == 1 ? (told ? 10 : 12) : 11, 16);
        if (k > 1 || (k == 1 && (told || country(g.digits(1).substr(2)) > 0))) return number(k);
    }
    if (std::size_t const k = north_american(g, bracket, told)) return number(k);
    if (std::size_t const k = national(g, bracket)) return number(k);
    if (told) {
        bool const decimal = g.count() > 1 && g.gap(1) == "." && g.count() == 2 && (g.length(0) < 3 || g.length(1) < 3);
        if (std::size_t const k = decimal ? 0 : take(g, 7, 15)) return number(k);
    }
    return {};
}

}  // namespace analytics::core::privacy
