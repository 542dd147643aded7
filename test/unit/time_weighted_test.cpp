#include "core/series/time_weighted.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace analytics::core {
namespace {

double average(std::vector<TimedValue> points) { return time_weighted_average(points); }

TEST(TimeWeighted, EachValueCountsUntilTheNext) {
    EXPECT_DOUBLE_EQ(average({{0, 4}, {1, 10}, {4, 1000}}), (4 * 1 + 10 * 3) / 4.0);
    EXPECT_DOUBLE_EQ(average({{-10, 1}, {-9, 3}, {10, 0}}), (1 * 1 + 3 * 19) / 20.0);
}

TEST(TimeWeighted, TheOrderDoesNotMatter) {
    std::vector<TimedValue> points;
    for (int i = 0; i < 200; ++i) points.push_back({i * 37 % 50, static_cast<double>(i * 71 % 97) / 7});
    double const expected = average(points);
    for (int i = 0; i < 5; ++i) {
        std::rotate(points.begin(), points.begin() + 37, points.end());
        EXPECT_EQ(average(points), expected);
    }
    std::reverse(points.begin(), points.end());
    EXPECT_EQ(average(points), expected);
}

TEST(TimeWeighted, ValuesOfOneInstantCountAsTheirMean) {
    EXPECT_DOUBLE_EQ(average({{0, 2}, {0, 4}, {1, 5}, {2, 0}}), (3 + 5) / 2.0);
    EXPECT_DOUBLE_EQ(average({{0, 2}, {1, 7}, {1, 900}}), 2);  // the last ones end the time
}

TEST(TimeWeighted, WithoutTimeItIsTheMean) {
    EXPECT_EQ(average({{5, 7}}), 7);
    EXPECT_DOUBLE_EQ(average({{5, 7}, {5, 8}, {5, 12}}), 9);
}

TEST(TimeWeighted, ExtremesStayFinite) {
    constexpr std::int64_t first = std::numeric_limits<std::int64_t>::min(), last = -(first + 1);
    EXPECT_DOUBLE_EQ(average({{first, 1e308}, {0, 1e308}, {last, 1e308}}), 1e308);
    EXPECT_NEAR(average({{first, 1}, {0, 3}, {last, 0}}), 2, 1e-9);
    constexpr double most = std::numeric_limits<double>::max();
    EXPECT_DOUBLE_EQ(average({{0, most}, {0, most}, {1, most}}), most);
    EXPECT_DOUBLE_EQ(average({{0, -most}, {0, most}, {1, 5}}), 0);
}

TEST(TimeWeighted, NeedsAValue) {
    std::vector<TimedValue> none;
    EXPECT_THROW(time_weighted_average(none), std::invalid_argument);
}

}  // namespace
}  // namespace analytics::core
