#include "core/anomaly/shares.hpp"

#include <cmath>
#include <gtest/gtest.h>

namespace analytics::core {
namespace {

TEST(Shares, AShareAsUsualIsExpected) {
    std::vector<Share> const now{{90, 100}};
    std::vector<std::vector<Share>> const past(7, std::vector<Share>{{90, 100}});
    ShareJudgement const j = judge_shares(now, past).front();
    EXPECT_NEAR(j.expected, 0.9, 1e-3);
    EXPECT_GT(j.p_value, 0.4);
    // Binomial: sqrt(.9 * .1 / 100 * (1 + 100 / 700)) * t(6, .975) = 0.0321 * 2.447
    EXPECT_NEAR(j.expected - j.lower, 0.0785, 2e-3);
    EXPECT_LE(j.upper, 1);
}

TEST(Shares, ALowOneIsRare) {
    std::vector<std::vector<Share>> const past(7, std::vector<Share>(24, Share{90, 100}));
    std::vector<Share> now(24, Share{90, 100});
    now[5] = {60, 100};
    std::vector<ShareJudgement> const j = judge_shares(now, past);
    EXPECT_LT(j[5].p_value, 1e-9);
    EXPECT_GT(j[6].p_value, 0.4);
    now[5] = {100, 100};
    EXPECT_GT(judge_shares(now, past)[5].p_value, 0.99) << "a high one is not low";
}

TEST(Shares, WhereTheyVaryAnyhowLessIsRare) {
    std::vector<std::vector<Share>> past;
    for (int k = 0; k < 7; ++k) past.emplace_back(24, Share{k % 2 == 0 ? 70.0 : 99.0, 100});
    std::vector<Share> const now(24, Share{70, 100});
    EXPECT_GT(judge_shares(now, past)[0].p_value, 0.1);
}

TEST(Shares, WithoutAPastNothingIsSaid) {
    std::vector<Share> const now{{1, 2}, {0, 0}};
    EXPECT_TRUE(std::isnan(judge_shares(now, {})[0].p_value));
    std::vector<std::vector<Share>> const past(7, std::vector<Share>{{1, 2}, {90, 100}});
    EXPECT_TRUE(std::isnan(judge_shares(now, past)[0].p_value)) << "14 trials";
    EXPECT_TRUE(std::isnan(judge_shares(now, past)[1].p_value)) << "no trial now";
    EXPECT_THROW(judge_shares(std::vector<Share>{{3, 2}}, {}), std::invalid_argument);
    EXPECT_THROW(judge_shares(std::vector<Share>{{1, 2}}, past), std::invalid_argument);
}

}  // namespace
}  // namespace analytics::core
