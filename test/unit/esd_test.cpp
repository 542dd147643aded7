#include "core/anomaly/esd.hpp"

#include "golden.hpp"

namespace analytics::core {
namespace {

TEST(Esd, AgreesWithScipyAndTheNistExample) {
    nlohmann::json const reference = golden("esd");
    for (const auto &c : reference["cases"]) {
        std::vector<double> const x = numbers(c["x"]);
        EsdResult const result = generalized_esd(x, {c["alpha"], c["k"], c["robust"]});
        std::vector<double> statistics, critical;
        for (const EsdStep &step : result.steps)
            statistics.push_back(step.statistic), critical.push_back(step.critical);
        EXPECT_ALL_REL(statistics, numbers(c["R"]), 1e-9);
        EXPECT_ALL_REL(critical, numbers(c["critical"]), 1e-9);
        EXPECT_EQ(result.outliers, c["outliers"].get<std::size_t>());
        for (std::size_t i = 0; i < result.steps.size(); ++i)
            EXPECT_EQ(x[result.steps[i].index], x[c["removed_index"][i].get<std::size_t>()]) << i;
    }
}

TEST(Esd, AStatisticIsCriticalWhereItsPValueIsAlpha) {
    nlohmann::json const reference = golden("esd");
    for (const EsdStep &step : generalized_esd(numbers(reference["cases"][0]["x"]), {0.05, 10, false}).steps)
        EXPECT_EQ(step.p_value<0.05, step.statistic> step.critical);
}

TEST(Esd, OutliersThatHideEachOtherAreFound) {
    std::vector<double> x;
    for (int i = 0; i < 50; ++i) x.push_back(i % 7);
    x[10] = 1e300, x[20] = -1e300, x[30] = 1e9;
    for (bool const robust : {true, false}) {
        EsdResult const result = generalized_esd(x, {0.05, 0, robust});
        EXPECT_EQ(result.outliers, 3U) << robust;
        EXPECT_EQ(result.steps[2].index, 30U);
        for (const EsdStep &step : result.steps)
            EXPECT_TRUE(std::isfinite(step.statistic) && std::isfinite(step.p_value));
    }
}

TEST(Esd, ShiftAndScaleChangeNothing) {
    nlohmann::json const reference = golden("esd");
    std::vector<double> const x = numbers(reference["cases"][2]["x"]);
    std::vector<double> moved;
    for (double const v : x) moved.push_back(1e6 - 1e3 * v);
    for (bool const robust : {true, false}) {
        EsdResult const a = generalized_esd(x, {0.05, 20, robust}), b = generalized_esd(moved, {0.05, 20, robust});
        ASSERT_EQ(a.steps.size(), b.steps.size());
        EXPECT_EQ(a.outliers, b.outliers);
        for (std::size_t i = 0; i < a.steps.size(); ++i) EXPECT_REL(a.steps[i].statistic, b.steps[i].statistic, 1e-6);
    }
}

TEST(Esd, ExtremesHaveAnAnswer) {
    EXPECT_EQ(generalized_esd({}).outliers, 0U);
    EXPECT_EQ(generalized_esd(std::vector{1.0, 2.0}).outliers, 0U);
    EXPECT_EQ(generalized_esd(std::vector(100, 5.0)).outliers, 0U);
    std::vector<double> mostly_equal(100, 0.0);
    mostly_equal[3] = 7;
    EXPECT_EQ(generalized_esd(mostly_equal).outliers, 1U);
    EXPECT_THROW(generalized_esd(std::vector{1.0, std::nan(""), 2.0}), std::invalid_argument);
    EXPECT_THROW(generalized_esd(mostly_equal, {0.0, 0, true}), std::invalid_argument);
}

TEST(Esd, AMillionPointsAreCancelledHalfWay) {
    std::vector<double> x(1'000'000);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i * 7919 % 1'000'003);
    EXPECT_EQ(generalized_esd(x, {0.05, 1000, true}).outliers, 0U);
    int calls = 0;
    EXPECT_THROW(generalized_esd(x, {},
                                 [&] {
                                     if (++calls == 3) throw std::runtime_error("stop");
                                 }),
                 std::runtime_error);
}

}  // namespace
}  // namespace analytics::core
