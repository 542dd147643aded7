#include "core/anomaly/seasonal_detector.hpp"

#include "core/anomaly/evidence.hpp"
#include "core/anomaly/season_search.hpp"
#include "core/anomaly/seasonal_baseline.hpp"
#include "core/statistics/distributions.hpp"
#include "core/statistics/false_discovery.hpp"
#include "core/statistics/robust.hpp"
#include "golden.hpp"
#include "random.hpp"

#include <limits>

namespace analytics::core {
namespace {

using Kind = Judgement::Kind;

/// Hours of a shop: a quiet night, a busy evening, a weaker weekend.
double usual_at(std::size_t hour, double mean) {
    auto const h = static_cast<double>(hour % 24);
    double const day = 1 + 0.8 * std::sin((h - 10) / 24 * 2 * 3.141592653589793);
    return mean * day * (hour / 24 % 7 >= 5 ? 0.7 : 1.0);
}

std::vector<double> shop(std::size_t hours, double mean, double size, std::uint64_t seed) {
    Random random(seed);
    std::vector<double> x;
    for (std::size_t t = 0; t < hours; ++t) x.push_back(random.count(usual_at(t, mean), size));
    return x;
}

void expect_sane(const std::vector<Judgement> &judged) {
    for (std::size_t i = 0; i < judged.size(); ++i) {
        const Judgement &j = judged[i];
        ASSERT_TRUE(std::isfinite(j.expected) && std::isfinite(j.lower) && std::isfinite(j.upper)) << i;
        ASSERT_TRUE(std::isfinite(j.score) && j.score >= 0) << i;
        ASSERT_TRUE(j.p_value >= 0 && j.p_value <= 1) << i << ' ' << j.p_value;
        ASSERT_LE(j.lower, j.upper) << i;
    }
}

std::size_t alerts(const std::vector<Judgement> &judged) {
    return static_cast<std::size_t>(
        std::count_if(judged.begin(), judged.end(), [](const Judgement &j) { return j.score >= 1; }));
}

TEST(SeasonalDetector, FewFalseAlarmsAmongTheLastHoursOfCleanDays) {
    // 28 days of hours, the last 24 judged under false-discovery control: in at most about alpha of the shops anything
    // is found, whatever the mean.
    for (double const mean : {0.2, 1.0, 5.0, 40.0, 1000.0})
        for (double const size : {5.0, 1e12}) {
            int found = 0, below = 0, shops = 200;
            for (int s = 0; s < shops; ++s) {
                std::vector<double> const x = shop(28 * 24, mean, size, static_cast<std::uint64_t>(s) + 1);
                std::vector<double> p;
                for (const Judgement &j : detect(x, {.season = 24})) p.push_back(j.p_value);
                std::vector<double> const last(p.end() - 24, p.end());
                for (double const v : last) below += v < 0.05;
                std::vector<double> const q = benjamini_hochberg(last);
                found += *std::min_element(q.begin(), q.end()) < 0.05;
            }
            EXPECT_LT(found, shops * 0.1) << mean << ' ' << size;  // 5 % and three standard errors
            EXPECT_LT(below, shops * 24 * 0.065) << mean << ' ' << size;
        }
}

TEST(SeasonalDetector, FewFalseAlarmsInCleanRevenue) {
    int found = 0;
    int const shops = 200;
    for (int shop = 0; shop < shops; ++shop) {
        Random random(static_cast<std::uint64_t>(shop) + 1);
        std::vector<double> x, p;
        for (std::size_t t = 0; t < 28 * 24; ++t) {
            x.push_back(0);
            for (double orders = random.count(usual_at(t, 5), 5); orders > 0; --orders)
                x.back() += 20 * std::exp(0.7 * random.normal());
        }
        for (const Judgement &j : detect(x, {.season = 24})) p.push_back(j.p_value);
        std::vector<double> const q = benjamini_hochberg(std::span(p).last(24));
        found += *std::min_element(q.begin(), q.end()) < 0.05;
    }
    EXPECT_LT(found, shops * 0.1);
}

TEST(SeasonalDetector, TheBandHoldsWhatItShould) {
    for (double const mean : {3.0, 60.0}) {
        std::vector<double> const x = shop(120 * 24, mean, 20, 9);
        std::vector<Judgement> const judged = detect(x, {.season = 24, .alpha = 0.1});
        int inside = 0, all = 0;
        for (std::size_t i = 28 * 24; i < judged.size(); ++i, ++all)
            inside += x[i] >= judged[i].lower && x[i] <= judged[i].upper;
        EXPECT_NEAR(static_cast<double>(inside) / all, mean < 10 ? 0.94 : 0.9, 0.03) << mean;  // counts are steps
    }
}

TEST(SeasonalDetector, ExpectationFollowsTheSeasons) {
    std::vector<double> const x = shop(60 * 24, 100, 1e12, 4);
    std::vector<Judgement> const judged = detect(x, {.season = 24});
    double off = 0;
    for (std::size_t i = judged.size() - 7 * 24; i < judged.size(); ++i)
        off += std::abs(judged[i].expected - usual_at(i, 100)) / usual_at(i, 100);
    EXPECT_LT(off / (7 * 24), 0.06);
}

TEST(SeasonalDetector, FindsWhatItIsFor) {
    std::vector<double> const clean = shop(42 * 24, 30, 50, 11);
    auto const changed = [&](auto change) {
        std::vector<double> x = clean;
        for (std::size_t i = 35 * 24 + 14; i < x.size(); ++i) x[i] = change(i - (35 * 24 + 14), x[i]);
        std::vector<Judgement> const judged = detect(x, {.season = 24});
        expect_sane(judged);
        for (std::size_t i = 35 * 24 + 14; i < judged.size(); ++i)
            if (judged[i].score >= 1) return std::pair(i - (35 * 24 + 14), judged[i].kind);
        return std::pair(x.size(), Kind::none);
    };
    EXPECT_EQ(changed([](std::size_t i, double v) { return i == 0 ? v * 5 : v; }),
              std::pair(std::size_t{0}, Kind::spike));
    auto const outage = changed([](std::size_t i, double v) { return i < 6 ? 0 : v; });
    EXPECT_LT(outage.first, 3U);
    auto const half = changed([](std::size_t, double v) { return std::floor(v / 2); });
    EXPECT_LT(half.first, 12U);
    auto const leak =
        changed([](std::size_t i, double v) { return std::floor(v * (1 + static_cast<double>(i) / 40)); });
    EXPECT_LT(leak.first, 60U);
    EXPECT_EQ(changed([](std::size_t, double v) { return v; }).second, Kind::none);
}

TEST(SeasonalDetector, AnEventIsOneAlert) {
    std::vector<double> x = shop(42 * 24, 30, 50, 12);
    for (std::size_t i = 900; i < 930; ++i) x[i] = 0;
    std::vector<Judgement> const judged = detect(x, {.season = 24});
    std::size_t inside = 0;
    for (std::size_t i = 900; i < 940; ++i) inside += judged[i].score >= 1;
    EXPECT_GE(inside, 1U);
    EXPECT_LE(inside, 4U);  // again when the evidence is twice as much
    EXPECT_LE(alerts(judged), inside + 2);
}

TEST(SeasonalDetector, WhatComesLaterNeverChangesAJudgement) {
    for (int const season : {0, 24, 288}) {
        std::vector<double> x = shop(3000, 4, 3, 5);
        for (std::size_t i = 700; i < 720; ++i) x[i] = -3;  // also where it becomes additive
        x[800] = std::nan("");
        std::vector<Judgement> const all = detect(x, {.season = season});
        for (std::size_t const n : {1U, 63U, 65U, 500U, 710U, 900U, 1025U, 2999U}) {
            std::vector<Judgement> const part = detect(std::span(x).first(n), {.season = season});
            ASSERT_EQ(part.size(), n);
            for (std::size_t i = 0; i < n; ++i) {
                ASSERT_EQ(part[i].expected, all[i].expected) << n << ' ' << i;
                ASSERT_EQ(part[i].p_value, all[i].p_value) << n << ' ' << i;
                ASSERT_EQ(part[i].score, all[i].score) << n << ' ' << i;
            }
        }
    }
}

TEST(SeasonalDetector, PowersOfTwoScaleTheExpectationOnly) {
    std::vector<double> x, large, huge;
    Random random(3);
    for (std::size_t t = 0; t < 1500; ++t) {
        double const v = usual_at(t, 1) * std::exp(0.3 * random.normal()) * (t == 1200 ? 9 : 1);
        x.push_back(v), large.push_back(v * 1024), huge.push_back(std::ldexp(v, 900));
    }
    for (int const season : {24, 96}) {
        auto const a = detect(x, {.season = season}), b = detect(large, {.season = season}),
                   c = detect(huge, {.season = season});
        for (std::size_t i = 0; i < x.size(); ++i) {
            EXPECT_REL(b[i].expected / 1024, a[i].expected, 1e-9);
            EXPECT_REL(std::ldexp(c[i].expected, -900), a[i].expected, 1e-9);
            EXPECT_REL(b[i].p_value, a[i].p_value, 1e-6);
            EXPECT_REL(c[i].score, a[i].score, 1e-3);
        }
    }
}

TEST(SeasonalDetector, ExtremesHaveAnAnswer) {
    double const nan = std::nan("");
    for (int const season : {0, 1, 7, 24, 288}) {
        DetectorOptions const options{.season = season};
        EXPECT_TRUE(detect({}, options).empty());
        for (std::vector<double> const &x : {std::vector<double>{5},
                                             {0, 0},
                                             {1e300, -1e300, 1e300},
                                             {nan, nan, nan},
                                             {nan, 3, nan, 4},
                                             std::vector<double>(2000, 0),
                                             std::vector<double>(2000, 45),
                                             std::vector<double>(2000, nan),
                                             std::vector<double>(2000, 1e300),
                                             std::vector<double>(2000, 1e-300)}) {
            auto const judged = detect(x, options);
            expect_sane(judged);
            EXPECT_EQ(alerts(judged), 0U) << season << ' ' << x[0];
        }
        std::vector<double> wild;
        Random random(8);
        for (int i = 0; i < 3000; ++i) wild.push_back(std::exp(700 * (random.uniform() - 0.5)) * (i % 5 == 0 ? -1 : 1));
        expect_sane(detect(wild, options));
        std::vector<double> jump(1000, 3);
        jump[500] = 1e300, jump[501] = -1e300;
        expect_sane(detect(jump, options));
    }
}

TEST(SeasonalDetector, AFirstChangeAfterLongEqualityIsRare) {
    for (double const usual : {0.0, 45.0}) {
        std::vector<double> x(300, usual);
        x.push_back(usual + 5);
        std::vector<Judgement> const judged = detect(x, {.season = 24});
        EXPECT_LT(judged.back().p_value, 0.01) << usual;
        EXPECT_EQ(judged.back().kind, Kind::spike);
    }
    std::vector<double> const shortly = {1, 1, 1, 1, 1, 1, 9, 1, 1, 1, 1, 1};
    std::vector<Judgement> const judged = detect(shortly);
    EXPECT_LT(judged[6].p_value, 0.01);
    for (std::size_t i = 0; i < 6; ++i) EXPECT_GT(judged[i].p_value, 0.05);
}

TEST(SeasonalDetector, MissingValuesAreNotJudgedAndKeepTheirPlace) {
    std::vector<double> x = shop(28 * 24, 50, 1e12, 6);
    for (std::size_t i = 300; i < 331; ++i) x[i] = std::nan("");
    std::vector<Judgement> const judged = detect(x, {.season = 24});
    for (std::size_t i = 300; i < 331; ++i) {
        EXPECT_EQ(judged[i].kind, Kind::missing);
        EXPECT_EQ(judged[i].score, 0);
        EXPECT_EQ(judged[i].p_value, 1);
        EXPECT_LT(std::abs(judged[i].expected - usual_at(i, 50)), 25);
    }
    for (std::size_t i = 331; i < 370; ++i) EXPECT_LT(judged[i].score, 1) << i;
}

TEST(SeasonalDetector, FindsTheSeason) {
    SeasonalDetector detector;
    EXPECT_EQ(detector.season(), 0);
    for (double const v : shop(400, 20, 1e12, 7)) detector.push(v);
    EXPECT_EQ(detector.season(), 24);

    Random random(2);
    std::vector<double> noise, weeks, walk;
    for (int i = 0; i < 1000; ++i) {
        noise.push_back(random.normal());
        weeks.push_back(std::abs(i % 7 - 3) + 0.5 * random.normal());
        walk.push_back((i > 0 ? walk.back() : 0) + random.normal());
    }
    EXPECT_EQ(find_season(noise), 0U);
    EXPECT_EQ(find_season(weeks), 7U);
    EXPECT_EQ(find_season(walk), 0U);
    EXPECT_EQ(find_season({}), 0U);
    EXPECT_EQ(find_season(std::vector<double>(100, 1.0)), 0U);
}

TEST(SeasonalDetector, RefusesBadOptionsAndInfinity) {
    EXPECT_THROW(SeasonalDetector({.season = -1}), std::invalid_argument);
    EXPECT_THROW(SeasonalDetector({.season = 200'000}), std::invalid_argument);
    EXPECT_THROW(SeasonalDetector({.alpha = 0}), std::invalid_argument);
    EXPECT_THROW(SeasonalDetector({.alpha = std::nan("")}), std::invalid_argument);
    SeasonalDetector detector;
    EXPECT_THROW(detector.push(std::numeric_limits<double>::infinity()), std::domain_error);
}

TEST(SeasonalDetector, CanBeStopped) {
    std::vector<double> const x = shop(5000, 5, 5, 1);
    int calls = 0;
    EXPECT_THROW(detect(x, {},
                        [&] {
                            if (++calls == 3) throw std::runtime_error("stop");
                        }),
                 std::runtime_error);
}

TEST(Evidence, IsTheTailsLogarithm) {
    for (double const df : {6.0, 8.0, 30.0})
        for (double const z : {-20.0, -3.0, -0.5, 0.1, 1.0, 2.5, 6.0, 40.0}) {
            double const exact = -std::log10(student_t_tail(std::abs(z), df));
            EXPECT_NEAR(student_evidence(z, df) * (z > 0 ? 1 : -1), exact, 0.02 + 0.03 * exact) << z << ' ' << df;
        }
    for (double const mean : {0.3, 2.0, 30.0, 5000.0})
        for (double const size : {3.0, 1e12})
            for (double const z : {-3.0, -1.5, 2.0, 4.0, 7.0}) {
                double const variance = mean + mean * mean / size;
                double const x = std::round(mean + z * std::sqrt(variance));
                if (x < 0 || x == mean) continue;
                double const exact = x > mean ? -std::log10(negative_binomial_tail(x, mean, size))
                                              : std::log10(negative_binomial_cdf(x, mean, size));
                EXPECT_NEAR(count_evidence(x, mean, variance), exact, 0.2 + 0.15 * std::abs(exact)) << x << ' ' << mean;
            }
}

TEST(Evidence, RunningQuantileAndRareTail) {
    Random random(1);
    RunningQuantile quantile(0.98);
    RareTail tail;
    std::vector<double> all;
    int rare = 0;
    for (int i = 0; i < 20000; ++i) {
        double const v = random.normal();
        all.push_back(v);
        quantile.add(v);
        rare += tail.judge(v) > 3;
    }
    EXPECT_NEAR(quantile.value(), quantile7(all, 0.98), 0.05);
    EXPECT_GE(rare, 5);  // 20 of 20,000 are beyond 1 in 1,000
    EXPECT_LE(rare, 45);
    EXPECT_GT(tail.judge(12), 5);
}

TEST(SeasonalBaseline, TakesANewLevelButNotAnOutlier) {
    SeasonalBaseline baseline(24, true, false);
    Random random(4);
    for (std::size_t t = 0; t < 28 * 24; ++t) baseline.learn(random.count(usual_at(t, 50), 1e12));
    double const before = baseline.next().usual;
    EXPECT_NEAR(before, usual_at(28 * 24, 50), 8);
    baseline.learn(1e6);
    for (int i = 0; i < 23; ++i) baseline.learn(random.count(usual_at(28 * 24 + 1, 50), 1e12));
    EXPECT_LT(baseline.next().usual, before * 1.5);
    for (std::size_t t = 0; t < 14 * 24; ++t) baseline.learn(random.count(usual_at(t, 150), 1e12));
    EXPECT_NEAR(baseline.next().usual, usual_at(0, 150), 25);
    EXPECT_THROW(SeasonalBaseline(0, true, false), std::invalid_argument);
}

// Five-minute values that repeat every hour: they are taken for months until there are too many of them.
TEST(SeasonalDetector, AnHourOfFiveMinutesIsNoYearOfMonths) {
    Random random(12);
    SeasonalDetector with_days, hours_only;
    for (int t = 0; t < 2000; ++t) {
        double const hour = t % 12 == 0 ? 40 : 0, noise = random.normal();
        with_days.push(100 + hour + 60 * std::sin(t * 6.283185307179586 / 288) + noise);
        hours_only.push(100 + hour + noise);
        if (t == 400) {
            EXPECT_EQ(hours_only.season(), 12);
        }
    }
    EXPECT_EQ(with_days.season(), 288);
    EXPECT_EQ(hours_only.season(), 0);
}

}  // namespace
}  // namespace analytics::core
