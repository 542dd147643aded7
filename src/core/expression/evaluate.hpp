#pragma once
// Runs a program. The numbers are whatever `Math` says: numeric in the server, double in tests.
#include "core/expression/program.hpp"

#include <optional>

namespace analytics::core {

/// `Math` has a type Number and, on it: constant(i), measure(i), quantile(i) (optional: NULL), add, subtract, multiply,
/// divide, negate, abs, round(x, decimals), compare(a, b) (negative, 0, positive), is_zero.
/// A NULL operand makes the result NULL, as in SQL; so does a division by zero.
/// @param stack  room for program.stack values; nothing is allocated
template <class Math>
std::optional<typename Math::Number> evaluate(const Program &program, Math &math,
                                              std::optional<typename Math::Number> *stack) {
    using Value = std::optional<typename Math::Number>;
    Value *top = stack;  // one past the topmost value
    auto const unary = [&](auto &&f) {
        if (top[-1]) top[-1] = f(*top[-1]);
    };
    auto const binary = [&](auto &&f) {
        --top;
        if (top[-1] && *top) top[-1] = f(*top[-1], *top[0]);
        else top[-1] = std::nullopt;
    };
    // Keeps the first of n values that wins over those before it; NULLs never do.
    auto const choose = [&](int n, auto &&wins) {
        top -= n - 1;
        for (int i = 0; i < n - 1; ++i)
            if (top[i] && (!top[-1] || wins(*top[i], *top[-1]))) top[-1] = top[i];
    };
    for (const Instruction &step : program.code) {
        int const n = step.argument;
        switch (step.op) {
        case Op::constant:
            *top++ = math.constant(n);
            break;
        case Op::measure:
            *top++ = math.measure(n);
            break;
        case Op::quantile:
            *top++ = math.quantile(n);
            break;
        case Op::add:
            binary([&](auto a, auto b) -> Value { return math.add(a, b); });
            break;
        case Op::subtract:
            binary([&](auto a, auto b) -> Value { return math.subtract(a, b); });
            break;
        case Op::multiply:
            binary([&](auto a, auto b) -> Value { return math.multiply(a, b); });
            break;
        case Op::divide:
            binary([&](auto a, auto b) -> Value {
                if (math.is_zero(b)) return std::nullopt;
                return math.divide(a, b);
            });
            break;
        case Op::negate:
            unary([&](auto a) { return math.negate(a); });
            break;
        case Op::abs:
            unary([&](auto a) { return math.abs(a); });
            break;
        case Op::round:
            unary([&](auto a) { return math.round(a, n); });
            break;
        case Op::nullif:
            --top;
            if (top[-1] && *top && math.compare(*top[-1], *top[0]) == 0) top[-1] = std::nullopt;
            break;
        case Op::coalesce:
            choose(n, [](auto, auto) { return false; });
            break;
        case Op::greatest:
            choose(n, [&](auto a, auto b) { return math.compare(a, b) > 0; });
            break;
        case Op::least:
            choose(n, [&](auto a, auto b) { return math.compare(a, b) < 0; });
            break;
        }
    }
    return top[-1];
}

}  // namespace analytics::core
