#include "core/anomaly/threshold.hpp"

#include <gtest/gtest.h>

namespace analytics::core {
namespace {

std::vector<ShopHour> day_of(double orders, double revenue, std::optional<double> fulfillment) {
    return std::vector<ShopHour>(24, ShopHour{orders, revenue, fulfillment});
}

TEST(Threshold, SeverityGrowsWithTheDeviationAndLimitsBelongToTheHigher) {
    struct Case {
        double orders;
        std::optional<Severity> severity;
    };
    for (Case const c :
         {Case{100, std::nullopt}, Case{71, std::nullopt}, Case{70, Severity::low}, Case{56, Severity::low},
          Case{55, Severity::medium}, Case{41, Severity::medium}, Case{40, Severity::high}, Case{21, Severity::high},
          Case{20, Severity::critical}, Case{0, Severity::critical}, Case{129, std::nullopt}, Case{130, Severity::low},
          Case{145, Severity::medium}, Case{160, Severity::high}, Case{180, Severity::critical},
          Case{1000, Severity::critical}}) {
        std::vector<ShopHour> hours = day_of(100, 0, std::nullopt);
        hours.push_back({c.orders, 0});
        auto const found = threshold_anomalies(hours, 24);
        ASSERT_EQ(found.size(), c.severity ? 1U : 0U) << c.orders;
        if (!c.severity) continue;
        ShopAnomaly const expected = c.orders < 100 ? ShopAnomaly::low_order_volume : ShopAnomaly::high_order_volume;
        EXPECT_EQ(found[0], (ShopFinding{24, expected, *c.severity})) << c.orders;
    }
}

TEST(Threshold, AMultipleOfTenPercentIsMetWhateverTheMean) {
    for (int mean = 10; mean <= 5000; mean += 10) {
        std::vector<ShopHour> hours = day_of(mean, 0, std::nullopt);
        hours.push_back({mean * 7 / 10.0, 0});
        EXPECT_EQ(threshold_anomalies(hours, 24).size(), 1U) << mean;
        hours.back().orders += 0.001;
        EXPECT_EQ(threshold_anomalies(hours, 24).size(), 0U) << mean;
    }
}

TEST(Threshold, QuietShopsAreNotJudged) {
    std::vector<ShopHour> hours = day_of(5, 10, 90);
    hours.push_back({0, 0});
    EXPECT_EQ(threshold_anomalies(hours, 24).size(), 2U);  // orders and revenue
    hours.front().orders = 4;
    EXPECT_EQ(threshold_anomalies(hours, 24).size(), 0U);
}

TEST(Threshold, FulfillmentNeedsTenOrdersAndIsOnlyEverLow) {
    std::vector<ShopHour> hours = day_of(10, 0, 50);
    hours.push_back({10, 0, 20});
    EXPECT_EQ(threshold_anomalies(hours, 24),
              (std::vector{ShopFinding{24, ShopAnomaly::low_fulfillment, Severity::high}}));
    hours.back().fulfillment = 100;
    EXPECT_TRUE(threshold_anomalies(hours, 24).empty());
    hours.back().fulfillment = std::nullopt;
    EXPECT_TRUE(threshold_anomalies(hours, 24).empty());
    hours.back().fulfillment = 20;
    hours.front().orders = 9;
    hours.back().orders = 9;
    EXPECT_TRUE(threshold_anomalies(hours, 24).empty());
}

TEST(Threshold, HoursWithoutOrdersDoNotCountInTheMeanRate) {
    std::vector<ShopHour> hours = day_of(20, 0, 80);
    for (std::size_t i = 0; i < 12; ++i) hours[i] = {8, 0, std::nullopt};
    hours.push_back({14, 0, 40});  // 50 % below 80, but the same as a mean that counted the others as 0
    EXPECT_EQ(threshold_anomalies(hours, 24),
              (std::vector{ShopFinding{24, ShopAnomaly::low_fulfillment, Severity::medium}}));
}

TEST(Threshold, NothingIsJudgedAgainstAMeanThatIsNotPositive) {
    for (double const revenue : {0.0, -50.0}) {
        std::vector<ShopHour> hours = day_of(10, revenue, 0);
        hours.push_back({10, 1000, 0});
        EXPECT_TRUE(threshold_anomalies(hours, 24).empty());
    }
}

TEST(Threshold, WorstFirstThenNewestThenByType) {
    std::vector<ShopHour> hours = day_of(100, 100, std::nullopt);
    hours.push_back({100, 50});  // medium
    hours.push_back({0, 0});     // critical, twice
    hours.push_back({100, 50});  // against means of 95.8 and 93.75: medium again
    EXPECT_EQ(threshold_anomalies(hours, 24),
              (std::vector{ShopFinding{25, ShopAnomaly::low_order_volume, Severity::critical},
                           ShopFinding{25, ShopAnomaly::low_revenue, Severity::critical},
                           ShopFinding{26, ShopAnomaly::low_revenue, Severity::medium},
                           ShopFinding{24, ShopAnomaly::low_revenue, Severity::medium}}));
}

TEST(Threshold, TooFewHoursGiveNothing) {
    EXPECT_TRUE(threshold_anomalies({}, 24).empty());
    EXPECT_TRUE(threshold_anomalies(day_of(100, 100, 100), 24).empty());
}

}  // namespace
}  // namespace analytics::core
