#include "core/anomaly/series_findings.hpp"

#include "core/series/gaps.hpp"

#include <cmath>
#include <gtest/gtest.h>

namespace analytics::core {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

/// Four weeks of days with a weekend, and one day that does not fit.
std::vector<double> with_spike() {
    std::vector<double> y;
    for (int t = 0; t < 28; ++t) y.push_back((t % 7 < 5 ? 100 : 40) + t % 3);
    y[17] = 300;
    return y;
}

TEST(SeriesFindings, EachMethodFindsTheSpike) {
    std::vector<double> const y = with_spike();
    for (auto const &findings : {judge_by_past(y, 7, 0.05), judge_by_esd(y, 7, 0.05), judge_by_threshold(y, 7)}) {
        ASSERT_EQ(findings.size(), y.size());
        EXPECT_TRUE(findings[17].severity);
        EXPECT_GT(y[17], findings[17].upper);
    }
    EXPECT_GE(judge_by_esd(y, 7, 0.05)[17].score, 1);
    EXPECT_LT(judge_by_esd(y, 7, 0.05)[16].score, 1);
}

TEST(SeriesFindings, ThresholdIsPercentFromTheMeanBefore) {
    std::vector<double> const y{10, 10, 10, 13, 10.75, 2};
    std::vector<SeriesFinding> const f = judge_by_threshold(y, 3);
    EXPECT_TRUE(std::isnan(f[2].expected)) << "two points before it";
    EXPECT_DOUBLE_EQ(f[3].expected, 10);
    EXPECT_EQ(f[3].severity, Severity::low) << "30 % are met";
    EXPECT_DOUBLE_EQ(f[3].score, 1);
    EXPECT_DOUBLE_EQ(f[4].expected, 11);
    EXPECT_FALSE(f[4].severity);
    EXPECT_EQ(f[5].severity, Severity::critical);
}

TEST(SeriesFindings, MissingValuesAreExpectedAndNotJudged) {
    std::vector<double> y = with_spike();
    y[17] = missing;
    for (auto const &findings : {judge_by_past(y, 7, 0.05), judge_by_esd(y, 7, 0.05), judge_by_threshold(y, 7)}) {
        EXPECT_FALSE(findings[17].severity);
        EXPECT_TRUE(std::isfinite(findings[17].expected));
    }
}

TEST(SeriesFindings, AllCanBeStopped) {
    std::vector<double> const y(2'000'000, 1);
    struct Stopped {};
    Stop const stop = [] { throw Stopped(); };
    EXPECT_THROW(judge_by_past(y, 24, 0.05, stop), Stopped);
    EXPECT_THROW(judge_by_esd(y, 24, 0.05, stop), Stopped);
    EXPECT_THROW(judge_by_threshold(y, 100'000, stop), Stopped);
}

TEST(Gaps, LieOnTheLineBetweenTheirNeighbours) {
    std::vector<double> const y{missing, 2, missing, missing, 8, missing};
    EXPECT_EQ(without_gaps(y), (std::vector<double>{2, 2, 4, 6, 8, 8}));
}

TEST(Severities, AreJudgedTogether) {
    std::vector<double> const p{1e-9, 0.04, missing}, off{60, 60, 60};
    std::vector<std::optional<Severity>> const found = severities(p, off);
    EXPECT_EQ(found[0], Severity::critical);
    EXPECT_EQ(found[1], Severity::low);
    EXPECT_FALSE(found[2]);
    std::vector<double> many(50, 0.9);
    many[0] = 0.04;
    EXPECT_FALSE(severities(many, std::vector<double>(50, 60))[0]) << "one of fifty looks so by chance";
    EXPECT_THROW(severities(p, std::vector<double>{1}), std::invalid_argument);
}

}  // namespace
}  // namespace analytics::core
