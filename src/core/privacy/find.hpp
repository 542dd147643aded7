#pragma once
// The finders. They read a folded text (fold.hpp).
#include "core/privacy/redact.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace analytics::core::privacy {

/// In the order in which they win where finds of the same length overlap.
enum class Kind : std::uint8_t { secret, card, iban, ssn, email, ip, phone, address, name };
inline constexpr std::array<std::string_view, 9> marks{"[SECRET]", "[CARD]",  "[IBAN]",    "[SSN]", "[EMAIL]",
                                                       "[IP]",     "[PHONE]", "[ADDRESS]", "[NAME]"};

/// Bytes [from, to) of the folded text.
struct Found {
    std::size_t from, to;
    Kind kind;
};
using Finds = std::vector<Found>;

/// Everything, in one walk: each word and each sign that may begin or betray something is shown to the finder that
/// knows about it.
Finds find_all(std::string_view folded_text, const KnownName &, const Stop &);

/// A finder is shown places in rising order. What it has taken or looked at in vain it does not look at again, so that
/// the time stays linear.
class Finder {
  public:
    explicit Finder(std::string_view text) : text_(text) {}

  protected:
    std::string_view text_;
    std::size_t done_ = 0;
};
/// At an @, or what may stand for one.
class EmailFinder : Finder {
  public:
    using Finder::Finder;
    void look(std::size_t i, Finds &);
};
/// At a colon.
class Ipv6Finder : Finder {
  public:
    using Finder::Finder;
    void look(std::size_t i, Finds &);
};
/// At a colon or an equals sign: key=value secrets, headers, user and password in URLs.
class KeyedSecretFinder : Finder {
  public:
    using Finder::Finder;
    void look(std::size_t i, Finds &);
};
/// At a digit that begins a word: phone numbers, payment cards, US SSNs, IPv4 addresses.
void find_number(std::string_view text, std::size_t i, std::size_t &done, Finds &);
/// At a word: API keys by their prefixes, tokens, private keys, IBANs, names that are introduced.
void find_at_word(std::string_view text, std::size_t i, std::size_t end, Finds &);
/// At "-----BEGIN ". Where the key ends, or i.
std::size_t private_key_end(std::string_view text, std::size_t i);
/// At a word that begins with a digit or a capital letter, or a p; `before` is the capitalised word before it.
struct Word {
    std::size_t from = 0, to = 0;
    explicit operator bool() const { return to > from; }
};
/// Where an address begins and ends, if one does here.
Word find_address(std::string_view text, Word here, Word before);

/// Looks for a name that is known.
class NameFinder {
  public:
    explicit NameFinder(const KnownName &);
    bool may_begin(char first) const { return begins_[static_cast<unsigned char>(first)]; }
    void look(std::string_view text, std::size_t i, std::size_t end, Finds &) const;

  private:
    const KnownName &name_;
    std::array<bool, 256> begins_{};
};

// Characters of a folded text.
enum Class : std::uint8_t { digit = 1, upper = 2, lower = 4, hex = 8, word = 16, token = 32, space = 64, local = 128 };
constexpr std::array<std::uint8_t, 256> classes = [] {
    std::array<std::uint8_t, 256> c{};
    for (int i = 0; i < 256; ++i) {
        bool const d = i >= '0' && i <= '9', u = i >= 'A' && i <= 'Z', l = i >= 'a' && i <= 'z';
        bool const other = i >= 0x80 && i != 0xFE;  // letters of other scripts
        c[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(
            (d ? digit : 0) | (u ? upper : 0) | (l || other ? lower : 0) |
            (d || (i >= 'a' && i <= 'f') || (i >= 'A' && i <= 'F') ? hex : 0) |
            (d || u || l || other || i == '_' ? word : 0) | (d || u || l || i == '_' || i == '-' ? token : 0) |
            (i == ' ' || (i >= '\t' && i <= '\r') ? space : 0) |
            (d || u || l || other ||
                     std::string_view("._%+-'!#$*~").find(static_cast<char>(i)) != std::string_view::npos
                 ? local
                 : 0));
    }
    return c;
}();
constexpr bool is(char c, int any_of) { return (classes[static_cast<unsigned char>(c)] & any_of) != 0; }
constexpr char low(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// The character at i, or 0 beyond either end (i may be -1 as an unsigned number).
constexpr char at(std::string_view text, std::size_t i) { return i < text.size() ? text[i] : '\0'; }

/// Whether the text has `what` (in lower case) at i, whatever its case.
constexpr bool has(std::string_view text, std::size_t i, std::string_view what) {
    if (i > text.size() || text.size() - i < what.size()) return false;
    for (std::size_t k = 0; k < what.size(); ++k)
        if (low(text[i + k]) != what[k]) return false;
    return true;
}
constexpr bool equal(std::string_view a, std::string_view lower_case) {
    return a.size() == lower_case.size() && has(a, 0, lower_case);
}
constexpr bool one_of(std::string_view word, std::span<const std::string_view> lower_case) {
    return std::ranges::any_of(lower_case, [&](std::string_view w) { return equal(word, w); });
}
/// Where the run of characters of these classes that begins at i ends.
constexpr std::size_t run_end(std::string_view text, std::size_t i, int any_of) {
    while (i < text.size() && is(text[i], any_of)) ++i;
    return i;
}
/// The same, after `most` characters at most.
constexpr std::size_t run_end(std::string_view text, std::size_t i, int any_of, std::size_t most) {
    return run_end(text.substr(0, i + most), i, any_of);
}
/// Whether a mark of ours stands at i, and its length.
constexpr std::size_t mark_at(std::string_view text, std::size_t i) {
    if (at(text, i) != '[') return 0;
    for (std::string_view const m : marks)
        if (text.substr(i).starts_with(m)) return m.size();
    return 0;
}

/// The word that ends before i, with no more than a space and some punctuation between; at most 24 characters of it.
std::string_view word_before(std::string_view text, std::size_t i);

/// Whether one of the keywords stands before i, with nothing between but punctuation and filling words ("number", "is",
/// "me", ...). Looks back at most 64 bytes and five words.
bool announced(std::string_view text, std::size_t i, std::span<const std::string_view> keywords);

}  // namespace analytics::core::privacy
