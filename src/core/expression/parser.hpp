#pragma once
// Reads the expression of a metric.
#include "core/expression/program.hpp"

#include <span>
#include <stdexcept>
#include <string_view>

namespace analytics::core {

/// What the parser must know of a measure.
enum class MeasureRole : std::uint8_t {
    additive,  // count, sum: 0 without rows, and two slots add up
    distinct,  // a number of different values: 0 without rows, but two slots do not add up
    average,   // NULL without rows, not exact
    extreme,   // min, max: NULL without rows
    sketch,    // only as quantile(measure, probability)
    other,     // not a number
};
struct MeasureName {
    std::string_view name;
    MeasureRole role;
};

struct ExpressionError : std::invalid_argument {
    ExpressionError(const std::string &message, std::size_t at, std::string h)
        : std::invalid_argument(message), position(at), hint(std::move(h)) {}
    std::size_t position;  // of the offending character, from 1
    std::string hint;
};

inline constexpr std::size_t longest_expression = 1000;
inline constexpr int deepest_expression = 32;  // nested parentheses, calls and signs

/// expression := term { (+ | -) term }             term := factor { (* | /) factor }
/// factor     := - factor | number | measure | "measure" | ( expression ) | call
/// call       := nullif(a, b) | coalesce(a, ...) | greatest(a, ...) | least(a, ...) | abs(a)
///             | round(a [, decimals]) | quantile(measure, probability)
/// Names of functions in any case, of measures exactly as declared.
/// @throws ExpressionError
Program parse_expression(std::string_view text, std::span<const MeasureName> measures);

}  // namespace analytics::core
