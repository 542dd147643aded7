// Secrets that their name gives away: password=..., "api_key": "...", Authorization: ..., https://user:password@host.
#include "core/privacy/find.hpp"

#include <algorithm>

namespace analytics::core::privacy {
namespace {

constexpr std::array<std::string_view, 38> secret_keys{
    "password",       "passwd",        "pwd",         "passphrase",  "passcode",
    "passwort",       "secret",        "secretkey",   "secret_key",  "secret-key",
    "clientsecret",   "client_secret", "apikey",      "api_key",     "api-key",
    "accesskey",      "access_key",    "access-key",  "privatekey",  "private_key",
    "private-key",    "authkey",       "auth_key",    "accesskeyid", "access_key_id",
    "encryption_key", "signing_key",   "account_key", "accountkey",  "sharedaccesskey",
    "credential",     "credentials",   "session_key", "contrasena",  "motdepasse",
    "mot_de_passe",   "cvv",           "cvc"};
constexpr std::array<std::string_view, 4> token_keys{"token", "accesstoken", "auth", "jwt"};
constexpr std::array<std::string_view, 20> no_secrets{
    "true", "false", "null",  "none",    "nil",   "undefined", "required", "optional", "string",   "str",
    "yes",  "no",    "empty", "invalid", "wrong", "incorrect", "missing",  "expired",  "redacted", "text"};

/// The name that ends at `to`: letters, digits, _ and - before it.
std::string_view name_before(std::string_view text, std::size_t to) {
    std::size_t from = to;
    while (from > 0 && to - from < 40 && is(text[from - 1], token)) --from;
    return text.substr(from, to - from);
}

/// Whether a name is one of the words or ends with one as a word of its own: DB_PASSWORD, x-api-key, clientSecret.
bool ends_with_word(std::string_view name, std::span<const std::string_view> words) {
    return std::ranges::any_of(words, [&](std::string_view w) {
        if (name.size() < w.size() || !equal(name.substr(name.size() - w.size()), w)) return false;
        if (name.size() == w.size() || w.size() >= 8) return true;
        char const before = name[name.size() - w.size() - 1], first = name[name.size() - w.size()];
        return before == '_' || before == '-' || is(before, digit) || (is(first, upper) && is(before, lower));
    });
}

struct Value {
    std::size_t from, to;
    bool quoted;
};
constexpr std::size_t judged = 64;  // by so many bytes it is told whether a value is a secret: the time stays linear

/// The value after : or =, in quotes or up to a space or a sign that ends it.
Value value_at(std::string_view text, std::size_t i, std::size_t most) {
    std::size_t const stop = most < text.size() - i ? i + most : text.size();
    i = run_end(text, i, space, 3);
    char quote = at(text, i);
    std::size_t skip = 1;
    if (quote == '\\' && (at(text, i + 1) == '"' || at(text, i + 1) == '\'')) quote = at(text, i + 1), skip = 2;
    if (quote == '"' || quote == '\'' || quote == '`') {
        i += skip;
        std::size_t end = i;
        while (end < stop && text[end] != quote && text[end] != '\n' && mark_at(text, end) == 0)
            end += text[end] == '\\' && skip == 1 ? 2 : 1;
        end = std::min(end, stop);
        if (skip == 2 && end > i && text[end - 1] == '\\') --end;
        return {i, end, true};
    }
    std::size_t end = i;
    while (end < stop && !is(text[end], space) &&
           std::string_view("\"'`,;&<>(){}|").find(text[end]) == std::string_view::npos && mark_at(text, end) == 0)
        ++end;
    while (end > i && std::string_view(".!?]").find(text[end - 1]) != std::string_view::npos) --end;
    return {i, end, false};
}

bool secret_value(std::string_view value, bool quoted, bool is_token, bool prose) {
    bool digits = false, letters = false, signs = false;
    for (char const c : value) {
        if (is(c, digit)) digits = true;
        else if (is(c, upper | lower)) letters = true;
        else if (c != '-' && c != '_' && c != '.' && c != '\'') signs = true;
    }
    if (value.size() < 3 || (!digits && !letters) || one_of(value, no_secrets)) return false;
    if (value[0] == '$' || value[0] == '<' || value[0] == '{' || value[0] == '%') return false;  // a variable
    if (is_token) return value.size() >= 8 && digits && letters;
    if (quoted && value.find(' ') != std::string_view::npos && !digits) return false;
    return !prose || digits || signs;
}

}  // namespace

void KeyedSecretFinder::look(std::size_t i, Finds &finds) {
    if (i < done_) return;
    std::string_view const text = text_;
    char const c = text[i];
    if (c == ':' && text.substr(i).starts_with("://")) {  // user:password@ in a URL
        std::size_t end = i + 3;
        std::size_t colon = 0;
        while (end < text.size() && end < i + 300 && !is(text[end], space) &&
               std::string_view("/?#\"'<>@[]").find(text[end]) == std::string_view::npos) {
            if (text[end] == ':' && colon == 0) colon = end;
            ++end;
        }
        if (at(text, end) == '@' && end > i + 3 && colon > 0 && end > colon + 1)
            finds.push_back({i + 3, end, Kind::secret});
        done_ = end;
        return;
    }
    std::size_t key_to = i;
    if (key_to > 0 && text[key_to - 1] == ' ') --key_to;
    bool const spaced = key_to != i;
    if (key_to > 0 && (text[key_to - 1] == '"' || text[key_to - 1] == '\'')) --key_to;
    if (key_to > 0 && text[key_to - 1] == '\\') --key_to;
    std::string_view const key = name_before(text, key_to);
    if (key.size() < 3) return;
    std::size_t after = i + 1;
    if (at(text, after) == '=' || at(text, after) == '>') ++after;
    if (ends_with_word(key, std::array<std::string_view, 1>{"authorization"})) {
        Value v = value_at(text, after, text.size());
        std::size_t const scheme = run_end(text, v.from, upper | lower, 12);
        if (at(text, scheme) == ' ' && scheme < text.size()) {
            v.from = run_end(text, scheme, space, 3);
            v.to = v.from;
            while (v.to < text.size() && !is(text[v.to], space) &&
                   std::string_view("\"'`,;<>(){}").find(text[v.to]) == std::string_view::npos &&
                   mark_at(text, v.to) == 0)
                ++v.to;
            while (v.to > v.from && std::string_view(".!?").find(text[v.to - 1]) != std::string_view::npos) --v.to;
        }
        if (v.to >= v.from + 4) {
            finds.push_back({v.from, v.to, Kind::secret});
            done_ = v.to;
        }
        return;
    }
    bool const is_token = ends_with_word(key, token_keys);
    if (!is_token && !ends_with_word(key, secret_keys)) return;
    Value v = value_at(text, after, judged);
    if (!v.quoted && (at(text, v.to) == '(' || at(text, v.from) == '[')) return;  // a call, a list
    bool const prose = !v.quoted && (spaced || c == ':' || v.from > after);
    if (v.to > v.from && secret_value(text.substr(v.from, v.to - v.from), v.quoted, is_token, prose)) {
        if (v.to - after >= judged - 8) v = value_at(text, after, text.size());
        finds.push_back({v.from, v.to, Kind::secret});
        done_ = v.to;
    }
}

}  // namespace analytics::core::privacy
