#include "core/statistics/theil_sen.hpp"

#include "core/statistics/robust.hpp"
#include "golden.hpp"

namespace analytics::core {
namespace {

/// The definition, pair by pair.
double by_pairs(const std::vector<double> &y, const std::vector<double> &x) {
    std::vector<double> slopes;
    for (std::size_t i = 0; i < x.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (x[i] != x[j]) slopes.push_back((y[i] - y[j]) / (x[i] - x[j]));
    return median(slopes);
}

TEST(TheilSen, IsTheMedianOfThePairsSlopes) {
    std::uint64_t state = 7;
    auto const next = [&] { return static_cast<double>((state = state * 6364136223846793005ULL + 1) >> 40); };
    for (std::size_t const n : {2U, 3U, 10U, 511U, 513U, 1400U})
        for (double const steps : {7.0, 1e9}) {  // few different x and y: ties
            std::vector<double> x, y;
            for (std::size_t i = 0; i < n; ++i)
                x.push_back(std::fmod(next(), steps)), y.push_back(std::fmod(next(), steps));
            x[0] = -1;
            Line const line = theil_sen(y, x);
            EXPECT_REL(line.slope, by_pairs(y, x), 1e-9);
            std::vector<double> rest;
            for (std::size_t i = 0; i < n; ++i) rest.push_back(y[i] - line.slope * x[i]);
            EXPECT_REL(line.intercept, median(rest), 1e-9);
        }
}

TEST(TheilSen, WildPointsDoNotCarryItAway) {
    std::vector<double> x, y;
    for (int i = 0; i < 1000; ++i) x.push_back(i), y.push_back(i % 4 == 0 ? 1e12 * i : 3 - 0.5 * i);
    Line const line = theil_sen(y, x);
    EXPECT_REL(line.slope, -0.5, 1e-9);
    EXPECT_REL(line.intercept, 3, 1e-6);
}

TEST(TheilSen, HugeAndTinyValues) {
    Line const huge = theil_sen(std::vector{-1e300, 0.0, 1e300}, std::vector{-1.0, 0.0, 1.0});
    EXPECT_REL(huge.slope / 1e300, 1, 1e-12);
    EXPECT_REL(theil_sen(std::vector{1.0, 2.0, 3.0}, std::vector{1e300, 2e300, 3e300}).slope * 1e300, 1, 1e-12);
    EXPECT_EQ(theil_sen(std::vector{5.0, 5.0, 5.0}, std::vector{1.0, 2.0, 3.0}).slope, 0);
    EXPECT_THROW(theil_sen(std::vector{1e300, -1e300}, std::vector{0.0, 1e-300}), std::domain_error);
}

TEST(TheilSen, RefusesWhatHasNoSlope) {
    EXPECT_THROW(theil_sen({}, {}), std::invalid_argument);
    EXPECT_THROW(theil_sen(std::vector{1.0, 2.0}, std::vector{3.0, 3.0}), std::invalid_argument);
    EXPECT_THROW(theil_sen(std::vector{1.0}, std::vector{1.0, 2.0}), std::invalid_argument);
    EXPECT_THROW(theil_sen(std::vector{1.0, std::nan("")}, std::vector{1.0, 2.0}), std::invalid_argument);
}

}  // namespace
}  // namespace analytics::core
