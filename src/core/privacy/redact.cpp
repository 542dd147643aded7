#include "core/privacy/redact.hpp"

#include "core/privacy/find.hpp"
#include "core/privacy/fold.hpp"

#include <algorithm>

namespace analytics::core {
namespace {

using namespace privacy;

/// One after the other, none overlapping: of finds that do, all is one find, a secret where one is among them, else of
/// the longest one's kind, so that nothing found stays. Parts of a name that stand beside each other are one name.
void settle(std::string_view text, Finds &finds) {
    std::stable_sort(finds.begin(), finds.end(), [](const Found &a, const Found &b) { return a.from < b.from; });
    std::size_t kept = 0, longest = 0;
    for (const Found &f : finds) {
        if (kept > 0) {
            Found &last = finds[kept - 1];
            bool const one_name =
                f.kind == Kind::name && last.kind == Kind::name && f.from > last.to && f.from - last.to <= 3 &&
                text.substr(last.to, f.from - last.to).find_first_not_of(" -.'") == std::string_view::npos;
            if (f.from < last.to || one_name) {
                std::size_t const length = f.to - f.from;
                bool const wins =
                    f.kind == Kind::secret ||
                    (last.kind != Kind::secret && (length > longest || (length == longest && f.kind < last.kind)));
                if (wins) last.kind = f.kind, longest = length;
                last.to = std::max(last.to, f.to);
                continue;
            }
        }
        longest = f.to - f.from;
        finds[kept++] = f;
    }
    finds.resize(kept);
}

/// The finds in a text, as bytes of the text itself.
Finds finds_in(std::string_view text, const KnownName &name, const Stop &stop) {
    bool const plain = is_ascii(text);
    std::string const other_form = plain ? std::string() : folded(text, stop);
    std::string_view const form = plain ? text : std::string_view(other_form);
    Finds finds = privacy::find_all(form, name, stop);
    settle(form, finds);
    if (!plain) {
        Unfolder original(text);
        for (Found &f : finds) f.from = original(f.from), f.to = original(f.to);
    }
    if (name.spaceless()) {
        for (std::size_t i = text.find(*name.spaceless()); i != std::string_view::npos;
             i = text.find(*name.spaceless(), i + name.spaceless()->size()))
            finds.push_back({i, i + name.spaceless()->size(), Kind::name});
        settle(text, finds);
    }
    return finds;
}

std::string replaced(std::string_view text, const Finds &finds) {
    std::string out;
    out.reserve(text.size());
    std::size_t done = 0;
    for (const Found &f : finds) {
        out += text.substr(done, f.from - done);
        out += marks[static_cast<std::size_t>(f.kind)];
        done = f.to;
    }
    return out += text.substr(done);
}

/// What a find takes away may make a find of its neighbours: again, until nothing changes.
std::string settled(std::string text, const KnownName &name, const Stop &stop) {
    for (int pass = 1; pass < most_passes; ++pass) {
        Finds const finds = finds_in(text, name, stop);
        if (finds.empty()) return text;
        text = replaced(text, finds);
    }
    return finds_in(text, name, stop).empty() ? text : std::string(marks[0]);
}

}  // namespace

std::optional<std::string> redacted(std::string_view text, const KnownName &name, const Stop &stop) {
    Finds const finds = finds_in(text, name, stop);
    if (finds.empty()) return std::nullopt;
    return settled(replaced(text, finds), name, stop);
}

std::optional<std::string> redacted_value(std::string_view key, std::string_view value, const KnownName &name,
                                          const Stop &stop) {
    // As the member stands in JSON. What is found in the key is the key's business.
    std::string member = "\"";
    member.append(key).append("\": \"");
    std::size_t const before = member.size();
    member.append(value).append("\"");
    Finds finds = finds_in(member, name, stop);
    std::erase_if(finds, [&](const Found &f) { return f.to <= before || f.from >= before + value.size(); });
    for (Found &f : finds) f = {std::max(f.from, before) - before, std::min(f.to - before, value.size()), f.kind};
    if (finds.empty()) return redacted(value, name, stop);
    return settled(replaced(value, finds), name, stop);
}

}  // namespace analytics::core
