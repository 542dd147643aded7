#include "core/series/mstl.hpp"

#include "golden.hpp"

#include <limits>

namespace analytics::core {
namespace {

TEST(MstlGolden, IsR) {
    nlohmann::json const file = golden("mstl");
    std::vector<int> const lengths = file["periods"];
    MstlParts const parts = mstl(numbers(file["x"]), lengths);
    EXPECT_ALL_REL(parts.trend, numbers(file["trend"]), 1e-8);
    EXPECT_ALL_REL(parts.seasons.at(0), numbers(file["s1"]), 1e-8);
    EXPECT_ALL_REL(parts.seasons.at(1), numbers(file["s2"]), 1e-8);
    EXPECT_ALL_REL(parts.remainder, numbers(file["remainder"]), 1e-8);
}

std::vector<double> hourly(std::size_t n, double scale) {
    std::vector<double> y;
    for (std::size_t t = 0; t < n; ++t) {
        auto const at = static_cast<double>(t);
        y.push_back(scale * (100 + 10 * std::sin(at * 6.283185307179586 / 24) + (t / 24 % 7 >= 5 ? -20 : 0) +
                             std::sin(at * at)));
    }
    return y;
}

TEST(Mstl, PartsAddUpWhateverTheOrderOfLengths) {
    std::vector<double> const y = hourly(700, 1);
    MstlParts const one = mstl(y, std::vector{24, 168}), two = mstl(y, std::vector{168, 24, 5000});
    EXPECT_EQ(one.seasons[0], two.seasons[1]);
    EXPECT_EQ(one.seasons[1], two.seasons[0]);
    EXPECT_EQ(two.seasons[2], std::vector<double>(y.size()));  // too long for the series
    for (std::size_t t = 0; t < y.size(); ++t)
        EXPECT_NEAR(two.trend[t] + two.seasons[0][t] + two.seasons[1][t] + two.remainder[t], y[t], 1e-9);
}

TEST(Mstl, WithoutASeasonItIsTrendAndRemainder) {
    std::vector<double> line(50);
    for (std::size_t t = 0; t < line.size(); ++t) line[t] = 2 * static_cast<double>(t) - 3;
    MstlParts const parts = mstl(line, std::vector<int>{});
    EXPECT_ALL_REL(parts.trend, line, 1e-9);
    for (std::size_t const n : {1U, 2U, 3U, 4U, 14U}) {
        MstlParts const few = mstl(std::span(line).first(n), std::vector{7});
        for (std::size_t t = 0; t < n; ++t) EXPECT_NEAR(few.trend[t] + few.remainder[t], line[t], 1e-9);
    }
}

TEST(Mstl, ForecastsFollowBothSeasons) {
    constexpr std::size_t week = 168;
    ModelForecast const forecast = forecast_mstl(hourly(5 * week, 1), std::vector{24, 168}, 168);
    std::vector<double> const truth = hourly(6 * week, 1);
    for (std::size_t i = 0; i < 168; ++i) EXPECT_NEAR(forecast.mean[i], truth[5 * week + i], 4) << i;
    ModelForecast const scaled = forecast_mstl(hourly(5 * week, 0x1p990), std::vector{24, 168}, 168);
    for (std::size_t i = 0; i < 168; ++i) EXPECT_REL(scaled.mean[i] * 0x1p-990, forecast.mean[i], 1e-9);
}

TEST(Mstl, ForecastsOfExtremesAreFinite) {
    constexpr double huge = std::numeric_limits<double>::max();
    for (std::vector<double> const &y : {std::vector<double>{3},
                                         {1, 2},
                                         {0, 0, 0, 0, 0, 0, 0},
                                         std::vector<double>(40, 2.0),
                                         {huge, -huge, huge, -huge, huge, -huge, huge}})
        for (double const v : forecast_mstl(y, std::vector{2, 3}, 20).mean) EXPECT_TRUE(std::isfinite(v));
    EXPECT_THROW(mstl({}, std::vector{7}), std::invalid_argument);
    EXPECT_THROW(mstl(std::vector{1.0, 2.0}, std::vector{1}), std::invalid_argument);
    EXPECT_THROW(mstl(std::vector{1.0, 2.0}, std::vector{7, 7}), std::invalid_argument);
}

}  // namespace
}  // namespace analytics::core
