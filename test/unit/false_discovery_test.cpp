#include "core/anomaly/severity.hpp"
#include "core/statistics/false_discovery.hpp"

#include "golden.hpp"

#include <limits>

namespace analytics::core {
namespace {

TEST(FalseDiscovery, AgreesWithR) {
    nlohmann::json const r = golden("fdr");
    std::vector<double> const p = numbers(r["p"]);
    EXPECT_GT(p.size(), 10U);
    EXPECT_ALL_REL(benjamini_hochberg(p), numbers(r["BH"]), 1e-12);
    EXPECT_ALL_REL(benjamini_yekutieli(p), numbers(r["BY"]), 1e-12);
    EXPECT_ALL_REL(holm(p), numbers(r["holm"]), 1e-12);
    // R's figures relatively, for the smallest.
    EXPECT_DOUBLE_EQ(benjamini_hochberg(p)[0], r["BH"][0].get<double>());
}

TEST(FalseDiscovery, TheOrderOfTheTestsDoesNotMatter) {
    std::vector<double> const p = {0.03, 0.001, 0.2, 0.04, 0.04}, q = benjamini_hochberg(p);
    std::vector<double> const reversed(p.rbegin(), p.rend()), q_reversed = benjamini_hochberg(reversed);
    EXPECT_EQ(std::vector(q.rbegin(), q.rend()), q_reversed);
}

TEST(FalseDiscovery, WhatWasNotTestedDoesNotCount) {
    double const nan = std::nan("");
    std::vector<double> const q = benjamini_hochberg(std::vector{0.01, nan, 0.04});
    EXPECT_DOUBLE_EQ(q[0], 0.02);
    EXPECT_TRUE(std::isnan(q[1]));
    EXPECT_DOUBLE_EQ(q[2], 0.04);
    EXPECT_TRUE(holm({}).empty());
}

TEST(FalseDiscovery, RefusesWhatIsNoProbability) {
    EXPECT_THROW(holm(std::vector{1.5}), std::invalid_argument);
    EXPECT_THROW(benjamini_hochberg(std::vector{-1e-9}), std::invalid_argument);
}

TEST(Severity, NeedsEvidenceAndSize) {
    EXPECT_EQ(severity(9e-7, 50), Severity::critical);
    EXPECT_EQ(severity(9e-7, 49), Severity::high);
    EXPECT_EQ(severity(9e-7, 29), Severity::medium);
    EXPECT_EQ(severity(1e-6, 500), Severity::high);
    EXPECT_EQ(severity(1e-4, 500), Severity::medium);
    EXPECT_EQ(severity(0.01, 500), Severity::low);
    EXPECT_EQ(severity(0.049, 0), Severity::low);
    EXPECT_EQ(severity(0.05, 500), std::nullopt);
    EXPECT_EQ(severity(std::nan(""), 500), std::nullopt);
    EXPECT_EQ(severity(0, std::numeric_limits<double>::infinity()), Severity::critical);
}

}  // namespace
}  // namespace analytics::core
