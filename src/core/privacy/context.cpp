#include "core/privacy/find.hpp"

namespace analytics::core::privacy {
namespace {

constexpr std::array<std::string_view, 50> filling{
    "number", "no",   "nr",    "num",    "is",     "at",    "on",     "me",     "us",   "back",
    "my",     "our",  "the",   "it",     "s",      "to",    "under",  "via",    "him",  "her",
    "them",   "work", "home",  "office", "new",    "or",    "and",    "please", "his",  "their",
    "your",   "was",  "says",  "states", "stated", "given", "nummer", "numero", "des",  "des",
    "est",    "ist",  "unter", "social", "a",      "of",    "this",   "n",      "with", "customer"};

/// What may stand between words: everything but the end of a line and marks of ours.
bool between(char c) { return !is(c, word) && c != '\n' && c != '[' && c != ']' && c != '\xFE'; }

}  // namespace

std::string_view word_before(std::string_view text, std::size_t i) {
    std::size_t to = i;
    while (to > 0 && i - to < 4 && between(text[to - 1])) --to;
    std::size_t from = to;
    while (from > 0 && to - from < 24 && is(text[from - 1], word)) --from;
    return text.substr(from, to - from);
}

bool announced(std::string_view text, std::size_t i, std::span<const std::string_view> keywords) {
    std::size_t const least = i > 64 ? i - 64 : 0;
    for (int words = 0; words < 5 && i > least; ++words) {
        std::string_view const w = word_before(text, i);
        if (w.empty() || is(w.front(), digit)) return false;
        if (one_of(w, keywords)) return true;
        // phone_number, customerPhone: the last part of it
        if (std::size_t const cut = w.find_last_of('_'); cut != std::string_view::npos) {
            if (one_of(w.substr(cut + 1), keywords)) return true;
            std::string_view const before = w.substr(0, cut);
            std::size_t const other = before.find_last_of('_');
            if (one_of(before.substr(other == std::string_view::npos ? 0 : other + 1), keywords)) return true;
        }
        for (std::string_view const k : keywords)
            if (k.size() > 3 && w.size() > k.size() && equal(w.substr(w.size() - k.size()), k) &&
                is(w[w.size() - k.size()], upper))
                return true;
        if (!one_of(w, filling)) return false;
        i = static_cast<std::size_t>(w.data() - text.data());
    }
    return false;
}

}  // namespace analytics::core::privacy
