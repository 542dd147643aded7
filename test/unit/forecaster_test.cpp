#include "core/forecast/backtest.hpp"
#include "core/forecast/forecaster.hpp"
#include "core/statistics/random.hpp"
#include "golden.hpp"

#include <limits>

namespace analytics::core {
namespace {

// A shop's days: more at the start of the week, little on Sundays, noise.
std::vector<double> weekly(std::size_t n, double level = 100, double noise = 5, std::uint64_t seed = 1) {
    constexpr double factors[] = {1.3, 1.2, 1.1, 1.0, 1.0, 0.8, 0.6};
    std::vector<double> y;
    for (std::size_t i = 0; i < n; ++i)
        y.push_back(level * factors[i % 7] + noise * fast_normal_quantile(random_uniform(seed, 0, i)));
    return y;
}

ForecastOptions options(int horizon, int season = 7, Method method = Method::automatic) {
    return {horizon, season, {80, 95}, method};
}

bool finite(const ForecastResult &result) {
    for (std::size_t k = 0; k < result.value.size(); ++k) {
        bool fine = std::isfinite(result.value[k]);
        for (std::size_t l = 0; l < result.lower[k].size(); ++l)
            fine = fine && std::isfinite(result.lower[k][l]) && std::isfinite(result.upper[k][l]) &&
                   result.lower[k][l] <= result.value[k] && result.upper[k][l] >= result.value[k];
        if (!fine) return false;
    }
    return true;
}

const Method every_method[] = {
    Method::automatic, Method::fast, Method::ets,     Method::theta, Method::arima, Method::seasonal_naive,
    Method::naive,     Method::mstl, Method::croston, Method::sba,   Method::tsb,   Method::adida};

TEST(Forecast, FindsTheWeekAndItsFigures) {
    std::vector<double> const y = weekly(84), truth = weekly(14, 100, 0);
    ForecastResult const result = forecast(y, options(14, 0));
    EXPECT_EQ(result.season, 7);
    for (std::size_t k = 0; k < 14; ++k) EXPECT_NEAR(result.value[k], truth[k], 5) << k;
}

TEST(Forecast, IntervalsHoldWhatTheySay) {
    double in_80 = 0, in_95 = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        std::vector<double> const y = weekly(112, 100, 10, seed);
        ForecastResult const result = forecast(std::span(y).first(98), options(14));
        for (std::size_t k = 0; k < 14; ++k) {
            in_80 += y[98 + k] >= result.lower[k][0] && y[98 + k] <= result.upper[k][0] ? 1 : 0;
            in_95 += y[98 + k] >= result.lower[k][1] && y[98 + k] <= result.upper[k][1] ? 1 : 0;
        }
    }
    EXPECT_GT(in_80 / 1400, 0.76);
    EXPECT_LT(in_80 / 1400, 0.92);
    EXPECT_GT(in_95 / 1400, 0.93);
    EXPECT_LT(in_95 / 1400, 0.995);
}

TEST(Forecast, IsEquivariantInScale) {
    std::vector<double> const y = weekly(60);
    for (Method method : every_method)
        for (double factor : {0.001, 3.7, 1e6}) {
            std::vector<double> scaled = y;
            for (double &x : scaled) x *= factor;
            ForecastResult const a = forecast(y, options(20, 7, method)), b = forecast(scaled, options(20, 7, method));
            // Models are estimated by a search that ends within a tolerance.
            bool const searched =
                method == Method::ets || method == Method::theta || method == Method::arima || method == Method::mstl;
            double const tolerance = searched ? 1e-3 : 1e-9;
            for (std::size_t k = 0; k < 20; ++k) {
                EXPECT_REL(b.value[k] / factor, a.value[k], tolerance) << static_cast<int>(method);
                EXPECT_REL(b.upper[k][1] / factor, a.upper[k][1], 10 * tolerance) << static_cast<int>(method);
            }
        }
}

TEST(Forecast, ContinuesALine) {
    std::vector<double> y;
    for (int i = 1; i <= 12; ++i) y.push_back(i);
    ForecastResult const result = forecast(y, options(3, 0));
    EXPECT_EQ(result.season, 1);
    for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(result.value[k], 13.0 + static_cast<double>(k), 0.5);
}

TEST(Forecast, OneWildDayDoesNotMoveIt) {
    std::vector<double> y = weekly(70);
    ForecastResult const before = forecast(y, options(7));
    y[60] *= 50;
    ForecastResult const after = forecast(y, options(7));
    for (std::size_t k = 0; k < 7; ++k) EXPECT_NEAR(after.value[k], before.value[k], 0.15 * before.value[k]);
}

TEST(Forecast, ExtremesGiveFiniteAnswers) {
    constexpr double largest = std::numeric_limits<double>::max(), nan = std::numeric_limits<double>::quiet_NaN();
    std::vector<std::vector<double>> const series = {
        {0},
        {5},
        {5, 6},
        {1, 2, 3},
        {-1e300, 1e300},
        {largest, largest, largest, -largest},
        {5e-324, 0, 5e-324},
        std::vector<double>(50, 0),
        std::vector<double>(50, 7),
        {0, 0, 0, 0, 0, 0, 1e300, 0, 0, 0, 0, 0, 0, 0, 0, 0},
        {1, nan, 3, nan, nan, 6, 7, 8, 9},
        {nan, nan, 4},
        {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1e-300},
    };
    for (const auto &y : series)
        for (int season : {0, 1, 2, 7, 24, 1000})
            for (Method method : every_method) {
                if (for_demand(method) && std::any_of(y.begin(), y.end(), [](double x) { return x < 0; })) {
                    EXPECT_THROW(forecast(y, options(30, season, method)), std::invalid_argument);
                    continue;
                }
                EXPECT_TRUE(finite(forecast(y, options(30, season, method))))
                    << y.size() << " values, season " << season << ", method " << static_cast<int>(method);
            }
}

TEST(Forecast, ConstantsStayConstant) {
    for (Method method : every_method) {
        ForecastResult const result = forecast(std::vector<double>(40, 7), options(10, 7, method));
        double const level = method == Method::sba ? 7 * 0.95 : 7;  // it takes a twentieth off whatever comes
        for (double x : result.value) EXPECT_NEAR(x, level, 1e-6) << static_cast<int>(method);
    }
}

TEST(Forecast, NeverNegativeWhereTheHistoryNeverIs) {
    std::vector<double> y;
    for (std::size_t i = 0; i < 90; ++i) y.push_back(random_bits(3, 0, i) % 4 == 0 ? 40 : 0);
    for (Method method : every_method) {
        ForecastResult const result = forecast(y, options(30, 7, method));
        for (std::size_t k = 0; k < 30; ++k) EXPECT_GE(result.lower[k][1], 0);
    }
}

TEST(Forecast, DemandIsForecastAsARate) {
    std::vector<double> y;
    for (std::size_t i = 0; i < 400; ++i) y.push_back(random_bits(4, 0, i) % 4 == 0 ? 8 : 0);
    for (Method method : {Method::croston, Method::sba, Method::tsb, Method::adida}) {
        ForecastResult const result = forecast(y, options(5, 7, method));
        for (std::size_t k = 0; k < 5; ++k) {
            EXPECT_NEAR(result.value[k], 2, 1) << static_cast<int>(method);
            EXPECT_EQ(result.lower[k][1], 0);
            EXPECT_NEAR(result.upper[k][1], 8, method == Method::croston ? 1e-9 : 3);  // every demand was of 8
        }
    }
    EXPECT_THROW(forecast(std::vector{1.0, -1.0}, options(5, 1, Method::tsb)), std::invalid_argument);
}

TEST(Forecast, MissingValuesAreFilledFromTheirSeason) {
    std::vector<double> const whole = weekly(84, 100, 0);
    std::vector<double> y = whole;
    for (std::size_t i : {10u, 11u, 40u, 83u}) y[i] = std::nan("");
    EXPECT_ALL_REL(forecast(y, options(14)).value, forecast(whole, options(14)).value, 1e-9);
}

TEST(Forecast, AMillionPointsAreBoundedAndCancelled) {
    std::vector<double> y(1'000'000);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = random_uniform(5, 0, i);
    for (int season : {0, 1, 7, 24, 100'000}) EXPECT_TRUE(finite(forecast(y, options(100, season))));
    struct Cancelled {};
    int calls = 0;
    EXPECT_THROW(forecast(y, options(100, 24),
                          [&] {
                              if (++calls == 5) throw Cancelled{};
                          }),
                 Cancelled);
}

TEST(Forecast, RefusesWhatItCannotUse) {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    std::vector<double> const y = {1, 2, 3};
    EXPECT_THROW(forecast({}, options(1)), std::invalid_argument);
    EXPECT_THROW(forecast(std::vector<double>{std::nan("")}, options(1)), std::invalid_argument);
    EXPECT_THROW(forecast(std::vector<double>{1, infinite}, options(1)), std::invalid_argument);
    EXPECT_THROW(forecast(y, options(0)), std::invalid_argument);
    EXPECT_THROW(forecast(y, options(1, -1)), std::invalid_argument);
    EXPECT_THROW(forecast(y, {1, 1, {100}, Method::automatic}), std::invalid_argument);
    EXPECT_THROW(forecast(y, {1, 1, {0}, Method::automatic}), std::invalid_argument);
    EXPECT_EQ(parse_method("auto"), Method::automatic);
    EXPECT_EQ(parse_method("prophet"), std::nullopt);
}

TEST(Forecast, HoursOfDaysAndWeeks) {
    std::vector<double> y;
    for (std::size_t i = 0; i < 24 * 42; ++i) {
        double const day = 1 + std::sin(6.283185307 * static_cast<double>(i % 24) / 24);
        double const weekend = i / 24 % 7 >= 5 ? 0.4 : 1;
        y.push_back(100 * day * weekend + 5 + random_uniform(7, 0, i));
    }
    std::span<const double> const history = std::span(y).first(24 * 39 + 5);
    ForecastResult const result = forecast(history, options(48, 0));
    EXPECT_EQ(result.season, 24);
    for (std::size_t k = 0; k < 48; ++k) EXPECT_NEAR(result.value[k], y[history.size() + k], 8) << k;
}

// After nine days of hours the next weekend is expected to be what the only one so far was, in part; what is not known
// yet stays in the intervals.
TEST(Forecast, TheSecondWeekOfHoursKnowsItsWeekend) {
    std::vector<double> y;
    for (std::size_t i = 0; i < 24 * 14; ++i) {
        double const day = 1 + 0.5 * std::sin(6.283185307 * static_cast<double>(i % 24) / 24);
        y.push_back(100 * day * (i / 24 % 7 >= 5 ? 0.3 : 1) + 5 * random_uniform(8, 0, i));
    }
    std::span<const double> const history = std::span(y).first(24 * 9);  // ends on a Tuesday
    for (Method method : {Method::automatic, Method::fast}) {
        ForecastResult const result = forecast(history, {120, 24, {95}, method});
        double weekdays = 0, weekend = 0, within = 0;
        for (std::size_t k = 0; k < 120; ++k) {
            (k < 72 ? weekdays : weekend) += result.value[k] / (k < 72 ? 72 : 48);
            within += y[216 + k] >= result.lower[k][0] && y[216 + k] <= result.upper[k][0] ? 1 : 0;
        }
        EXPECT_LT(weekend, 0.75 * weekdays);
        EXPECT_NEAR(weekdays, 100, 15);
        EXPECT_GE(within, 0.9 * 120);
    }
}

TEST(Backtest, ErrorsOfKnownNoise) {
    // Noise of standard deviation 10 around a known week: the mean absolute error cannot be below 8.
    Backtest const result = backtest(weekly(200, 100, 10), 14, 7, 5);
    EXPECT_EQ(result.folds, 5);
    EXPECT_GT(result.mae, 6.5);
    EXPECT_LT(result.mae, 10.5);
    EXPECT_NEAR(result.wape, result.mae / 100, 0.01);
    EXPECT_LT(result.mase, 0.9);  // the difference of two noisy values is sqrt(2) times as large
    EXPECT_GT(result.coverage_80, 0.6);
    EXPECT_GT(result.coverage_95, 0.85);
    EXPECT_LT(result.mase, backtest(weekly(200, 100, 10), 14, 7, 5, Method::naive).mase);
    EXPECT_EQ(backtest(weekly(10), 14, 7, 5).folds, 0);
    EXPECT_EQ(backtest(weekly(40), 14, 7, 5).folds, 1);
    Backtest const constant = backtest(std::vector<double>(60, 0.0), 7, 7, 3);
    EXPECT_EQ(constant.mae, 0);
    EXPECT_EQ(constant.wape, 0);
    EXPECT_EQ(constant.coverage_95, 1);
}

}  // namespace
}  // namespace analytics::core
