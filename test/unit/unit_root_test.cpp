#include "core/series/unit_root.hpp"

#include "golden.hpp"
#include "random.hpp"

namespace analytics::core {
namespace {

TEST(UnitRootGolden, DifferencesAreThoseOfR) {
    nlohmann::json const file = golden("misc");
    int seasonal = 0, first = 0;
    for (auto const &[name, c] : file["cases"].items()) {
        std::vector<double> const x = numbers(c["x"]);
        int const m = c["m"];
        EXPECT_EQ(first_differences(x), c["ndiffs"].get<int>()) << name;
        EXPECT_EQ(m > 1 && needs_seasonal_difference(x, m) ? 1 : 0, c["nsdiffs"].get<int>()) << name;
        first += c["ndiffs"].get<int>(), seasonal += c["nsdiffs"].get<int>();
    }
    EXPECT_GE(first, 4);
    EXPECT_GE(seasonal, 4);
}

TEST(UnitRoot, WalksAreDifferencedAndLevelsAreNot) {
    Random random(5);
    std::vector<double> noise, walk, walked_twice;
    double level = 0, slope = 0;
    for (int t = 0; t < 400; ++t) {
        noise.push_back(random.normal());
        slope += noise.back();
        walk.push_back(slope);
        walked_twice.push_back(level += slope);
    }
    EXPECT_EQ(first_differences(noise), 0);
    EXPECT_EQ(first_differences(walk), 1);
    EXPECT_EQ(first_differences(walked_twice), 2);
    EXPECT_EQ(first_differences(walked_twice, 1), 1);
    for (double &v : walk) v = 0x1p1000 + v * 0x1p980;
    EXPECT_EQ(first_differences(walk), 1);
}

TEST(UnitRoot, StatisticIsItsDefinition) {
    std::vector<double> const y = {1, 3, 2, 5};  // no lags: sums of deviations -1.75, -1.5, -2.25, 0; variance 8.75 / 4
    EXPECT_NEAR(kpss_level(y), (1.75 * 1.75 + 1.5 * 1.5 + 2.25 * 2.25) / (4 * 8.75), 1e-12);
    EXPECT_EQ(kpss_level(std::vector{7.0, 7.0, 7.0}), 0);
    EXPECT_EQ(first_differences(std::vector{7.0}), 0);
    EXPECT_EQ(first_differences(std::vector{0.0, 0.0}), 0);
}

TEST(UnitRoot, StrengthOfASeason) {
    Random random(6);
    std::vector<double> weeks, noise;
    for (int t = 0; t < 210; ++t) {
        noise.push_back(random.normal());
        weeks.push_back((t % 7 < 5 ? 10 : 0) + noise.back());
    }
    EXPECT_GT(seasonal_strength(weeks, 7), 0.9);
    EXPECT_TRUE(needs_seasonal_difference(weeks, 7));
    EXPECT_LT(seasonal_strength(noise, 7), 0.5);
    EXPECT_FALSE(needs_seasonal_difference(noise, 7));
    EXPECT_EQ(seasonal_strength(std::vector<double>(30, 4.0), 7), 0);
    EXPECT_FALSE(needs_seasonal_difference(std::span(weeks).first(14), 7));
}

}  // namespace
}  // namespace analytics::core
