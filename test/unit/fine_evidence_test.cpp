#include "core/anomaly/fine_evidence.hpp"

#include "core/anomaly/seasonal_detector.hpp"
#include "random.hpp"

#include <gtest/gtest.h>
#include <numbers>

namespace analytics::core {
namespace {

double at_angle(int t, int points) { return std::sin(t * 2 * std::numbers::pi / points); }

/// 0 10 20 30 40 again and again, from `turned` on the other way round.
double in_turn(int t, int turned, Random &random) {
    return 10 * ((t < turned ? t : -t) % 5 + (t < turned ? 0 : 4)) + random.uniform();
}

TEST(Context, AnOrderThatNeverWasIsRareWhereEachValueIsUsual) {
    std::array<Context, 3> contexts{Context{16, 5}, Context{8, 5}, Context{4, 12}};
    Random random(3);
    double usual = 0, turned = 0;
    for (int t = 0; t < 2000; ++t) {
        double const x = in_turn(t, 1900, random);
        double all = 0;
        for (Context &context : contexts) all += context.judge(x);
        (t < 1900 ? usual : turned) = std::max(t < 1000 ? 0.0 : t < 1900 ? usual : turned, t < 1000 ? 0.0 : all);
    }
    EXPECT_LT(usual, 4);
    EXPECT_GT(turned, 6);
}

TEST(Context, NeitherPlaceNorScaleMatters) {
    for (std::size_t const levels : {4U, 8U, 12U, 16U}) {
        Context plain(levels, 5), moved(levels, 5);
        Random random(4);
        for (int t = 0; t < 3000; ++t) {
            double const x = std::floor(random.normal() * 64 + (t > 2500 ? 200 : 0));
            ASSERT_EQ(plain.judge(x), moved.judge(x / 1024 - 4096)) << levels << ' ' << t;
        }
    }
}

TEST(Context, CountsThatAreFullStayFull) {
    Context context(4, 12);
    for (int t = 0; t < 70'000; ++t) {
        double const evidence = context.judge(t % 2);
        ASSERT_TRUE(std::isfinite(evidence) && evidence >= 0) << t;
    }
}

TEST(Change, SeesALevelThatMovesAndNotWhatComesBackEachDay) {
    Random random(7);
    Change plain, scaled;
    std::vector<double> x, y;
    double usual = 0, moved = 0;
    for (int t = 0; t < 1500; ++t) {
        x.push_back(std::floor(64 * (at_angle(t, 24) + random.normal() / 8 + (t >= 1400 ? 1 : 0))));
        y.push_back(x.back() / 256 + 512);
        double const evidence = plain.judge(x);
        ASSERT_EQ(evidence, scaled.judge(y)) << t;
        if (t < 83) {
            ASSERT_EQ(evidence, 0) << t;
        }
        if (t >= 700) (t < 1400 ? usual : moved) = std::max(t < 1400 ? usual : moved, evidence);
    }
    EXPECT_LT(usual, 4);
    EXPECT_GT(moved, 4);
}

TEST(CoarseEvidence, FindsAnOrderThatNeverWas) {
    // Five values in turn, which a season of 24 does not explain: each is usual, and so is every sum.
    int before = 0;
    for (std::uint64_t seed = 9; seed < 14; ++seed) {
        Random random(seed);
        SeasonalDetector detector{DetectorOptions{.season = 24}};
        for (int t = 0; t < 900; ++t) before += detector.push(in_turn(t, 900, random)).score >= 1;
        EXPECT_GE(detector.push(in_turn(900, 900, random)).score, 1) << seed;
    }
    EXPECT_LE(before, 5);
}

TEST(CoarseEvidence, WhatNeedsNoSeasonIsLearntFromThePast) {
    Random random(10);
    std::vector<double> x;
    std::vector<double> const nothing(1000);
    for (int t = 0; t < 1000; ++t) x.push_back(random.normal() + (t >= 900 ? 4 : 0));
    auto const view = [&](std::size_t n) {
        return PointView{.values = std::span(x).first(n),
                         .residuals = std::span(nothing).first(n),
                         .variances = std::span(nothing).first(n),
                         .season = 24,
                         .settled = true};
    };
    CoarseEvidence old(12), young(24, std::span(x).first(600));
    double most = 0;
    for (std::size_t n = 1; n <= x.size(); ++n) {
        Evidence const of = old.judge(view(n));
        if (n <= 350) {
            ASSERT_EQ(of.of_sums, 0) << n;
        }
        if (n <= 600) continue;
        double const sums = young.judge(view(n)).of_sums;
        ASSERT_EQ(of.of_sums, sums) << n;
        most = std::max(most, sums);
    }
    EXPECT_GT(most, 2);
}

TEST(NearestShape, KnowsAShapeAtAnyLevel) {
    Random random(5);
    NearestShape shapes;
    std::vector<double> x;
    double known = 0, spike = 0;
    for (int t = 0; t < 3000; ++t) {
        double const level = t / 10.0;
        x.push_back(level + 10 * at_angle(t, 20) + random.normal() + (t == 2900 ? 40 : 0));
        double const evidence = shapes.judge(x);
        if (t >= 2100 && t < 2900) known = std::max(known, evidence);
        if (t >= 2900) spike = std::max(spike, evidence);
    }
    EXPECT_LT(known, 4);
    EXPECT_GT(spike, 3);
}

TEST(SlowLevel, MovesWithTheSeriesAndNotWithASpike) {
    Random random(6);
    SlowLevel slow;
    double before = 0, after = 0;
    for (int t = 0; t < 3000; ++t) {
        double const evidence = slow.judge(random.normal() + (t >= 2500 ? 3 : 0));
        if (t >= 500 && t < 2500) before = std::max(before, evidence);
        if (t >= 2500 && t < 2530) after = std::max(after, evidence);
    }
    EXPECT_LT(before, 4);
    EXPECT_GT(after, 3);

    SlowLevel equal;  // and where all were equal until now it learns how far values scatter
    double late = 0;
    for (int t = 0; t < 2000; ++t) {
        double const evidence = equal.judge(t < 1000 ? 7 : 7 + random.normal() + (t >= 1900 ? 8 : 0));
        if (t >= 1900) late = std::max(late, evidence);
    }
    EXPECT_GT(late, 2);
}

/// Five-minute values of a day and a night with noise, changed from a point on; when the first alert comes after it.
int alert_after(int season, int changed, double (*change)(int since, double usual, double noise)) {
    Random random(8);
    SeasonalDetector detector{DetectorOptions{.season = season}};
    int first = -1;
    for (int t = 0; t < 12 * 288; ++t) {
        double const usual = 100 + 30 * at_angle(t, 288), noise = 2 * random.normal();
        double const x = t < changed ? usual + noise : change(t - changed, usual, noise);
        bool const alert = detector.push(x).score >= 1;
        if (alert && t >= changed && first < 0) first = t - changed;
    }
    return first;
}

TEST(FineEvidence, FindsChangesOfManyKindsWithASeasonAndWithout) {
    for (int const season : {0, 288}) {
        int const at = 9 * 288 + 100;
        auto const found = [&](auto change, int within) {
            int const after = alert_after(season, at, change);
            EXPECT_GE(after, 0) << season;
            EXPECT_LT(after, within) << season;
        };
        found([](int i, double usual, double noise) { return usual + noise + (i < 3 ? 60 : 0); }, 12);
        found([](int i, double usual, double noise) { return usual + (i < 200 ? 5 : 1) * noise; }, 100);
        found([](int i, double usual, double noise) { return i < 150 ? 0 : usual + noise; }, 12);
        found([](int, double usual, double noise) { return usual + 70 + noise; }, 24);
        // A day that is one line: nothing is out of reach, but there was never so much of it.
        found([](int i, double usual, double noise) { return i < 288 ? 110 + noise / 8 : usual + noise; }, 288);
    }
}

TEST(FineEvidence, FewAlertsWhereNothingHappens) {
    int alerts = 0;
    for (int series = 0; series < 20; ++series) {
        Random random(static_cast<std::uint64_t>(series) + 1);
        SeasonalDetector detector;
        double slow = 0;
        for (int t = 0; t < 14 * 288; ++t) {
            slow = 0.9 * slow + random.normal();
            alerts += detector.push(100 + 30 * at_angle(t, 288) + 2 * slow).score >= 1 && t >= 288;
        }
    }
    EXPECT_LE(alerts, 12);  // in 40 weeks
}

}  // namespace
}  // namespace analytics::core
