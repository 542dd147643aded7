#include "core/forecast/seasonal_means.hpp"
#include "core/forecast/year_hint.hpp"
#include "core/series/season.hpp"
#include "core/statistics/random.hpp"
#include "golden.hpp"

#include <numeric>

namespace analytics::core {
namespace {

double normal(std::uint64_t seed, std::size_t i) { return fast_normal_quantile(random_uniform(seed, 0, i)); }

TEST(SeasonalMeans, LocalMeansByHand) {
    std::vector<double> const y = {1, 2, 6, 3, 8, 4};
    EXPECT_ALL_REL(local_mean(y, 3), (std::vector<double>{3, 3, 11.0 / 3, 17.0 / 3, 5, 5}), 1e-12);
    EXPECT_ALL_REL(local_mean(y, 10), std::vector<double>(6, 4), 1e-12);
    EXPECT_ALL_REL(local_mean(y, 1), y, 1e-12);
    EXPECT_TRUE(local_mean({}, 3).empty());
    EXPECT_THROW(local_mean(y, 0), std::invalid_argument);
}

TEST(SeasonalMeans, ExactFiguresOfAnExactSeason) {
    std::vector<double> y;
    std::vector<double> const figures = {3, -1, 0, -2};
    for (std::size_t i = 0; i < 40; ++i) y.push_back(50 + figures[i % 4]);
    SeasonOptions options;
    EXPECT_ALL_REL(seasonal_means(y, 4, options), figures, 1e-9);
    options.kind = SeasonKind::multiplicative;
    EXPECT_ALL_REL(seasonal_means(y, 4, options), (std::vector<double>{1.06, 0.98, 1, 0.96}), 1e-9);
    EXPECT_ALL_REL(deseasonalise(y, figures, SeasonKind::additive), std::vector<double>(40, 50), 1e-9);
}

TEST(SeasonalMeans, NoiseAloneGivesNextToNothing) {
    double kept = 0, raw = 0;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        std::vector<double> y;
        for (std::size_t i = 0; i < 56; ++i) y.push_back(100 + 10 * normal(seed, i));
        for (double x : seasonal_means(y, 7, {})) kept += x * x;
        for (std::size_t k = 0; k < 7; ++k) {
            double sum = 0;
            for (std::size_t i = k; i < 56; i += 7) sum += (y[i] - 100) / 8;
            raw += sum * sum;
        }
    }
    EXPECT_LT(kept, 0.35 * raw);  // plain means of the phases would keep all of it
}

TEST(SeasonalMeans, FollowTheUnitAndNotTheLevel) {
    std::vector<double> y;
    for (std::size_t i = 0; i < 60; ++i) y.push_back(10 * static_cast<double>(i % 5) + normal(3, i));
    std::vector<double> scaled = y;
    for (double &x : scaled) x = 7 * x + 1000;
    std::vector<double> a = seasonal_means(y, 5, {}), b = seasonal_means(scaled, 5, {});
    for (double &x : a) x *= 7;
    EXPECT_ALL_REL(b, a, 1e-9);
    EXPECT_NEAR(std::accumulate(a.begin(), a.end(), 0.0), 0, 1e-9);
}

TEST(SeasonalMeans, OneWildValueChangesLittle) {
    std::vector<double> y;
    for (std::size_t i = 0; i < 70; ++i) y.push_back(100 + (i % 7 == 0 ? 30 : 0) + normal(5, i));
    std::vector<double> const before = seasonal_means(y, 7, {});
    y[35] = 100'000;
    std::vector<double> const after = seasonal_means(y, 7, {});
    EXPECT_NEAR(after[0], before[0], 6);
}

TEST(SeasonalMeans, ShortHistories) {
    EXPECT_EQ(seasonal_means(std::vector<double>{1, 2, 3}, 7, {}), std::vector<double>(7, 0));
    std::vector<double> const week = {8, 10, 10, 10, 10, 10, 12};  // a single season is believed by 0.8
    EXPECT_ALL_REL(seasonal_means(week, 7, {}), (std::vector<double>{-1.6, 0, 0, 0, 0, 0, 1.6}), 1e-9);
    EXPECT_EQ(seasonal_means(week, 1, {}), std::vector<double>{0});
    EXPECT_THROW(seasonal_means(week, 0, {}), std::invalid_argument);
}

TEST(YearHint, RepeatsLastYearsRise) {
    std::vector<double> x;
    for (std::size_t i = 0; i < 364; ++i) x.push_back(100 + 20 * std::sin(6.283185307 * static_cast<double>(i) / 364));
    std::vector<double> const hint = year_hint(x, 60, 364);
    // In a quarter of the year to come the level rises from 100 to 100 + 20 sin; it is believed by 0.6.
    EXPECT_NEAR(hint[45], 0.6 * 20 * std::sin(6.283185307 * 45 / 364), 2);
    EXPECT_GT(hint[45], hint[10]);
    for (double h : year_hint(std::span(x).first(363), 60, 364)) EXPECT_EQ(h, 0);
    for (double h : year_hint(std::vector<double>(400, 3), 60, 364)) EXPECT_EQ(h, 0);
    // Moved for good during the year: last year tells nothing.
    for (std::size_t i = 0; i < 364; ++i) x[i] = i < 182 ? 100 + normal(1, i) : 200 + normal(1, i);
    for (double h : year_hint(x, 30, 364)) EXPECT_NEAR(h, 0, 2);
    EXPECT_EQ(year_hint(x, 1000, 364).size(), 1000u);
}

TEST(FindSeason, WeeksHoursAndNone) {
    std::vector<double> week, hour, noise, walk;
    double level = 0;
    for (std::size_t i = 0; i < 500; ++i) {
        week.push_back(100 + (i % 7 >= 5 ? -20 : 0) + 10 * normal(1, i));
        hour.push_back(10 * std::sin(6.283185307 * static_cast<double>(i) / 24) + 5 * normal(2, i));
        noise.push_back(normal(3, i));
        level += normal(4, i);
        walk.push_back(level);
    }
    EXPECT_EQ(find_season(week), 7u);
    EXPECT_EQ(find_season(std::span(week).first(42)), 7u);
    EXPECT_EQ(find_season(hour), 24u);
    EXPECT_EQ(find_season(noise), 1u);
    EXPECT_EQ(find_season(walk), 1u);
    for (const std::vector<double> &y : {std::vector<double>{}, {1}, {1, 2}, std::vector<double>(100, 5)})
        EXPECT_EQ(find_season(y), 1u);
}

TEST(FindSeason, SeldomFindsOneInShortRandomWalks) {
    int found = 0;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        std::vector<double> walk(14);
        for (std::size_t i = 1; i < 14; ++i) walk[i] = walk[i - 1] + normal(seed, i);
        found += find_season(walk) != 1 ? 1 : 0;
    }
    EXPECT_LE(found, 15);
}

}  // namespace
}  // namespace analytics::core
