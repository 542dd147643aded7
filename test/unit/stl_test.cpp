#include "core/series/stl.hpp"

#include "golden.hpp"
#include "median_of_r.hpp"

#include <algorithm>
#include <limits>

namespace analytics::core {
namespace {

StlParts of_case(const nlohmann::json &c, double (*middle_sum)(std::span<double>)) {
    StlOptions options;
    options.season_window = c["s_window"].is_string() ? 0 : c["s_window"].get<int>();
    options.robust = c["robust"];
    options.middle_sum = middle_sum;
    return stl(numbers(c["x"]), c["m"], options);
}

TEST(StlGolden, IsClevelandsProgramInR) {
    nlohmann::json const file = golden("stl");
    int cases = 0;
    for (auto const &[name, c] : file["cases"].items()) {
        SCOPED_TRACE(name);
        StlParts const parts = of_case(c, middle_sum_of_r);
        EXPECT_ALL_REL(parts.season, numbers(c["seasonal"]), 1e-8);
        EXPECT_ALL_REL(parts.trend, numbers(c["trend"]), 1e-8);
        EXPECT_ALL_REL(parts.remainder, numbers(c["remainder"]), 1e-8);
        EXPECT_ALL_REL(parts.weights, numbers(c["weights"]), 1e-8);
        ++cases;
    }
    EXPECT_EQ(cases, 45);
}

TEST(StlGolden, WithTheMedianItIsNearR) {
    nlohmann::json const file = golden("stl");
    for (auto const &[name, c] : file["cases"].items()) {
        SCOPED_TRACE(name);
        StlParts const parts = of_case(c, nullptr);
        std::vector<double> const x = numbers(c["x"]), season = numbers(c["seasonal"]), trend = numbers(c["trend"]);
        auto const [low, high] = std::minmax_element(x.begin(), x.end());
        for (std::size_t t = 0; t < x.size(); ++t) {
            EXPECT_NEAR(parts.season[t], season[t], (c["robust"] ? 0.02 : 1e-8) * (*high - *low));
            EXPECT_NEAR(parts.trend[t], trend[t], (c["robust"] ? 0.02 : 1e-8) * (*high - *low));
        }
    }
}

TEST(StlGolden, IsStatsmodels) {
    nlohmann::json const file = golden("statsmodels");
    std::vector<double> const x = numbers(file["x"]);
    for (bool const robust : {false, true}) {
        nlohmann::json const &c = file[robust ? "stl_airpassengers_robust" : "stl_airpassengers_plain"];
        StlOptions options;
        options.season_window = c["seasonal"], options.season_degree = 1, options.robust = robust;
        options.season_jump = options.trend_jump = options.low_pass_jump = 1;
        options.rounds = robust ? 2 : 5;  // its defaults
        StlParts const parts = stl(x, c["period"], options);
        EXPECT_ALL_REL(parts.season, numbers(c["seasonal_c"]), 1e-8);
        EXPECT_ALL_REL(parts.trend, numbers(c["trend"]), 1e-8);
        EXPECT_ALL_REL(parts.weights, numbers(c["weights"]), 1e-8);
    }
}

std::vector<double> weekly(std::size_t n) {
    std::vector<double> y;
    std::uint32_t random = 7;
    for (std::size_t t = 0; t < n; ++t) {
        random = random * 1664525 + 1013904223;
        auto const at = static_cast<double>(t);
        y.push_back(30 + at / 20 + 8 * std::cos(at * 6.283185307179586 / 7) +
                    static_cast<double>(random >> 16) / 20000);
    }
    return y;
}

TEST(Stl, FollowsScaleAndLine) {
    std::vector<double> const y = weekly(101);
    for (bool const robust : {false, true}) {
        StlOptions options;
        options.robust = robust, options.season_window = 11;
        StlParts const base = stl(y, 7, options);
        for (double const factor : {-0x1p-1000, 1e-300, -3.0, 1e300}) {
            std::vector<double> moved = y;
            for (double &v : moved) v *= factor;
            StlParts const parts = stl(moved, 7, options);
            for (std::size_t t = 0; t < y.size(); ++t) {
                EXPECT_REL(parts.season[t] / factor, base.season[t], 1e-9);
                EXPECT_REL(parts.trend[t] / factor, base.trend[t], 1e-9);
                EXPECT_REL(parts.weights[t], base.weights[t], 1e-6);
            }
        }
        std::vector<double> tilted = y;  // loess of degree 1 keeps straight lines
        options.season_degree = 1;
        StlParts const flat = stl(y, 7, options);
        for (std::size_t t = 0; t < y.size(); ++t) tilted[t] += 5 - 2.0 * static_cast<double>(t);
        StlParts const parts = stl(tilted, 7, options);
        for (std::size_t t = 0; t < y.size(); ++t) EXPECT_NEAR(parts.remainder[t], flat.remainder[t], 1e-6);
    }
}

TEST(Stl, RobustIgnoresASpike) {
    std::vector<double> y = weekly(101);
    StlOptions options;
    options.robust = true;
    StlParts const before = stl(y, 7, options);
    y[50] += 1000;
    StlParts const after = stl(y, 7, options);
    EXPECT_EQ(after.weights[50], 0);
    for (std::size_t t = 0; t < y.size(); ++t) EXPECT_NEAR(after.season[t], before.season[t], 0.5);
}

TEST(Stl, PartsAddUpOnExtremes) {
    constexpr double huge = std::numeric_limits<double>::max();
    std::vector<std::vector<double>> const series = {
        {1, 2, 3, 4, 5},
        {0, 0, 0, 0, 0, 0},
        std::vector<double>(30, 3.5),
        {huge / 2, -huge / 2, huge / 2, -huge / 2, huge / 2, 0, 1},
    };
    for (std::vector<double> const &y : series)
        for (bool const robust : {false, true}) {
            StlOptions options;
            options.robust = robust;
            StlParts const parts = stl(y, 2, options);
            for (std::size_t t = 0; t < y.size(); ++t) {
                double const scale = std::max(std::abs(y[t]), std::abs(y[0]));
                EXPECT_NEAR(parts.season[t] + parts.trend[t] + parts.remainder[t], y[t], 1e-9 * scale);
                EXPECT_TRUE(parts.weights[t] >= 0 && parts.weights[t] <= 1);
            }
        }
}

TEST(Stl, RefusesWhatMakesNoSense) {
    std::vector<double> const y = weekly(14);
    EXPECT_THROW(stl(y, 7), std::invalid_argument);  // not more than two seasons
    EXPECT_THROW(stl({}, 7), std::invalid_argument);
    EXPECT_THROW(stl(y, 1), std::invalid_argument);
    EXPECT_THROW(stl(y, -3), std::invalid_argument);
    EXPECT_THROW(stl(std::vector{1.0, 2.0, std::nan(""), 4.0, 5.0}, 2), std::invalid_argument);
    StlOptions options;
    options.trend_degree = 2;
    EXPECT_THROW(stl(y, 2, options), std::invalid_argument);
    options = {};
    options.season_window = -1;
    EXPECT_THROW(stl(y, 2, options), std::invalid_argument);
}

TEST(Stl, TakesAMillionPointsAndCanBeStopped) {
    std::vector<double> const y = weekly(1'000'000);
    struct Cancelled {};
    int calls = 0;
    EXPECT_THROW(stl(y, 7, {},
                     [&] {
                         if (++calls == 5) throw Cancelled{};
                     }),
                 Cancelled);
    StlParts const parts = stl(y, 7);
    EXPECT_NEAR(parts.season[700'000], 8 * std::cos(700'000 * 6.283185307179586 / 7), 0.3);
}

}  // namespace
}  // namespace analytics::core
