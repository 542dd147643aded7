// What is groups of digits: from the beginning of each group up to ten groups are read, and asked in turn whether they
// are a date (then they are passed over), an IPv4 address, an SSN, a card, a telephone number.
#include "core/privacy/groups.hpp"

namespace analytics::core::privacy {
namespace {

constexpr std::array<std::string_view, 4> ssn_words{"ssn", "security", "itin", "ssns"};
constexpr std::array<std::string_view, 4> version_words{"version", "v", "release", "build"};

/// A calendar date in figures: the number of its groups, else 0.
std::size_t date(const Groups &g) {
    if (g.count() < 3 || g.gap(1).size() != 1 || g.gap(1) != g.gap(2) ||
        std::string_view("-/.").find(g.gap(1)[0]) == std::string_view::npos)
        return 0;
    auto const is_year = [&](std::size_t i) { return g.length(i) == 4 && g.value(i) >= 1900 && g.value(i) < 2100; };
    auto const month_day = [&](std::size_t m, std::size_t d) {
        return g.length(m) <= 2 && g.length(d) <= 2 && g.value(m) >= 1 && g.value(m) <= 12 && g.value(d) >= 1 &&
               g.value(d) <= 31;
    };
    if (is_year(0) && month_day(1, 2)) return 3;
    if ((is_year(2) || g.length(2) == 2) && (month_day(0, 1) || month_day(1, 0))) return 3;
    return 0;
}

std::size_t ipv4(const Groups &g) {
    if (g.count() < 4) return 0;
    for (std::size_t i = 0; i < 4; ++i)
        if (g.length(i) > 3 || g.value(i) > 255 || (i > 0 && g.gap(i) != ".")) return 0;
    if (g.count() > 4 && g.gap(4).starts_with('.')) return 0;
    return announced(g.text(), g.from(0), version_words) ? 0 : 4;
}

std::size_t ssn(const Groups &g) {
    bool const shape =
        g.count() >= 3 && g.length(0) == 3 && g.length(1) == 2 && g.length(2) == 4 && g.gap(1) == g.gap(2);
    if (!shape && g.length(0) != 9) return 0;
    bool const told = announced(g.text(), g.from(0), ssn_words);
    if (!shape) return told ? 1 : 0;
    if (told) return 3;  // whoever says so means one, also one that was never given out
    auto const area = g.value(0);
    return g.gap(1) == "-" && area != 0 && area != 666 && area < 900 && g.value(1) != 0 && g.value(2) != 0 ? 3 : 0;
}

/// Whether a card's number can begin so (ISO/IEC 7812 issuers) and be so long.
bool issued(std::string_view n) {
    auto const head = [&](std::size_t digits) {
        unsigned value = 0;
        for (std::size_t i = 0; i < digits; ++i) value = value * 10 + static_cast<unsigned>(n[i] - '0');
        return value;
    };
    std::size_t const length = n.size();
    unsigned const two = head(2), three = head(3), four = head(4);
    if (n[0] == '4') return length == 13 || length == 16 || length == 19;                            // Visa
    if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return length == 16;             // Mastercard
    if (two == 34 || two == 37) return length == 15;                                                 // American Express
    if (two == 36 || two == 38 || two == 39 || (three >= 300 && three <= 305)) return length >= 14;  // Diners Club
    if (four == 6011 || two == 65 || (three >= 644 && three <= 649)) return length >= 16;            // Discover
    if (four >= 3528 && four <= 3589) return length >= 16;                                           // JCB
    if (two == 62 || two == 81) return length >= 16;                                                 // UnionPay
    if (four >= 2200 && four <= 2204) return length >= 16;                                           // Mir
    if (four == 5018 || four == 5020 || four == 5038 || four == 5893 || four == 6304 || four == 6759 ||
        (four >= 6761 && four <= 6763))
        return length >= 13;  // Maestro
    return false;
}

bool luhn(std::string_view n) {
    unsigned sum = 0;
    for (std::size_t i = 0; i < n.size(); ++i) {
        auto const d = static_cast<unsigned>(n[n.size() - 1 - i] - '0');
        sum += i % 2 == 0 ? d : d * 2 - (d > 4 ? 9 : 0);
    }
    return sum % 10 == 0;
}

std::size_t card(const Groups &g) {
    std::size_t found = 0;
    for (std::size_t k = 1; k <= g.count(); ++k) {
        if (k > 1 && (g.gap(k - 1).size() > 3 || g.gap(k - 1).find_first_not_of(" -.") != std::string_view::npos))
            break;
        std::string_view const n = g.digits(k);
        if (n.size() > 19) break;
        if (n.size() < 13 || !issued(n) || !luhn(n)) continue;
        // Groups of four, as on the card, or no groups: anything else is other numbers side by side.
        bool as_printed = k == 1 || (k <= 3 && n.size() <= 15 && g.length(0) == 4);
        if (!as_printed) {
            as_printed = true;
            for (std::size_t i = 0; i + 1 < k; ++i) as_printed = as_printed && g.length(i) % 4 == 0;
        }
        if (as_printed) found = k;
    }
    return found;
}

}  // namespace

void find_number(std::string_view text, std::size_t i, std::size_t &done, Finds &finds) {
    Groups groups(text);
    groups.read(i);
    if (groups.count() == 0) return;  // stuck to letters, or very long
    if (std::size_t const k = date(groups)) {
        done = groups.to(k - 1);
        return;
    }
    auto const found = [&](std::size_t k, Kind kind) {
        if (k == 0) return false;
        std::size_t to = groups.to(k - 1);
        if (kind == Kind::ip && at(text, to) == '/') {  // a network
            std::size_t const end = run_end(text, to + 1, digit, 3);
            if (end > to + 1 && end <= to + 3 && !is(at(text, end), word)) to = end;
        }
        bool const port = kind == Kind::ip && at(text, to) == ':';
        if (to == groups.to(k - 1) && !port && !groups.may_end(k - 1)) return false;
        finds.push_back({i, to, kind});
        done = to;
        return true;
    };
    bool const tight = groups.stuck_before();  // to what stands before, as in a-1 or 3.1
    if (!tight && (found(ipv4(groups), Kind::ip) || found(ssn(groups), Kind::ssn))) return;
    if (found(card(groups), Kind::card)) return;
    if (PhoneNumber const p = phone_number(groups); p.to > p.from) {
        finds.push_back({p.from, p.to, Kind::phone});
        done = p.to;
    }
}

}  // namespace analytics::core::privacy
