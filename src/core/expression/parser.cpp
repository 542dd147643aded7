#include "core/expression/parser.hpp"

#include "core/expression/evaluate.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace analytics::core {
namespace {

constexpr std::string_view syntax =
    "Use numbers, measures, + - * /, parentheses, nullif(a, b), coalesce(a, ...), greatest(a, ...), least(a, ...), "
    "abs(a), round(a, decimals) and quantile(measure, probability).";

struct Function {
    std::string_view name;
    Op op;
    int least, most;  // arguments
};
constexpr Function functions[] = {
    {"nullif", Op::nullif, 2, 2},
    {"coalesce", Op::coalesce, 1, 16},
    {"greatest", Op::greatest, 1, 16},
    {"least", Op::least, 1, 16},
    {"abs", Op::abs, 1, 1},
    {"round", Op::round, 1, 2},
    {"quantile", Op::quantile, 2, 2},
};

/// What is known of a part of the expression.
struct Traits {
    bool constant = false, linear = false;
    Precision precision = Precision::exact;
};

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool is_letter(char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

double to_double(std::string_view literal) {
    double value = 0;
    std::from_chars(literal.data(), literal.data() + literal.size(), value);
    return value;
}

class Parser {
  public:
    Parser(std::string_view text, std::span<const MeasureName> measures) : text_(text), measures_(measures) {}

    Program parse() {
        if (text_.size() > longest_expression)
            fail("expression is longer than " + std::to_string(longest_expression) + " bytes", longest_expression,
                 "Shorten it, or compute a part of it as a measure of the rollup.");
        skip_blanks();
        if (at_ == text_.size()) fail("expression is empty", at_, std::string(syntax));
        Traits const whole = expression();
        if (at_ < text_.size()) unexpected();
        if (program_.measures.empty())
            fail("expression uses no measure", 0, "Use at least one of: " + measure_list() + ".");
        program_.linear = whole.linear;
        bool const rounded = program_.code.back().op == Op::round;
        program_.precision = rounded ? Precision::chosen : whole.precision;
        return std::move(program_);
    }

  private:
    Traits expression() {
        Traits left = term();
        for (char op = peek(); op == '+' || op == '-'; op = peek()) {
            advance();
            Traits const right = term();
            emit(op == '+' ? Op::add : Op::subtract, 0, -1);
            left = {left.constant && right.constant, left.linear && right.linear, worse(left, right)};
        }
        return left;
    }

    Traits term() {
        Traits left = factor();
        for (char op = peek(); op == '*' || op == '/'; op = peek()) {
            advance();
            Traits const right = factor();
            emit(op == '*' ? Op::multiply : Op::divide, 0, -1);
            bool const linear = (left.linear && right.constant) || (op == '*' && left.constant && right.linear);
            Precision precision = worse(left, right);
            if (op == '/') precision = std::max(precision, right.constant ? Precision::scaled : Precision::derived);
            left = {left.constant && right.constant, linear, precision};
        }
        return left;
    }

    Traits factor() {
        Nesting const nesting(*this);
        char const c = peek();
        if (c == '-') {
            advance();
            Traits const traits = factor();
            emit(Op::negate, 0, 0);
            return traits;
        }
        if (c == '(') {
            advance();
            Traits const traits = expression();
            expect(')');
            return traits;
        }
        if (is_digit(c) || c == '.') return emit_constant(number());
        bool const quoted = c == '"';
        std::string const name = this->name();
        std::size_t const start = token_;
        return peek() == '(' && !quoted ? call(name, start) : measure(name, start);
    }

    Traits measure(std::string_view name, std::size_t start) {
        auto const [index, role] = find(name, start);
        if (role == MeasureRole::sketch)
            fail("measure \"" + std::string(name) + "\" is a quantile sketch, not a number", start,
                 "Ask for one of its quantiles: quantile(" + std::string(name) + ", 0.95).");
        emit(Op::measure, use(index), 1);
        return {false, role == MeasureRole::additive,
                role == MeasureRole::average ? Precision::derived : Precision::exact};
    }

    Traits call(std::string_view written, std::size_t start) {
        std::string name(written);
        std::transform(name.begin(), name.end(), name.begin(), lower);
        auto const *const f =
            std::find_if(std::begin(functions), std::end(functions), [&](const Function &g) { return g.name == name; });
        if (f == std::end(functions))
            fail("there is no function " + std::string(written) + "()", start, std::string(syntax));
        expect('(');
        if (f->op == Op::quantile) return quantile();
        Traits whole = expression();
        int count = 1;
        int decimals = 0;
        for (; peek() == ','; ++count) {
            advance();
            if (f->op == Op::round && count == 1) {
                decimals = static_cast<int>(number_between(0, 20, "decimals", true));
                continue;
            }
            if (count == f->most) break;
            Traits const next = expression();
            whole = {whole.constant && next.constant, false, worse(whole, next)};
        }
        if (count < f->least || count > f->most || (count == f->most && peek() == ','))
            fail(name + "() takes " + (f->least < f->most ? std::to_string(f->least) + " to " : "") +
                     std::to_string(f->most) + (f->most == 1 ? " argument" : " arguments"),
                 start, std::string(syntax));
        expect(')');
        switch (f->op) {
        case Op::round:
            emit(Op::round, decimals, 0);
            break;
        case Op::abs:
            emit(Op::abs, 0, 0);
            break;
        case Op::nullif:
            emit(Op::nullif, 0, -1);
            break;
        default:
            emit(f->op, count, 1 - count);
            break;
        }
        whole.linear = false;
        return whole;
    }

    Traits quantile() {
        std::string const name = this->name();
        std::size_t const start = token_;
        auto const [index, role] = find(name, start);
        if (role != MeasureRole::sketch)
            fail("measure \"" + name + "\" has no quantiles", start, "Declare it in the rollup as quantiles(column).");
        expect(',');
        double const probability = number_between(0, 1, "probability", false);
        expect(')');
        program_.quantiles.push_back({use(index), probability});
        emit(Op::quantile, static_cast<int>(program_.quantiles.size()) - 1, 1);
        return {false, false, Precision::derived};
    }

    // Tokens. at_ stands on the next character that is no blank, token_ where the last name or number began.
    void skip_blanks() {
        while (at_ < text_.size() && (text_[at_] == ' ' || (text_[at_] >= '\t' && text_[at_] <= '\r'))) ++at_;
    }
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void advance() {
        ++at_;
        skip_blanks();
    }
    void expect(char c) {
        if (peek() != c) fail(found() + ", expected \"" + std::string(1, c) + "\"", at_, std::string(syntax));
        advance();
    }

    /// name or "name", where "" stands for one quote.
    std::string name() {
        token_ = at_;
        std::string result;
        if (peek() == '"') {
            for (++at_;; ++at_) {
                if (at_ == text_.size()) fail("quoted name without an end", token_, "Close it with a double quote.");
                if (text_[at_] == '"' && (++at_ == text_.size() || text_[at_] != '"')) break;
                result += text_[at_];
            }
        } else {
            if (!is_letter(peek())) unexpected();
            while (is_letter(peek()) || is_digit(peek())) result += text_[at_++];
        }
        skip_blanks();
        return result;
    }
    std::string number() {
        token_ = at_;
        std::size_t digits = 0;
        auto const run = [&] {
            for (; is_digit(peek()); ++at_) ++digits;
        };
        run();
        if (peek() == '.') ++at_, run();
        if (digits == 0) unexpected();
        int exponent = 0;
        if (lower(peek()) == 'e') {
            std::size_t const mark = at_++;
            bool const minus = peek() == '-';
            if (minus || peek() == '+') ++at_;
            auto const [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), exponent);
            if (error != std::errc{} || !is_digit(peek()) || exponent > 30)
                fail("exponent of a number must be between -30 and 30", mark, "Write the number with fewer digits.");
            at_ = static_cast<std::size_t>(end - text_.data());
        }
        if (digits > 40) fail("number of more than 40 digits", token_, "Write the number with fewer digits.");
        std::string value(text_.substr(token_, at_ - token_));
        if (is_letter(peek())) unexpected();
        skip_blanks();
        return value;
    }
    double number_between(double least, double most, std::string_view what, bool whole) {
        std::string const allowed = std::string(what) + " must be a" + (whole ? " whole" : "") + " number between " +
                                    std::to_string(static_cast<int>(least)) + " and " +
                                    std::to_string(static_cast<int>(most));
        if (!is_digit(peek()) && peek() != '.') fail(allowed, at_, std::string(syntax));
        std::string const text = number();
        double const value = to_double(text);
        if (value < least || value > most || (whole && value != std::floor(value)))
            fail(allowed, token_, "It is " + text + ".");
        return value;
    }

    // The program under construction.
    void emit(Op op, int argument, int growth) {
        program_.code.push_back({op, static_cast<std::uint16_t>(argument)});
        depth_ += growth;
        program_.stack = std::max(program_.stack, depth_);
    }
    Traits emit_constant(std::string literal) {
        program_.constants.push_back(std::move(literal));
        emit(Op::constant, static_cast<int>(program_.constants.size()) - 1, 1);
        return {true, false, Precision::exact};
    }
    int use(int index) {
        auto const found = std::find(program_.measures.begin(), program_.measures.end(), index);
        auto const place = static_cast<int>(found - program_.measures.begin());
        if (found == program_.measures.end()) program_.measures.push_back(index);
        return place;
    }
    std::pair<int, MeasureRole> find(std::string_view name, std::size_t start) {
        for (std::size_t i = 0; i < measures_.size(); ++i) {
            if (measures_[i].name != name) continue;
            if (measures_[i].role == MeasureRole::other)
                fail("measure \"" + std::string(name) + "\" is not a number", start,
                     "Use one of: " + measure_list() + ".");
            return {static_cast<int>(i), measures_[i].role};
        }
        fail("the rollup has no measure \"" + std::string(name) + "\"", start, "Its measures: " + measure_list() + ".");
    }
    std::string measure_list() const {
        std::string list;
        for (const MeasureName &m : measures_)
            if (m.role != MeasureRole::other) list += (list.empty() ? "" : ", ") + std::string(m.name);
        return list;
    }
    static Precision worse(const Traits &a, const Traits &b) { return std::max(a.precision, b.precision); }

    std::string found() const {
        if (at_ == text_.size()) return "expression ends too early";
        std::size_t length = 1;  // a whole character
        while (at_ + length < text_.size() && (static_cast<unsigned char>(text_[at_ + length]) & 0xC0) == 0x80)
            ++length;
        return "unexpected \"" + std::string(text_.substr(at_, length)) + "\" in expression";
    }
    [[noreturn]] void unexpected() const { fail(found(), at_, std::string(syntax)); }
    [[noreturn]] static void fail(const std::string &message, std::size_t at, std::string hint) {
        throw ExpressionError(message, at + 1, std::move(hint));
    }

    struct Nesting {
        explicit Nesting(Parser &p) : parser(p) {
            if (++parser.nesting_ > deepest_expression)
                fail("expression is nested deeper than " + std::to_string(deepest_expression) + " levels", parser.at_,
                     "Simplify it, or compute a part of it as a measure of the rollup.");
        }
        ~Nesting() { --parser.nesting_; }
        Nesting(const Nesting &) = delete;
        Nesting &operator=(const Nesting &) = delete;
        Parser &parser;
    };

    std::string_view text_;
    std::span<const MeasureName> measures_;
    std::size_t at_ = 0, token_ = 0;
    int depth_ = 0, nesting_ = 0;
    Program program_;
};

/// Whether a slot without rows has a value: sums and counts are 0 there, everything else is NULL. 1 stands for any
/// other number, which is good enough to tell NULL from not NULL.
struct EmptySlot {
    using Number = double;
    const Program &program;
    std::span<const MeasureName> measures;

