#pragma once
// Reference values of independent programs (test/golden/*.json), and the comparison that goes with them.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace analytics::core {

/// The file test/golden/<name>.json. What made it and how closely to match stands in its "source".
inline nlohmann::json golden(const char *name) {
    std::string const path = std::string(ANALYTICS_GOLDEN_DIR) + "/" + name + ".json";
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot read " + path);
    return nlohmann::json::parse(file);
}

/// Numbers of a golden file. R writes a vector of one element as a plain number, and what is missing as null.
inline std::vector<double> numbers(const nlohmann::json &json) {
    if (json.is_number()) return {json.get<double>()};
    std::vector<double> values;
    for (const nlohmann::json &v : json) values.push_back(v.is_number() ? v.get<double>() : std::nan(""));
    return values;
}

/// |actual - expected| <= tolerance * max(1, |expected|): relative for what is large, absolute near zero.
inline testing::AssertionResult close_to(double actual, double expected, double tolerance) {
    double const limit = tolerance * std::max(1.0, std::abs(expected));
    if (std::abs(actual - expected) <= limit) return testing::AssertionSuccess();
    return testing::AssertionFailure() << testing::PrintToString(actual) << " is not "
                                       << testing::PrintToString(expected) << ": off by " << actual - expected
                                       << ", allowed " << limit;
}

/// The same for each element; fails at the first that differs.
inline testing::AssertionResult all_close_to(std::span<const double> actual, std::span<const double> expected,
                                             double tolerance) {
    if (actual.size() != expected.size())
        return testing::AssertionFailure() << actual.size() << " values, not " << expected.size();
    for (std::size_t i = 0; i < actual.size(); ++i)
        if (auto const result = close_to(actual[i], expected[i], tolerance); !result)
            return testing::AssertionFailure() << "[" << i << "] " << result.message();
    return testing::AssertionSuccess();
}

}  // namespace analytics::core

#define EXPECT_REL(actual, expected, tolerance) EXPECT_TRUE(analytics::core::close_to(actual, expected, tolerance))
#define EXPECT_ALL_REL(actual, expected, tolerance) \
    EXPECT_TRUE(analytics::core::all_close_to(actual, expected, tolerance))
