#include "golden.hpp"

namespace analytics::core {
namespace {

TEST(Golden, EveryFileSaysWhatMadeIt) {
    for (const char *const name : {"arima", "budget", "distributions", "dotm", "esd", "ets", "ets_fixed", "fdr",
                                   "intermittent", "misc", "mstl", "statsmodels", "stl", "theta"})
        EXPECT_TRUE(golden(name)["source"].is_string()) << name;
    EXPECT_THROW(golden("no_such"), std::runtime_error);
}

TEST(Golden, ComparisonIsRelativeAboveOneAndFailsOnWhatIsNoNumber) {
    EXPECT_REL(1000.5, 1000, 1e-3);
    EXPECT_FALSE(close_to(1001.5, 1000, 1e-3));
    EXPECT_REL(0.0005, 0, 1e-3);
    EXPECT_FALSE(close_to(0.0015, 0, 1e-3));
    EXPECT_FALSE(close_to(std::nan(""), 1, 1));
    EXPECT_FALSE(all_close_to(std::vector{1.0}, std::vector{1.0, 2.0}, 1));
    EXPECT_FALSE(all_close_to(std::vector{1.0, 3.0}, std::vector{1.0, 2.0}, 1e-3));
    EXPECT_EQ(numbers(nlohmann::json(3)), std::vector{3.0});
}

}  // namespace
}  // namespace analytics::core
