#include "core/anomaly/changepoint.hpp"

#include "golden.hpp"
#include "random.hpp"

#include <algorithm>
#include <limits>

namespace analytics::core {
namespace {

std::vector<double> levels(const std::vector<std::pair<std::size_t, double>> &parts, double sd, std::uint64_t seed,
                           double ar = 0) {
    Random random(seed);
    std::vector<double> x;
    double e = 0;
    for (auto const &[n, level] : parts)
        for (std::size_t i = 0; i < n; ++i) e = ar * e + sd * random.normal(), x.push_back(level + e);
    return x;
}

/// Optimal partitioning without pruning, for the least sum of squares + penalty.
double least_cost(const std::vector<double> &x, double penalty, std::size_t least) {
    std::vector<double> best(x.size() + 1, 1e300);
    best[0] = -penalty;
    for (std::size_t end = least; end <= x.size(); ++end)
        for (std::size_t from = 0; from + least <= end; ++from) {
            double sum = 0, squares = 0;
            for (std::size_t i = from; i < end; ++i) sum += x[i];
            double const m = sum / static_cast<double>(end - from);
            for (std::size_t i = from; i < end; ++i) squares += (x[i] - m) * (x[i] - m);
            best[end] = std::min(best[end], best[from] + squares + penalty);
        }
    return best.back();
}

TEST(ChangePoint, TheContractsExample) {
    auto const changes = detect_changepoints(std::vector<double>{1, 1, 1, 1, 1, 1, 9, 9, 9, 9, 9, 9});
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].step, 7U);
    EXPECT_EQ(changes[0].mean_before, 1);
    EXPECT_EQ(changes[0].mean_after, 9);
    EXPECT_LT(changes[0].p_value, 1e-4);
}

TEST(ChangePoint, FindsLevelsWhereTheyBegin) {
    std::vector<double> const x = levels({{100, 0}, {60, 3}, {200, -1}}, 1, 3);
    auto const changes = detect_changepoints(x);
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_NEAR(static_cast<double>(changes[0].step), 101, 1);
    EXPECT_NEAR(static_cast<double>(changes[1].step), 161, 1);
    EXPECT_NEAR(changes[0].mean_before, 0, 0.3);
    EXPECT_NEAR(changes[0].mean_after, 3, 0.4);
    EXPECT_EQ(changes[0].mean_after, changes[1].mean_before);
    EXPECT_LT(changes[1].p_value, 1e-6);
}

TEST(ChangePoint, IsAsGoodAsAllPartitions) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        std::vector<double> const x = levels({{20, 0}, {9, 2}, {30, 0}, {25, 5}}, 1, seed);
        double const penalty = 12;
        auto const changes = detect_changepoints(x, penalty);
        // The noise is 1, so that units are those of x up to its estimate: compare with all partitions at that penalty.
        double cost = 0;
        std::size_t from = 0;
        for (std::size_t k = 0; k <= changes.size(); ++k) {
            std::size_t const end = k < changes.size() ? changes[k].step - 1 : x.size();
            double sum = 0;
            for (std::size_t i = from; i < end; ++i) sum += x[i];
            double const m = sum / static_cast<double>(end - from);
            for (std::size_t i = from; i < end; ++i) cost += (x[i] - m) * (x[i] - m);
            from = end;
        }
        cost += penalty * static_cast<double>(changes.size());
        EXPECT_LE(cost, least_cost(x, penalty, 3) + penalty) << seed;
        EXPECT_GE(changes.size(), 1U);
    }
}

TEST(ChangePoint, QuietWhereNothingChanges) {
    int found = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed)
        found += !detect_changepoints(levels({{200, 7}}, 2, seed)).empty();
    EXPECT_LE(found, 5);
    found = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed)
        found += !detect_changepoints(levels({{300, 7}}, 2, seed, 0.6)).empty();
    EXPECT_LE(found, 15);  // what hangs together looks like levels
}

TEST(ChangePoint, ALoneOutlierIsNoChange) {
    std::vector<double> x = levels({{200, 7}}, 1, 5);
    x[50] = 1e9, x[120] = -1e300;
    EXPECT_TRUE(detect_changepoints(x).empty());
}

TEST(ChangePoint, ShiftAndScaleMoveOnlyTheMeans) {
    std::vector<double> const x = levels({{80, 0}, {80, 4}}, 1, 2);
    std::vector<double> moved, huge;
    for (double const v : x) moved.push_back(1000 - 50 * v), huge.push_back(v * 1e299);
    auto const a = detect_changepoints(x), b = detect_changepoints(moved), c = detect_changepoints(huge);
    ASSERT_EQ(a.size(), 1U);
    ASSERT_EQ(b.size(), 1U);
    ASSERT_EQ(c.size(), 1U);
    EXPECT_EQ(a[0].step, b[0].step);
    EXPECT_EQ(a[0].step, c[0].step);
    EXPECT_REL(b[0].mean_after, 1000 - 50 * a[0].mean_after, 1e-9);
    EXPECT_REL(c[0].mean_after / 1e299, a[0].mean_after, 1e-9);
    EXPECT_NEAR(std::log(b[0].p_value), std::log(a[0].p_value), 1e-3);
}

TEST(ChangePoint, MissingValuesAreLeftOut) {
    std::vector<double> x = levels({{40, 0}, {40, 6}}, 1, 2);
    x.insert(x.begin() + 10, 5, std::nan(""));
    auto const changes = detect_changepoints(x);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].step, 46U);
}

TEST(ChangePoint, ExtremesHaveAnAnswer) {
    EXPECT_TRUE(detect_changepoints({}).empty());
    EXPECT_TRUE(detect_changepoints(std::vector{1.0, 2.0, 9.0}).empty());
    EXPECT_TRUE(detect_changepoints(std::vector(1000, 0.0)).empty());
    EXPECT_TRUE(detect_changepoints(std::vector(1000, 1e300)).empty());
    EXPECT_TRUE(detect_changepoints(std::vector(1000, std::nan(""))).empty());
    std::vector<double> opposite(100, -1.7e308);
    for (std::size_t i = 50; i < 100; ++i) opposite[i] = 1.7e308;
    auto const changes = detect_changepoints(opposite);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].step, 51U);
    EXPECT_TRUE(std::isfinite(changes[0].mean_before) && std::isfinite(changes[0].mean_after));
    EXPECT_THROW(detect_changepoints(opposite, 0.0), std::invalid_argument);
    EXPECT_THROW(detect_changepoints(std::vector(9, std::numeric_limits<double>::infinity())), std::invalid_argument);
}

TEST(ChangePoint, AMillionPointsTakeItsTimeAndAreCancelled) {
    std::vector<double> const x = levels({{600'000, 0}, {400'000, 0.5}}, 1, 1);
    auto const changes = detect_changepoints(x);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_NEAR(static_cast<double>(changes[0].step), 600'001, 60);
    int calls = 0;
    EXPECT_THROW(detect_changepoints(x, {},
                                     [&] {
                                         if (++calls == 20) throw std::runtime_error("stop");
                                     }),
                 std::runtime_error);
}

}  // namespace
}  // namespace analytics::core
