#pragma once
// A metric's expression, ready to be evaluated: code for a stack machine, with no reference to its text.
#include <cstdint>
#include <string>
#include <vector>

namespace analytics::core {

enum class Op : std::uint8_t {
    constant,  // argument: index into constants
    measure,   // argument: index into measures
    quantile,  // argument: index into quantiles
    add,
    subtract,
    multiply,
    divide,  // NULL where the divisor is zero
    negate,
    abs,
    round,     // argument: decimals
    nullif,    // NULL where both are equal
    coalesce,  // argument: how many values it takes
    greatest,  // likewise; like SQL's, they leave NULLs out
    least,
};

struct Instruction {
    Op op;
    std::uint16_t argument = 0;
    bool operator==(const Instruction &) const = default;
};

/// How exact a value is. Decides how it is rounded for the caller.
enum class Precision : std::uint8_t {
    exact,    // sums, differences and products of measures: never rounded
    scaled,   // divided by a constant (cents to dollars): never rounded, only trailing zeros are cut off
    derived,  // a quotient of measures, an average, a quantile: rounded
    chosen,   // the expression ends with round(...): as it says
};

struct Quantile {
    int measure;         // index into measures
    double probability;  // 0..1
};

struct Program {
    std::vector<Instruction> code;       // in postfix order
    std::vector<std::string> constants;  // decimal literals
    std::vector<int> measures;           // what it reads, as indices of the rollup's measures
    std::vector<Quantile> quantiles;
    int stack = 0;  // how deep the stack gets
    Precision precision = Precision::exact;
    bool linear = false;           // the value of two slots together is the sum of their values
    bool zero_when_empty = false;  // has a value in a slot without rows, where sums and counts are 0
};

}  // namespace analytics::core
