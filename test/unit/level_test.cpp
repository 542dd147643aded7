#include "core/forecast/ensemble.hpp"
#include "core/forecast/intervals.hpp"
#include "core/forecast/naive.hpp"
#include "core/forecast/profile.hpp"
#include "core/forecast/robust_level.hpp"
#include "core/statistics/distributions.hpp"
#include "core/statistics/random.hpp"
#include "golden.hpp"

#include <algorithm>

namespace analytics::core {
namespace {

double normal(std::uint64_t seed, std::size_t i) { return fast_normal_quantile(random_uniform(seed, 0, i)); }

std::vector<double> noise(std::size_t n, double level, double deviation, std::uint64_t seed) {
    std::vector<double> x;
    for (std::size_t i = 0; i < n; ++i) x.push_back(level + deviation * normal(seed, i));
    return x;
}

TEST(Level, OfNoiseIsTheMeanAndOfARandomWalkTheLastValue) {
    double of_noise = 0, of_walk = 0, naive = 0;
    LevelOptions options;
    options.naive_prior = 0.5;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        std::vector<double> const steady = noise(100, 50, 1, seed);
        of_noise += std::abs(forecast_level(steady, 1, options).value[0] - 50) / 100;
        std::vector<double> walk = noise(200, 0, 1, seed);
        for (std::size_t i = 1; i < 200; ++i) walk[i] += walk[i - 1];
        of_walk += std::abs(forecast_level(std::span(walk).first(190), 10, options).value[0] - walk[190]) / 100;
        naive += std::abs(walk[189] - walk[190]) / 100;
    }
    EXPECT_LT(of_noise, 0.25);  // a single value is .8 off
    EXPECT_LT(of_walk, 1.25 * naive);
}

TEST(Level, DifferencesTellWalksFromNoise) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        std::vector<double> x = noise(200, 10, 1, seed);
        EXPECT_LT(walk_evidence(x), 0.5);
        for (std::size_t i = 1; i < x.size(); ++i) x[i] += x[i - 1] - 10;
        EXPECT_GT(walk_evidence(x), 2);
    }
    EXPECT_EQ(walk_evidence(std::vector<double>{1, 2, 3}), 1);
    EXPECT_EQ(walk_evidence(std::vector<double>(50, 3)), 1);
}

TEST(Level, ResidualsAreWhatWasSeenMinusTheForecastThen) {
    std::vector<double> const x = noise(40, 10, 2, 1);
    LevelOptions options;
    options.smoothing = {0.3};
    options.trend = false;
    options.clip = 0;
    LevelForecast const result = forecast_level(x, 5, options);
    // Simple exponential smoothing by hand, from the median of the first seven values.
    std::vector<double> levels;
    std::vector<double> first(x.begin(), x.begin() + 7);
    std::sort(first.begin(), first.end());
    double level = first[3];
    for (std::size_t i = 0; i < x.size(); ++i) {
        level += std::max(0.3, 1.0 / static_cast<double>(i + 1)) * (x[i] - level);
        levels.push_back(level);
    }
    EXPECT_ALL_REL(result.value, std::vector<double>(5, level), 1e-12);
    ASSERT_EQ(result.origins.front(), 38u);
    for (std::size_t j = 0; j < result.origins.size(); ++j)
        for (std::size_t k = 0; k < result.residuals[j].size(); ++k)
            EXPECT_REL(result.residuals[j][k], x[result.origins[j] + 1 + k] - levels[result.origins[j]], 1e-9);
    EXPECT_NEAR(result.drift, 0.3, 1e-12);
}

TEST(Level, ShiftMovesItAndScaleScalesIt) {
    std::vector<double> const x = noise(80, 10, 2, 2);
    std::vector<double> moved = x;
    for (double &v : moved) v = 3 * v - 100;
    LevelOptions options;
    options.windows = {14};
    options.window_weights = {1};
    options.naive_prior = 1;
    std::vector<double> expected = forecast_level(x, 10, options).value;
    for (double &v : expected) v = 3 * v - 100;
    EXPECT_ALL_REL(forecast_level(moved, 10, options).value, expected, 1e-9);
    EXPECT_THROW(forecast_level({}, 3, {}), std::invalid_argument);
}

TEST(Intervals, QuantilesOfNormalErrors) {
    // Errors of deviation 2 at every step, from a long history: the quantiles are nearly a normal's.
    Prediction prediction{std::vector<double>(4, 0.0), Transform(std::vector<double>{-1}, 1), {}, 5000};
    for (std::size_t j = 0; j < 500; ++j) prediction.residuals.push_back(noise(4, 0, 2, j));
    ErrorQuantiles const errors(prediction, 4, 1);
    for (double p : {0.025, 0.1, 0.9, 0.975}) EXPECT_NEAR(errors.at(p, 0), 2 * normal_quantile(p), 0.45) << p;
    for (std::size_t k = 1; k < 4; ++k) EXPECT_GE(errors.scale(k), errors.scale(k - 1));
    EXPECT_LT(errors.at(0.025, 2), errors.at(0.1, 2));
}

