// What a word begins: keys and tokens of known services, "Bearer ...", private keys, IBANs, and names that are
// introduced.
#include "core/privacy/ibans.hpp"

#include <algorithm>

namespace analytics::core::privacy {
namespace {

/// A key of a service: what it begins with, and how many characters follow at least. Beyond letters, digits, _ and -
/// it may hold those of `more`.
struct Prefix {
    std::string_view start;
    std::size_t least;
    std::string_view more = {};
    bool needs_digit = false;
};
// By first character; compared with case. From the services' own documents and the rules of gitleaks and
// detect-secrets.
constexpr std::array prefixes{Prefix{"AGE-SECRET-KEY-1", 50},
                              Prefix{"AIza", 35},
                              Prefix{"AKIA", 16},
                              Prefix{"ABIA", 16},
                              Prefix{"ACCA", 16},
                              Prefix{"ASIA", 16},
                              Prefix{"AROA", 16},
                              Prefix{"EAACEdEose0cBA", 20},
                              Prefix{"FLWSECK", 12},
                              Prefix{"LTAI", 12, {}, true},
                              Prefix{"NRAK-", 20},
                              Prefix{"PMAK-", 20},
                              Prefix{"SG.", 40, "."},
                              Prefix{"SK", 32, {}, true},
                              Prefix{"aa_", 20},
                              Prefix{"dapi", 32, {}, true},
                              Prefix{"dckr_pat_", 20},
                              Prefix{"doo_v1_", 40},
                              Prefix{"dop_v1_", 40},
                              Prefix{"dor_v1_", 40},
                              Prefix{"dp.pt.", 40},
                              Prefix{"dt0c01.", 40, "."},
                              Prefix{"eyJ", 17, ".", true},
                              Prefix{"figd_", 20},
                              Prefix{"fo1_", 30},
                              Prefix{"ghp_", 20},
                              Prefix{"gho_", 20},
                              Prefix{"ghu_", 20},
                              Prefix{"ghs_", 20},
                              Prefix{"ghr_", 20},
                              Prefix{"github_pat_", 20},
                              Prefix{"glc_", 30},
                              Prefix{"gldt-", 20},
                              Prefix{"glpat-", 20},
                              Prefix{"glptt-", 20},
                              Prefix{"glsa_", 30},
                              Prefix{"gsk_", 20},
                              Prefix{"hf_", 20},
                              Prefix{"hvb.", 40},
                              Prefix{"hvs.", 20},
                              Prefix{"key-", 32, {}, true},
                              Prefix{"lin_api_", 30},
                              Prefix{"npm_", 30},
                              Prefix{"nvapi-", 20},
                              Prefix{"ntn_", 30},
                              Prefix{"pat-na1-", 30},
                              Prefix{"pk_live_", 16},
                              Prefix{"pk_test_", 16},
                              Prefix{"pplx-", 20},
                              Prefix{"pscale_tkn_", 20},
                              Prefix{"pypi-", 40},
                              Prefix{"r8_", 30},
                              Prefix{"rk_live_", 16},
                              Prefix{"rk_test_", 16},
                              Prefix{"rzp_live_", 12},
                              Prefix{"rzp_test_", 12},
                              Prefix{"sb_secret_", 16},
                              Prefix{"sbp_", 30},
                              Prefix{"secret_", 30, {}, true},
                              Prefix{"shpat_", 30},
                              Prefix{"shpca_", 30},
                              Prefix{"shppa_", 30},
                              Prefix{"shpss_", 30},
                              Prefix{"sk-", 16, {}, true},
                              Prefix{"sk_live_", 16},
                              Prefix{"sk_test_", 16},
                              Prefix{"sl.", 60},
                              Prefix{"sq0atp-", 20},
                              Prefix{"sq0csp-", 30},
                              Prefix{"tvly-", 20},
                              Prefix{"vercel_", 20, {}, true},
                              Prefix{"whsec_", 24},
                              Prefix{"xai-", 30},
                              Prefix{"xapp-", 16},
                              Prefix{"xkeysib-", 30},
                              Prefix{"xoxa-", 8},
                              Prefix{"xoxb-", 8},
                              Prefix{"xoxe-", 8},
                              Prefix{"xoxe.", 8, "."},
                              Prefix{"xoxo-", 8},
                              Prefix{"xoxp-", 8},
                              Prefix{"xoxr-", 8},
                              Prefix{"xoxs-", 8},
                              Prefix{"ya29.", 20, "."}};

// Which prefixes begin with a character; 255 ends each list.
constexpr std::array<std::array<std::uint8_t, 16>, 128> by_first = [] {
    std::array<std::array<std::uint8_t, 16>, 128> index{};
    for (auto &row : index) row.fill(255);
    for (std::size_t p = 0; p < prefixes.size(); ++p) {
        auto &row = index[static_cast<unsigned char>(prefixes[p].start[0])];
        for (auto &slot : row)
            if (slot == 255) {
                slot = static_cast<std::uint8_t>(p);
                break;
            }
    }
    return index;
}();

bool any_digit(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return is(c, digit); });
}

