#include "core/rollup/measure.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace analytics::core {
namespace {

[[noreturn]] void wrong(std::string_view text, const std::string &what) {
    throw std::invalid_argument("measure \"" + std::string(text) + "\" " + what);
}

constexpr std::string_view spaces = " \t\n\r\f\v";

bool is_space(char c) { return spaces.find(c) != std::string_view::npos; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
/// What PostgreSQL takes for a part of a name or key word.
bool in_name(char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
}

class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {}

    void skip_space() {
        while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    }
    bool done() const { return at_ == text_.size(); }
    std::string word() {
        skip_space();
        std::string result;
        for (; at_ < text_.size() && ((lower(text_[at_]) >= 'a' && lower(text_[at_]) <= 'z') || text_[at_] == '_');
             ++at_)
            result += lower(text_[at_]);
        return result;
    }
    /// What stands between a bracket and its partner.
    std::string bracketed() {
        skip_space();
        if (done() || text_[at_] != '(')
            wrong(text_, "lacks an opening bracket after \"" + std::string(text_.substr(0, at_)) + "\"");
        std::size_t const start = ++at_;
        for (int depth = 1; at_ < text_.size(); ++at_) {
            char const c = text_[at_];
            if (c == '\'' || c == '"') skip_quoted(c);
            else if ((c == '-' || c == '/') && at_ + 1 < text_.size() && text_[at_ + 1] == (c == '-' ? '-' : '*'))
                wrong(text_, "holds a comment");
            else if (c == '$' || c == ';' || c == '\\') wrong(text_, std::string("holds the character ") + c);
            else if (c == '(') ++depth;
            else if (c == ')' && --depth == 0) return std::string(text_.substr(start, at_++ - start));
        }
        wrong(text_, "lacks a closing bracket");
    }

  private:
    void skip_quoted(char quote) {
        std::size_t const end = text_.find(quote, at_ + 1);
        if (end == std::string_view::npos) wrong(text_, std::string("lacks a closing ") + quote);
        // In E'...', and with standard_conforming_strings off in each literal, it makes the next quote a character.
        if (quote == '\'' && text_.substr(at_, end - at_).find('\\') != std::string_view::npos)
            wrong(text_, "holds a backslash in a literal");
        at_ = end;  // a doubled quote opens again at once
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

bool blank(const std::string &s) { return std::all_of(s.begin(), s.end(), is_space); }

}  // namespace

MeasureText parse_measure(std::string_view text) {
    static constexpr std::array<std::string_view, 7> known{"count", "sum",      "min",      "max",
                                                           "avg",   "distinct", "quantiles"};
    Scanner scan(text);
    MeasureText result;
    result.function = scan.word();
    if (std::find(known.begin(), known.end(), result.function) == known.end())
        wrong(text, "must begin with count, sum, min, max, avg, distinct or quantiles");
    result.argument = scan.bracketed();
    if (blank(result.argument)) wrong(text, "has no argument");
    std::string trimmed = result.argument;
    std::erase_if(trimmed, is_space);
    if (trimmed == "*") {
        if (result.function != "count") wrong(text, "may use * only in count(*)");
        result.argument = "*";
    }
    std::string start = result.argument.substr(result.argument.find_first_not_of(spaces));
    std::transform(start.begin(), start.end(), start.begin(), lower);
    constexpr std::string_view distinct = "distinct";
    if (start.starts_with(distinct) && (start == distinct || !in_name(start[distinct.size()])))
        wrong(text, "may not use DISTINCT: write distinct(column)");
    scan.skip_space();
    if (scan.done()) return result;
    if (scan.word() != "filter") wrong(text, "may only be followed by FILTER (WHERE ...)");
    std::string const inside = scan.bracketed();
    Scanner inner(inside);
    if (inner.word() != "where") wrong(text, "must say WHERE in its FILTER");
    result.filter = inside.substr(inside.find_first_not_of(spaces) + 5);
    if (blank(result.filter)) wrong(text, "has an empty FILTER");
    scan.skip_space();
    if (!scan.done()) wrong(text, "may not be followed by anything after its FILTER");
    return result;
}

}  // namespace analytics::core
