// The texts of measures. Their parts are put into the SQL of views and refreshes, so each must be one whole part as
// PostgreSQL's own scanner reads it: that scanner's rules are written down here a second time.
#include "core/rollup/measure.hpp"
#include "fuzz.hpp"

#include <optional>
#include <stdexcept>
#include <string>

using namespace analytics::core;
using analytics::fuzz::must;

namespace {

constexpr bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
}

/// Where the literal or quoted name that begins at `at` ends, whatever standard_conforming_strings says: one past its
/// last quote.
std::optional<std::size_t> behind_quoted(std::string_view sql, std::size_t at) {
    char const quote = sql[at];
    for (++at; at < sql.size(); ++at) {
        if (sql[at] == '\\' && quote == '\'') return std::nullopt;  // may hide the next quote, or may not
        if (sql[at] != quote) continue;
        if (at + 1 == sql.size() || sql[at + 1] != quote) return at + 1;
        ++at;
    }
    return std::nullopt;
}

/// Whether what follows cannot be taken for a part of `sql`, nor what stands around it be closed by it.
bool is_whole(std::string_view sql) {
    int depth = 0;
    for (std::size_t i = 0; i < sql.size();) {
        char const c = sql[i];
        if (c == '\'' || c == '"') {
            auto const behind = behind_quoted(sql, i);
            if (!behind) return false;
            i = *behind;
            continue;
        }
        if (sql.substr(i, 2) == "--" || sql.substr(i, 2) == "/*" || c == ';' || c == '$') return false;
        if (c == '(') ++depth;
        if (c == ')' && --depth < 0) return false;
        ++i;
    }
    return depth == 0;
}

bool begins_with_distinct(std::string_view sql) {
    std::size_t const from = sql.find_first_not_of(" \t\n\r\f\v");
    constexpr std::string_view word = "distinct";
    if (from == std::string_view::npos || sql.size() - from < word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i)
        if ((sql[from + i] | 0x20) != word[i]) return false;
    return from + word.size() == sql.size() || !is_name(sql[from + word.size()]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size) {
    std::string_view const text = analytics::fuzz::text_of(data, size);
    MeasureText measure;
    try {
        measure = parse_measure(text);
    } catch (const std::invalid_argument &) {
        return 0;
    }
    must(is_whole(measure.argument), "its argument is a whole expression", text);
    must(is_whole(measure.filter), "its filter is a whole expression", text);
    must(measure.argument.find_first_not_of(" \t\n\r") != std::string::npos, "it has an argument", text);
    must(measure.argument != "*" || measure.function == "count", "only count takes *", text);
    must(!begins_with_distinct(measure.argument), "it does not say DISTINCT", text);

    std::string written = measure.function + "(" + measure.argument + ")";
    if (!measure.filter.empty()) written += " FILTER (WHERE " + measure.filter + ")";
    MeasureText again;
    try {
        again = parse_measure(written);
    } catch (const std::invalid_argument &e) {
        must(false, e.what(), written);
    }
    must(again.function == measure.function && again.argument == measure.argument &&
             again.filter == (measure.filter.empty() ? "" : " " + measure.filter),
         "it reads back", text);
    return 0;
}