constexpr std::size_t judged = 128;  // by so many bytes it is told whether this is a key: the time stays linear

/// Where a key that begins at i ends, or i.
std::size_t key_end(std::string_view text, std::size_t i) {
    auto const first = static_cast<unsigned char>(text[i]);
    if (first >= 128) return i;
    for (std::uint8_t const p : by_first[first]) {
        if (p == 255) break;
        const Prefix &prefix = prefixes[p];
        if (!text.substr(i).starts_with(prefix.start)) continue;
        auto const run = [&](std::size_t end, std::size_t stop) {
            while (end < stop && (is(text[end], token) || prefix.more.find(text[end]) != std::string_view::npos)) ++end;
            return end;
        };
        std::size_t end = run(i + prefix.start.size(), std::min(text.size(), i + judged));
        while (end > i && (text[end - 1] == '.' || text[end - 1] == '-')) --end;
        if (end < i + prefix.start.size() + prefix.least || (prefix.needs_digit && !any_digit(text.substr(i, end - i))))
            continue;
        if (prefix.start == "eyJ" && text.substr(i, end - i).find('.') == std::string_view::npos && end - i < 40)
            continue;
        if (prefix.start == "SK" && end - i != 34) continue;
        return end + 2 >= i + judged ? run(end, text.size()) : end;
    }
    return i;
}

constexpr std::string_view key_begin = "-----BEGIN ";

constexpr std::array<std::string_view, 3> schemes{"bearer", "basic", "token"};

/// "Bearer x...": where the token stands, if it looks like one.
std::size_t bearer(std::string_view text, std::size_t after, std::size_t &from) {
    from = run_end(text, after, space, 3);
    if (from == after) return from;
    std::size_t end = from;
    while (end < text.size() &&
           (is(text[end], token) || std::string_view(".~+/=").find(text[end]) != std::string_view::npos))
        ++end;
    while (end > from && (text[end - 1] == '.' || text[end - 1] == '-')) --end;
    std::size_t const length = end - from;
    return length >= 20 || (length >= 8 && any_digit(text.substr(from, length))) ? end : from;
}

constexpr std::array<std::string_view, 6> secret_words{"password", "passwd",   "pwd",
                                                       "passcode", "passwort", "passphrase"};

/// "password is hunter2", "--password hunter2": the value, if it has a digit or a sign in it.
std::size_t told_secret(std::string_view text, std::size_t word_from, std::size_t after, std::size_t &from) {
    from = run_end(text, after, space, 3);
    bool const option = at(text, word_from - 1) == '-' && at(text, word_from - 2) == '-';
    bool told = false;
    for (std::string_view const w : {"is ", "was ", "ist "})
        if (from > after && has(text, from, w)) {
            from = run_end(text, from + w.size(), space, 3);
            told = true;
            break;
        }
    if (from == after || !(told || option)) return from;
    std::size_t end = from;
    while (end < text.size() && !is(text[end], space) &&
           std::string_view("\"'`<>[]").find(text[end]) == std::string_view::npos)
        ++end;
    while (end > from && std::string_view(".,;!?)").find(text[end - 1]) != std::string_view::npos) --end;
    std::string_view const value = text.substr(from, end - from);
    bool sign = false;
    for (char const c : value)
        sign = sign || is(c, digit) || std::string_view("!@#$%^&*_+=").find(c) != std::string_view::npos;
    return value.size() >= 4 && (sign || option) && !value.starts_with('$') ? end : from;
}

// -- Names that are introduced.

/// Up to four capitalised words from i on; at least `least` of them.
std::size_t capitalised(std::string_view text, std::size_t i, int least) {
    std::size_t end = i, k = i;
    int words = 0;
    while (words < 4) {
        if (!is(at(text, k), upper)) break;
        std::size_t to = run_end(text, k, upper | lower, 40);
        while ((at(text, to) == '-' || at(text, to) == '\'') && is(at(text, to + 1), upper | lower))
            to = run_end(text, to + 1, upper | lower, 40);
        if (is(at(text, to), word)) break;
        if (to - k < 2 && at(text, to) != '.' && words == 0) break;
        if (at(text, to) == '.' && to - k <= 2 && is(at(text, to + 2), upper)) ++to;  // an initial
        end = to;
        ++words;
        if (at(text, to) != ' ') break;
        k = to + 1;
    }
    return words >= least ? end : i;
}

