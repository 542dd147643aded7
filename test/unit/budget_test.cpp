#include "core/forecast/budget.hpp"
#include "core/statistics/distributions.hpp"
#include "core/statistics/random.hpp"
#include "golden.hpp"

namespace analytics::core {
namespace {

PathModel smoothing(double alpha, double level, double sigma, std::size_t days) {
    std::vector<double> const centre(days, level);
    return {Transform(std::vector<double>{-1}, 1), centre, 0, alpha, sigma, 0, {}};
}

// Sums of simple exponential smoothing have a closed form.
TEST(Budget, SumsOfExponentialSmoothing) {
    const auto file = golden("budget");
    for (const auto &c : file["cases"]) {
        std::size_t const days = c["h"];
        SpendPaths const paths(smoothing(c["alpha"], c["level"], c["sigma"], days), 20'000);
        Exhaustion const answer = exhaustion_of(paths, c["spent"], c["budget"]);
        std::vector<double> const expected = numbers(c["p_exhausted_by_step_gaussian"]), means = numbers(c["cum_mean"]);
        double const floored = c["sim_p_within_h"];
        EXPECT_NEAR(answer.p_exhaust, floored, 0.005 + 0.005);  // theirs is simulated too
        double const spent = c["spent"], level = c["level"], sigma = c["sigma"];
        if (level > 4 * sigma || (level > 3 * sigma && c["alpha"] == 0.0))  // where the floor at zero plays no part
            for (std::size_t k = 0; k < days; ++k) {
                EXPECT_NEAR(answer.p_by_day[k], expected[k], 0.01) << k;
                EXPECT_REL(spent + answer.cumulative_mean[k], means[k], 0.005) << k;
            }
    }
}

TEST(Budget, DaysAreFractionalAndOrdered) {
    std::vector<double> const y(30, 10);  // ten a day, always
    Exhaustion const answer = forecast_exhaustion(y, 5, 100, 14, 7);
    EXPECT_DOUBLE_EQ(answer.p_exhaust, 1);
    EXPECT_NEAR(*answer.day_p50, 9.5, 1e-6);
    EXPECT_NEAR(answer.total_mean, 140, 1e-6);
    EXPECT_DOUBLE_EQ(answer.p_by_day[8], 0);
    EXPECT_DOUBLE_EQ(answer.p_by_day[9], 1);
    EXPECT_EQ(forecast_exhaustion(y, 5, 1000, 14, 7).day_p50, std::nullopt);
    Exhaustion const already = forecast_exhaustion(y, 100, 100, 14, 7);
    EXPECT_EQ(already.day_p50, 0.0);
    EXPECT_DOUBLE_EQ(already.p_exhaust, 1);
}

TEST(Budget, ProbabilitiesAreMonotone) {
    std::vector<double> y;
    for (std::size_t i = 0; i < 60; ++i) y.push_back(100 + 30 * fast_normal_quantile(random_uniform(1, 0, i)));
    double before = 1;
    for (double budget : {2000.0, 2800.0, 2950.0, 3100.0, 3300.0, 5000.0}) {
        Exhaustion const answer = forecast_exhaustion(y, 0, budget, 30, 7);
        EXPECT_LE(answer.p_exhaust, before);
        before = answer.p_exhaust;
        for (std::size_t k = 1; k < 30; ++k) EXPECT_GE(answer.p_by_day[k], answer.p_by_day[k - 1]);
        EXPECT_LT(answer.total_lower_80, answer.total_mean);
        EXPECT_GT(answer.total_upper_80, answer.total_mean);
        EXPECT_LE(answer.day_p10.value_or(99), answer.day_p50.value_or(99));
        EXPECT_LE(answer.day_p50.value_or(99), answer.day_p90.value_or(99));
    }
    EXPECT_NEAR(forecast_exhaustion(y, 0, 3000, 30, 7).p_exhaust, 0.5, 0.3);
}

TEST(Budget, RepeatsToTheLastBitAndFollowsTheUnit) {
    std::vector<double> y;
    for (std::size_t i = 0; i < 50; ++i) y.push_back(10 + 9 * random_uniform(2, 0, i));
    Exhaustion const a = forecast_exhaustion(y, 3, 300, 30, 7), b = forecast_exhaustion(y, 3, 300, 30, 7);
    EXPECT_EQ(a.p_by_day, b.p_by_day);
    EXPECT_EQ(a.cumulative_mean, b.cumulative_mean);
    for (double &x : y) x *= 1024;
    EXPECT_EQ(forecast_exhaustion(y, 3 * 1024, 300 * 1024, 30, 7).p_by_day, a.p_by_day);
}

TEST(Budget, AQuarterOfTheFuturesKnowsTheLastWeeksOnly) {
    std::vector<double> spend(60, 10.0);
    spend.resize(88, 40.0);
    SpendPaths const paths(spend, 7, 30);
    std::size_t as_lately = 0;
    for (const auto &path : paths.paths()) as_lately += path == std::vector<double>(30, 40.0);
    EXPECT_GE(as_lately, paths.paths().size() / 4);
    EXPECT_LE(as_lately, paths.paths().size() / 3);
}

// A median forecast of a use that comes and goes leaves out most of what it costs.
TEST(Budget, UseThatComesAndGoesCostsItsMean) {
    std::vector<double> spend;
    for (std::size_t i = 0; i < 84; ++i)
        spend.push_back(random_uniform(4, 0, i) < 0.3 ? 100 * (0.5 + random_uniform(4, 1, i)) : 0);
    double total = 0;
    for (std::size_t i = 56; i < 84; ++i) total += spend[i] / 28 * 30;
    Exhaustion const answer = forecast_exhaustion(spend, 0, 1e9, 30, 7);
    EXPECT_GT(answer.total_mean, 0.85 * total);
    EXPECT_LT(answer.total_mean, 1.15 * total);
}

TEST(Budget, SpikesCountInTotals) {
    std::vector<double> spend;
    double total = 0;
    for (std::size_t i = 0; i < 112; ++i) {
        spend.push_back(10 + 2 * random_uniform(2, 1, i) + (random_uniform(2, 0, i) < 0.3 ? 40 : 0));
        total += spend[i] / 112 * 30;
    }
    EXPECT_NEAR(forecast_exhaustion(spend, 0, 1e9, 30, 7).total_mean, total, 0.1 * total);
}

TEST(Budget, WeekendsThatAreAlwaysIdleAreNoUseThatComesAndGoes) {
    std::vector<double> spend;
    for (std::size_t i = 0; i < 56; ++i) spend.push_back(i % 7 < 5 ? 100.0 : 0.0);
    std::size_t weekends_used = 0;
    SpendPaths const paths(spend, 7, 28);
    for (const auto &path : paths.paths())
        weekends_used += path[5] > 50 || path[6] > 50 || path[12] > 50 || path[13] > 50;
    EXPECT_LE(weekends_used, paths.paths().size() / 4);
}

// Errors that stay for months are no noise: the sum of thirty days is as uncertain as their mean was.
TEST(Budget, ErrorsThatStayWidenTheTotal) {
    std::vector<double> staying, passing;
    for (std::size_t i = 0; i < 360; ++i) {
        double const noise = 5 * fast_normal_quantile(random_uniform(5, 0, i));
        double const slow = 20 * std::sin(static_cast<double>(i) / 11),
                     quick = 20 * std::sin(static_cast<double>(i) * 2.1);
        staying.push_back(100 + slow + noise), passing.push_back(100 + quick + noise);
    }
    auto const width = [](const std::vector<double> &y) {
        Exhaustion const answer = forecast_exhaustion(y, 0, 1e9, 30, 1);
        return answer.total_upper_80 - answer.total_lower_80;
    };
    EXPECT_GT(width(staying), 2.5 * width(passing));
}

TEST(Budget, ExtremesGiveFiniteAnswers) {
    for (const std::vector<double> &y : {std::vector<double>{0}, std::vector<double>{3}, std::vector<double>{1, 2},
                                         std::vector<double>(40, 0), std::vector<double>(40, 1e300),
                                         std::vector<double>{0, 0, 0, 1e308, 0, 0, 0, 0}, std::vector<double>{-5, 5}}) {
        Exhaustion const answer = forecast_exhaustion(y, 0, 100, 30, 0);
        EXPECT_TRUE(answer.p_exhaust >= 0 && answer.p_exhaust <= 1);
        EXPECT_TRUE(std::isfinite(answer.total_mean) && std::isfinite(answer.total_upper_80));
    }
    EXPECT_THROW(forecast_exhaustion({}, 0, 1, 3, 0), std::invalid_argument);
    EXPECT_THROW(forecast_exhaustion(std::vector<double>{1}, std::nan(""), 1, 3, 0), std::invalid_argument);
    EXPECT_THROW(forecast_exhaustion(std::vector<double>{1}, 0, 1, 0, 0), std::invalid_argument);
}

TEST(Budget, EndsWhenItIsTold) {
    struct Ended {};
    std::vector<double> series;
    for (int i = 0; i < 100; ++i) series.push_back(10 + i % 7);
    int calls = 0;
    EXPECT_THROW((void)forecast_exhaustion(series, 0, 1e9, 1000, 7,
                                           [&] {
                                               if (++calls == 500) throw Ended{};
                                           }),
                 Ended);
}

TEST(Random, UniformNormalAndRepeatable) {
    double sum = 0, squares = 0;
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        double const u = random_uniform(1, 2, i);
        ASSERT_TRUE(u > 0 && u < 1);
        sum += u, squares += u * u;
    }
    EXPECT_NEAR(sum / 1e5, 0.5, 0.004);
    EXPECT_NEAR(squares / 1e5, 1.0 / 3, 0.004);
    EXPECT_EQ(random_bits(1, 2, 3), random_bits(1, 2, 3));
    EXPECT_NE(random_bits(1, 2, 3), random_bits(1, 3, 2));
    for (double p : {1e-300, 1e-12, 0.001, 0.024, 0.3, 0.5, 0.8, 0.999})
        EXPECT_REL(fast_normal_quantile(p), normal_quantile(p), 1e-6);
}

}  // namespace
}  // namespace analytics::core