TEST(Intervals, GrowWithADriftingLevelAndShrinkWithTheHistory) {
    auto const width = [](double drift, std::size_t points, std::size_t step) {
        Prediction prediction{std::vector<double>(30, 0.0), Transform(std::vector<double>{-1}, 1), {}, points, drift};
        for (std::size_t j = 0; j < 20; ++j) prediction.residuals.push_back(noise(1, 0, 1, j));
        ErrorQuantiles const errors(prediction, 30, 7);
        return errors.at(0.975, step) - errors.at(0.025, step);
    };
    EXPECT_GT(width(0.3, 30, 29), 1.5 * width(0.3, 30, 0));
    EXPECT_LT(width(0, 30, 29), 1.3 * width(0, 30, 0));
    EXPECT_GT(width(0.1, 14, 5), width(0.1, 28, 5));
    EXPECT_GT(width(0.1, 28, 5), width(0.1, 280, 5));
}

TEST(Intervals, OfAFewWeeksAreAsWideAsTheValuesVary) {
    // A week whose days were met by chance says nothing about the errors of a month; two years do.
    auto const width = [](std::size_t points, double spread, double size) {
        Prediction prediction{std::vector<double>(30, 0.0), Transform(std::vector<double>{-1}, 1), {}, points};
        for (std::size_t j = 0; j < 20; ++j) prediction.residuals.push_back(noise(1, 0, 0.01, j));
        prediction.spread = spread, prediction.size = size;
        ErrorQuantiles const errors(prediction, 30, 7);
        return errors.at(0.975, 5) - errors.at(0.025, 5);
    };
    EXPECT_GT(width(7, 10, 0), 20);
    EXPECT_GT(width(7, 10, 50), width(7, 10, 0) + 5);
    EXPECT_LT(width(728, 10, 50), 3);
    EXPECT_LT(width(728, 1e-9, 50), 0.15);
    EXPECT_LT(width(7, 0, 0), 0.2);  // a scale on which nothing is known
}

TEST(Naive, RepeatsTheLastSeason) {
    std::vector<double> const y = {1, 2, 3, 4, 5, 6, 7};
    EXPECT_EQ(forecast_naive(y, 3, 5).value, (std::vector<double>{5, 6, 7, 5, 6}));
    EXPECT_EQ(forecast_naive(y, 1, 2).value, (std::vector<double>{7, 7}));
    EXPECT_EQ(forecast_naive(y, 9, 2).value, (std::vector<double>{7, 7}));
    Prediction const result = forecast_naive(std::vector<double>{-1, 2, 4}, 1, 2);  // negative: errors are plain
    ASSERT_EQ(result.residuals.size(), 2u);
    EXPECT_EQ(result.residuals[0], std::vector<double>{2});
    EXPECT_EQ(result.residuals[1], (std::vector<double>{3, 5}));
}

TEST(Profile, WeeksOfHours) {
    EXPECT_EQ(week_of(24, 24 * 14), 168u);
    EXPECT_EQ(week_of(24, 24 * 14 - 1), 0u);
    EXPECT_EQ(week_of(7, 1000), 0u);
    EXPECT_EQ(week_of(96, 96 * 20), 672u);
}

// A profile that grows through the weeks and holds a weekend: the day alone cannot know it.
TEST(Profile, BothMembersKnowDayAndWeek) {
    std::vector<double> y;
    for (std::size_t i = 0; i < 24 * 35; ++i)
        y.push_back((50 + 30 * std::sin(6.283185307 * static_cast<double>(i % 24) / 24)) * (i / 24 % 7 >= 5 ? 0.5 : 1) +
                    normal(9, i));
    std::span<const double> const history = std::span(y).first(24 * 33);  // the next two days are a weekend
    for (auto *method : {forecast_mean_profile, forecast_double_seasonal, forecast_profile}) {
        Prediction const result = method(history, 24, 48, {});
        double error = 0;
        for (std::size_t k = 0; k < 48; ++k) error += std::abs(result.value[k] - y[history.size() + k]) / 48;
        EXPECT_LT(error, 2.5);  // the noise alone is .8, taking weekdays for the weekend 25
        EXPECT_FALSE(result.residuals.empty());
    }
}

TEST(Profile, OldPointsDoNotCount) {
    std::vector<double> y = noise(24 * 7 * 30, 100, 10, 4);
    std::vector<double> const before = forecast_profile(y, 24, 24).value;
    for (std::size_t i = 0; i < 24 * 7 * 10; ++i) y[i] = 1e6;
    EXPECT_EQ(forecast_profile(y, 24, 24).value, before);
}

TEST(Ensemble, FastIsNearlyAsGood) {
    std::vector<double> y = noise(120, 100, 8, 6);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] += i % 7 < 5 ? 20 : -50;
    std::vector<double> const slow = forecast_ensemble(y, 7, 14).value, fast = forecast_fast(y, 7, 14).value;
    for (std::size_t k = 0; k < 14; ++k) {
        double const truth = (120 + k) % 7 < 5 ? 120 : 50;
        EXPECT_NEAR(slow[k], truth, 8);
        EXPECT_NEAR(fast[k], truth, 8);
    }
}

}  // namespace
}  // namespace analytics::core
