// The expressions of metrics: whatever is accepted runs on the stack it asks for, means the same with blanks and
// brackets around it, and is linear and has a value in an empty slot where its program says so.
#include "core/expression/evaluate.hpp"
#include "core/expression/parser.hpp"
#include "fuzz.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <memory>

using namespace analytics::core;
using analytics::fuzz::must;

namespace {

constexpr std::array<MeasureName, 8> measures{{{"a", MeasureRole::additive},
                                               {"count", MeasureRole::additive},
                                               {"d", MeasureRole::distinct},
                                               {"mean", MeasureRole::average},
                                               {"least", MeasureRole::extreme},
                                               {"q", MeasureRole::sketch},
                                               {"a \"b\"", MeasureRole::additive},
                                               {"o", MeasureRole::other}}};

/// A number and the size of what it was computed from, which bounds its rounding error.
struct Inexact {
    double value, size;
};

/// One slot: each additive measure is `level`, or NULL.
struct Slot {
    using Number = Inexact;
    const Program &program;
    std::optional<double> level;

    Inexact constant(int i) const {
        const std::string &text = program.constants.at(static_cast<std::size_t>(i));
        double value = 0;
        auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        must(error == std::errc{} && end == text.data() + text.size(), "a constant is a number", text);
        return {value, value};
    }
    std::optional<Inexact> measure(int i) const {
        auto const index = static_cast<std::size_t>(program.measures.at(static_cast<std::size_t>(i)));
        MeasureRole const role = measures.at(index).role;
        must(role != MeasureRole::sketch && role != MeasureRole::other, "a measure that is read is a number");
        if (!level) return std::nullopt;
        return Inexact{*level + static_cast<double>(index) * *level, 16 * std::fabs(*level)};
    }
    std::optional<Inexact> quantile(int i) const {
        Quantile const asked = program.quantiles.at(static_cast<std::size_t>(i));
        auto const index = static_cast<std::size_t>(program.measures.at(static_cast<std::size_t>(asked.measure)));
        must(measures.at(index).role == MeasureRole::sketch, "only a sketch has quantiles");
        must(asked.probability >= 0 && asked.probability <= 1, "a probability lies in 0..1");
        return level ? std::optional(Inexact{*level, *level}) : std::nullopt;
    }
    static Inexact add(Inexact a, Inexact b) { return {a.value + b.value, a.size + b.size}; }
    static Inexact subtract(Inexact a, Inexact b) { return {a.value - b.value, a.size + b.size}; }
    static Inexact multiply(Inexact a, Inexact b) { return {a.value * b.value, a.size * b.size}; }
    static Inexact divide(Inexact a, Inexact b) { return {a.value / b.value, std::fabs(a.size / b.value)}; }
    static Inexact negate(Inexact a) { return {-a.value, a.size}; }
    static Inexact abs(Inexact a) { return {std::fabs(a.value), a.size}; }
    static Inexact round(Inexact a, int decimals) {
        must(decimals >= 0 && decimals <= 20, "decimals lie in 0..20");
        return a;
    }
    static int compare(Inexact a, Inexact b) { return a.value < b.value ? -1 : a.value > b.value ? 1 : 0; }
    static bool is_zero(Inexact a) { return a.value == 0; }
};

std::optional<Inexact> value_of(const Program &program, std::optional<double> level) {
    // Exactly as much memory as the program asks for, so that AddressSanitizer sees one value more.
    auto const stack = std::make_unique<std::optional<Inexact>[]>(static_cast<std::size_t>(program.stack));
    Slot slot{program, level};
    return evaluate(program, slot, stack.get());
}

std::optional<Program> parsed(std::string_view text) {
    try {
        return parse_expression(text, measures);
    } catch (const ExpressionError &e) {
        must(e.position >= 1 && e.position <= text.size() + 1, "an error's position is in the text", text);
        must(e.what()[0] != '\0' && !e.hint.empty(), "an error says what is wrong, and what to do", text);
        if (analytics::fuzz::valid_utf8(text))
            must(analytics::fuzz::valid_utf8(e.what()) && analytics::fuzz::valid_utf8(e.hint),
                 "an error's words are whole characters", text);
        return std::nullopt;
    }
}

void must_be_linear(const Program &program, std::string_view text) {
    auto const one = value_of(program, 3), other = value_of(program, 5), both = value_of(program, 8);
    must(one.has_value() == other.has_value() && one.has_value() == both.has_value(), "two slots add up", text);
    if (!one || !std::isfinite(both->size) || both->size > 1e200) return;
    must(std::fabs(one->value + other->value - both->value) <= 1e-9 * both->size + 1e-280, "two slots add up", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size) {
    std::string_view const text = analytics::fuzz::text_of(data, size);
    std::optional<Program> const program = parsed(text);
    if (!program) return 0;
    must(!program->measures.empty(), "it reads a measure", text);
    for (std::optional<double> const level : {std::optional<double>(), std::optional(0.0), std::optional(7.0)})
        (void)value_of(*program, level);
    if (program->linear) must_be_linear(*program, text);

    std::string const spaced = " \t" + std::string(text) + "\n";
    if (spaced.size() <= longest_expression) {
        std::optional<Program> const same = parsed(spaced);
        must(same && same->code == program->code && same->constants == program->constants &&
                 same->measures == program->measures && same->stack == program->stack &&
                 same->precision == program->precision && same->linear == program->linear &&
                 same->zero_when_empty == program->zero_when_empty,
             "blanks around it mean nothing", text);
    }
    if (text.size() + 2 <= longest_expression)
        if (std::optional<Program> const same = parsed("(" + std::string(text) + ")"))  // else one level too deep
            must(same->code == program->code && same->precision == program->precision &&
                     same->linear == program->linear,
                 "brackets around it mean nothing", text);
    return 0;
}