    double constant(int i) const { return to_double(program.constants[static_cast<std::size_t>(i)]); }
    std::optional<double> measure(int i) const {
        MeasureRole const role = measures[static_cast<std::size_t>(program.measures[static_cast<std::size_t>(i)])].role;
        if (role == MeasureRole::additive || role == MeasureRole::distinct) return 0.0;
        return std::nullopt;
    }
    static std::optional<double> quantile(int) { return std::nullopt; }
    static double add(double a, double b) { return a + b; }
    static double subtract(double a, double b) { return a - b; }
    static double multiply(double a, double b) { return a * b; }
    static double divide(double a, double b) { return a / b; }
    static double negate(double a) { return -a; }
    static double abs(double a) { return std::fabs(a); }
    static double round(double a, int) { return a; }
    static int compare(double a, double b) { return a < b ? -1 : a > b ? 1 : 0; }
    static bool is_zero(double a) { return a == 0; }
};

}  // namespace

Program parse_expression(std::string_view text, std::span<const MeasureName> measures) {
    Program program = Parser(text, measures).parse();
    std::vector<std::optional<double>> stack(static_cast<std::size_t>(program.stack));
    EmptySlot empty{program, measures};
    program.zero_when_empty = evaluate(program, empty, stack.data()).has_value();
    return program;
}

}  // namespace analytics::core
