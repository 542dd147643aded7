// The name of somebody who is known.
#include "core/privacy/find.hpp"
#include "core/privacy/fold.hpp"

#include <algorithm>

namespace analytics::core {

using namespace privacy;

namespace {

// Parts of names that are words of their own, and titles.
constexpr std::array<std::string_view, 28> no_parts{
    "van",  "von", "der",  "den",  "del",  "dos",  "las",  "los",  "san",  "bin", "ibn", "the", "and", "mrs",
    "miss", "sir", "prof", "dott", "herr", "frau", "dame", "lord", "lady", "jun", "sen", "esq", "phd", "das"};

std::string in_small(std::string_view word) {
    std::string small(word);
    for (char &c : small) c = low(c);
    return small;
}

}  // namespace

KnownName::KnownName(std::string_view name) {
    if (has_spaceless_script(name)) {
        std::size_t const from = name.find_first_not_of(" \t\r\n"), to = name.find_last_not_of(" \t\r\n");
        if (from != std::string_view::npos && to - from >= 4)
            spaceless_ = std::string(name.substr(from, to - from + 1));  // two characters
        return;
    }
    std::string const form = folded(name);
    for (std::size_t i = 0; i < form.size();) {
        if (!is(form[i], word)) {
            ++i;
            continue;
        }
        std::size_t const end = run_end(form, i, word);
        words_.push_back(in_small(std::string_view(form).substr(i, end - i)));
        i = end;
    }
    for (const std::string &w : words_)
        if (w.size() >= 3 && !one_of(w, no_parts) && std::find(parts_.begin(), parts_.end(), w) == parts_.end())
            parts_.push_back(w);
    if (words_.size() < 2 || words_.size() > 20) words_.clear();  // one word of two letters is no name to look for
    if (words_.empty() && !parts_.empty()) words_.push_back(parts_.front());
}

namespace privacy {

NameFinder::NameFinder(const KnownName &name) : name_(name) {
    auto const first_of = [&](const std::string &w) {
        begins_[static_cast<unsigned char>(w[0])] = true;
        if (w[0] >= 'a' && w[0] <= 'z') begins_[static_cast<unsigned char>(w[0] - 32)] = true;
    };
    for (const std::string &w : name.parts()) first_of(w);
    if (!name.words().empty()) first_of(name.words().front());
}

void NameFinder::look(std::string_view text, std::size_t i, std::size_t end, Finds &finds) const {
    std::string_view const here = text.substr(i, end - i);
    for (const std::string &p : name_.parts())
        if (equal(here, p)) {
            finds.push_back({i, end, Kind::name});
            return;
        }
    const std::vector<std::string> &words = name_.words();
    if (words.size() < 2 || !equal(here, words.front())) return;
    std::size_t k = end;  // "Li Na": all of it
    for (std::size_t w = 1; w < words.size(); ++w) {
        std::size_t const gap = k;
        while (k < text.size() && k < gap + 3 && !is(text[k], word) && text[k] != '[' && text[k] != ']') ++k;
        std::size_t const to = run_end(text, k, word, words[w].size() + 1);
        if (k == gap || !equal(text.substr(k, to - k), words[w])) return;
        k = to;
    }
    finds.push_back({i, k, Kind::name});
}

}  // namespace privacy
}  // namespace analytics::core
