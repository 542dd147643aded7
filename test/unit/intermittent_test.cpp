#include "core/forecast/intermittent.hpp"

#include "golden.hpp"

#include <limits>

namespace analytics::core {
namespace {

TEST(IntermittentGolden, AreTheirFormulas) {
    nlohmann::json const file = golden("intermittent");
    for (auto const &c : file["cases"]) {
        std::vector<double> const x = numbers(c["x"]);
        double const alpha = c["alpha"];
        EXPECT_REL(croston(x, alpha).rate, c["croston"].get<double>(), 1e-12);
        EXPECT_REL(sba(x, alpha).rate, c["sba"].get<double>(), 1e-12);
        EXPECT_REL(tsb(x, alpha, alpha).rate, c["tsb"].get<double>(), 1e-12);
        EXPECT_REL(adida(x, alpha).rate, c["adida"].get<double>(), 1e-12);
    }
    EXPECT_GE(file["cases"].size(), 3U);
}

TEST(IntermittentGolden, CrostonIsR) {
    nlohmann::json const file = golden("misc");
    int cases = 0;
    for (auto const &[name, c] : file["cases"].items()) {
        if (!c["croston"].is_number()) continue;
        EXPECT_REL(croston(numbers(c["x"]), 0.1).rate, c["croston"].get<double>(), 1e-9) << name;
        ++cases;
    }
    EXPECT_GE(cases, 10);
}

TEST(Intermittent, KindsOfDemand) {
    std::vector<double> const daily = {5, 6, 5, 4, 5, 6}, jumpy = {1, 20, 1, 1, 1, 1},
                              rare = {0, 0, 5, 0, 0, 5, 0, 0, 5}, both = {0, 1, 0, 0, 1, 0, 30, 0, 1},
                              over = {3, 3, 3, 3, 0, 0, 0, 0, 0}, never = {0, 0, 0};
    EXPECT_EQ(demand_pattern(daily).kind, DemandKind::smooth);
    EXPECT_EQ(demand_pattern(jumpy).kind, DemandKind::erratic);
    EXPECT_EQ(demand_pattern(rare).kind, DemandKind::intermittent);
    EXPECT_EQ(demand_pattern(both).kind, DemandKind::lumpy);
    EXPECT_DOUBLE_EQ(demand_pattern(rare).interval, 3);
    EXPECT_DOUBLE_EQ(demand_pattern(rare).cv2, 0);
    EXPECT_TRUE(demand_pattern(over).ending);
    EXPECT_FALSE(demand_pattern(rare).ending);
    EXPECT_EQ(demand_pattern(never).interval, 0);
    EXPECT_EQ(intermittent_demand(rare).rate, sba(rare).rate);
    EXPECT_EQ(intermittent_demand(over).rate, tsb(over).rate);
    EXPECT_EQ(intermittent_demand(daily).rate, croston(daily).rate);
    EXPECT_LT(tsb(over).rate, croston(over).rate);
}

TEST(Intermittent, DeviationIsThatOfTheMixture) {
    // Demand of 4 or 6 in every second period: mean 2.5, mean square 13.
    std::vector<double> y(4000, 0.0);
    for (std::size_t i = 1; i < y.size(); i += 2) y[i] = i % 4 == 1 ? 4 : 6;
    DemandRate const rate = croston(y, 0.01);
    EXPECT_NEAR(rate.probability, 0.5, 1e-9);
    EXPECT_NEAR(rate.size, 5, 0.05);
    EXPECT_NEAR(rate.deviation * rate.deviation, 0.5 * 26 - 2.5 * 2.5, 0.3);
}

TEST(Intermittent, ScalesAndTakesExtremes) {
    std::vector<double> const y = {0, 3, 0, 0, 1, 0, 2, 0, 0, 0, 5};
    for (auto const method :
         {+[](std::span<const double> x) { return croston(x); }, +[](std::span<const double> x) { return sba(x); },
          +[](std::span<const double> x) { return tsb(x); }, +[](std::span<const double> x) { return adida(x); },
          +[](std::span<const double> x) { return intermittent_demand(x); }}) {
        DemandRate const base = method(y);
        EXPECT_REL(base.rate, base.probability * base.size, 1e-12);
        for (double const factor : {0x1p-1000, 1e300, 7.0}) {
            std::vector<double> scaled = y;
            for (double &v : scaled) v *= factor;
            EXPECT_REL(method(scaled).rate / factor, base.rate, 1e-12);
            EXPECT_REL(method(scaled).deviation / factor, base.deviation, 1e-12);
            EXPECT_REL(method(scaled).probability, base.probability, 1e-12);
        }
        constexpr double huge = std::numeric_limits<double>::max();
        for (std::vector<double> const &x : {std::vector<double>{0}, {4}, {huge, huge}, {0, huge}, {0, 0, 0}}) {
            EXPECT_TRUE(std::isfinite(method(x).rate));
            EXPECT_TRUE(std::isfinite(method(x).deviation));
        }
        EXPECT_EQ(method(std::vector<double>{0, 0}).rate, 0);
        EXPECT_THROW(method({}), std::invalid_argument);
        EXPECT_THROW(method(std::vector<double>{1, -1}), std::invalid_argument);
        EXPECT_THROW(method(std::vector<double>{1, std::nan("")}), std::invalid_argument);
    }
    EXPECT_THROW(croston(y, 0), std::invalid_argument);
    EXPECT_THROW(tsb(y, 0.1, 1.5), std::invalid_argument);
}

TEST(Intermittent, QuantilesAreThoseOfTheMixture) {
    DemandRate const even = {2, 0.25, 8, std::sqrt(0.25 * 0.75) * 8};  // 8 or nothing
    EXPECT_EQ(demand_quantile(even, 0.7), 0);
    EXPECT_EQ(demand_quantile(even, 0.8), 8);
    // Sizes with mean 10 and variance 20: a gamma distribution of shape 5 and scale 2.
    DemandRate const varied = {5, 0.5, 10, std::sqrt(0.5 * 20 + 0.25 * 100)};
    EXPECT_EQ(demand_quantile(varied, 0.5), 0);
    EXPECT_REL(demand_quantile(varied, 0.75), 2 * 4.670908882795989, 1e-9);  // scipy.stats.gamma(5).ppf(.5)
    EXPECT_EQ(demand_quantile({}, 0.99), 0);
    DemandRate huge = varied;
    huge.rate *= 1e300, huge.size *= 1e300, huge.deviation *= 1e300;
    EXPECT_REL(demand_quantile(huge, 0.75) / 1e300, demand_quantile(varied, 0.75), 1e-9);
}

}  // namespace
}  // namespace analytics::core