struct Introduction {
    std::string_view words;
    int least;  // how many capitalised words make a name after it
};
constexpr std::array introductions{Introduction{"name is ", 1},
                                   Introduction{"name's ", 1},
                                   Introduction{"name: ", 2},
                                   Introduction{"name:", 2},
                                   Introduction{"i am ", 2},
                                   Introduction{"i'm ", 2},
                                   Introduction{"this is ", 2},
                                   Introduction{"im ", 2},
                                   Introduction{"ich bin ", 2},
                                   Introduction{"ich heisse ", 1},
                                   Introduction{"mein name ist ", 1},
                                   Introduction{"je m'appelle ", 1},
                                   Introduction{"me llamo ", 1},
                                   Introduction{"mi chiamo ", 1},
                                   Introduction{"cardholder: ", 1},
                                   Introduction{"mr. ", 1},
                                   Introduction{"mrs. ", 1},
                                   Introduction{"ms. ", 1},
                                   Introduction{"mr ", 1},
                                   Introduction{"mrs ", 1}};
constexpr std::array<std::string_view, 10> people{"customer", "full",    "first", "last",   "my",
                                                  "client",   "contact", "given", "family", "patient"};
constexpr std::array<std::string_view, 16> no_people{"file",     "host",  "user",    "domain",  "table", "column",
                                                     "function", "model", "product", "company", "class", "method",
                                                     "project",  "tool",  "agent",   "brand"};

constexpr std::array<std::uint8_t, introductions.size()> first_words = [] {  // their lengths
    std::array<std::uint8_t, introductions.size()> lengths{};
    for (std::size_t k = 0; k < lengths.size(); ++k)
        lengths[k] = static_cast<std::uint8_t>(run_end(introductions[k].words, 0, word));
    return lengths;
}();

/// Where the name ends that the word at i, of this length, introduces; it begins at `from`. Else i.
std::size_t introduced(std::string_view text, std::size_t i, std::size_t length, std::size_t &from) {
    for (std::size_t k = 0; k < introductions.size(); ++k) {
        const Introduction &in = introductions[k];
        if (first_words[k] != length || !has(text, i, in.words)) continue;
        int least = in.least;
        if (in.words.starts_with("name")) {
            std::string_view const whose = word_before(text, i);
            if (one_of(whose, no_people)) continue;
            if (one_of(whose, people)) least = 1;
        }
        from = i + in.words.size();
        if (std::size_t const end = capitalised(text, from, least); end > from) return end;
    }
    return from = i;
}

// What any of the above may begin with, by the low five bits of the first two characters, as many more as share those.
enum Handler : std::uint8_t { by_prefix = 1, by_scheme = 2, by_secret = 4, by_introduction = 8 };
constexpr std::size_t slot(char first, char second) {
    return (static_cast<std::size_t>(first) & 31) << 5 | (static_cast<std::size_t>(second) & 31);
}
constexpr std::array<std::uint8_t, 1024> handlers = [] {
    std::array<std::uint8_t, 1024> s{};
    for (const Prefix &p : prefixes) s[slot(p.start[0], p.start[1])] |= by_prefix;
    for (std::string_view const w : schemes) s[slot(w[0], w[1])] |= by_scheme;
    for (std::string_view const w : secret_words) s[slot(w[0], w[1])] |= by_secret;
    for (const Introduction &in : introductions) s[slot(in.words[0], in.words[1])] |= by_introduction;
    return s;
}();

}  // namespace

std::size_t private_key_end(std::string_view text, std::size_t i) {
    if (!text.substr(i).starts_with(key_begin)) return i;
    std::size_t const title = text.substr(i, 80).find("PRIVATE KEY");
    if (title == std::string_view::npos) return i;
    std::size_t const end = text.find("-----END ", i);
    if (end == std::string_view::npos) return text.size();
    std::size_t const close = text.substr(end + 9, 80).find("-----");
    return close == std::string_view::npos ? end + 9 : end + 9 + close + 5;
}

void find_at_word(std::string_view text, std::size_t i, std::size_t end, Finds &finds) {
    std::size_t const length = end - i;
    std::size_t from = i, to = i;
    if (length >= 4 && is(text[i + 2], digit) && is(text[i + 3], digit) && is(text[i], upper | lower) &&
        is(text[i + 1], upper | lower) && (to = iban_end(text, i)) > i)
        finds.push_back({i, to, Kind::iban});
    std::uint8_t const may = handlers[slot(text[i], at(text, i + 1))];
    if (may == 0) return;
    if ((may & by_prefix) != 0 && (to = key_end(text, i)) > i) finds.push_back({i, to, Kind::secret});
    if ((may & by_scheme) != 0 && one_of(text.substr(i, length), schemes) && (to = bearer(text, end, from)) > from)
        finds.push_back({from, to, Kind::secret});
    if ((may & by_secret) != 0 && one_of(text.substr(i, length), secret_words) &&
        (to = told_secret(text, i, end, from)) > from)
        finds.push_back({from, to, Kind::secret});
    if ((may & by_introduction) != 0 && length <= 10 && (to = introduced(text, i, length, from)) > from)
        finds.push_back({from, to, Kind::name});
}

}  // namespace analytics::core::privacy
