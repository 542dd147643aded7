#include "core/statistics/robust.hpp"

#include "golden.hpp"

#include <algorithm>

namespace analytics::core {
namespace {

TEST(Robust, QuantilesAndMadAgreeWithR) {
    int cases = 0;
    nlohmann::json const reference = golden("misc");
    for (const auto &[name, c] : reference["cases"].items()) {
        SCOPED_TRACE(name);
        std::vector<double> const x = numbers(c["x"]), expected = numbers(c["quantile7"]);
        ASSERT_EQ(expected.size(), 9U);
        std::vector<double> sorted = x;
        std::sort(sorted.begin(), sorted.end());
        std::vector<double> const probabilities = {0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99};
        for (std::size_t i = 0; i < 9; ++i) {
            EXPECT_REL(quantile7(x, probabilities[i]), expected[i], 1e-12);
            EXPECT_REL(quantile7_sorted(sorted, probabilities[i]), expected[i], 1e-12);
        }
        EXPECT_REL(mad(x), c["mad"].get<double>(), 1e-12);
        EXPECT_REL(median(x), expected[4], 1e-12);
        ++cases;
    }
    EXPECT_GE(cases, 10);
}

TEST(Robust, FewWildValuesMoveNothing) {
    std::vector<double> const x = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1e300};
    EXPECT_EQ(median(x), 5.5);
    EXPECT_EQ(trimmed_mean(x, 0.1), 5.5);
    EXPECT_EQ(trimmed_mean(x, 0.09), mean(x));
    EXPECT_DOUBLE_EQ(clipped_mean(x, 5.5, 4.5), 5.5);
    EXPECT_DOUBLE_EQ(mad(x), 1.4826 * 2.5);
    EXPECT_DOUBLE_EQ(mad_about(x, 1), 1.4826 * 4.5);
}

TEST(Robust, HugeValuesDoNotOverflow) {
    std::vector<double> const x(1000, 1e308);
    EXPECT_DOUBLE_EQ(mean(x), 1e308);
    EXPECT_EQ(median(x), 1e308);
    EXPECT_EQ(quantile7(x, 0.3333), 1e308);
    EXPECT_EQ(mad(x), 0);
}

TEST(Robust, OneValueIsItself) {
    std::vector<double> const one = {7};
    EXPECT_EQ(median(one), 7);
    EXPECT_EQ(quantile7(one, 0.9), 7);
    EXPECT_EQ(mean(one), 7);
    EXPECT_EQ(trimmed_mean(one, 0.4), 7);
    EXPECT_EQ(mad(one), 0);
}

TEST(Robust, RefusesWhatHasNoAnswer) {
    std::vector<double> const one = {7};
    EXPECT_THROW(median({}), std::invalid_argument);
    EXPECT_THROW(mean({}), std::invalid_argument);
    EXPECT_THROW(quantile7({}, 0.5), std::invalid_argument);
    EXPECT_THROW(quantile7(one, 1.1), std::invalid_argument);
    EXPECT_THROW(quantile7(one, std::nan("")), std::invalid_argument);
    EXPECT_THROW(trimmed_mean(one, 0.5), std::invalid_argument);
}

}  // namespace
}  // namespace analytics::core
