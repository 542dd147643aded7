#include "core/series/buckets.hpp"
#include "core/series/comparison.hpp"

#include <gtest/gtest.h>

#include <chrono>

using namespace analytics::core;

namespace {

/// An instant from UTC fields.
Instant at(int year, unsigned month, unsigned day, int hour = 0, int minute = 0, std::int64_t micros = 0) {
    using namespace std::chrono;
    sys_days const epoch{std::chrono::year{2000} / 1 / 1};
    return (sys_days{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}} - epoch).count() *
               micros_per_day +
           hour * micros_per_hour + minute * micros_per_minute + micros;
}
constexpr std::int64_t h = micros_per_hour, m = micros_per_minute;

// Offsets as published in the tz database.
Zone berlin() {
    return Zone({{at(2023, 10, 29, 1), 1 * h}, {at(2024, 3, 31, 1), 2 * h}, {at(2024, 10, 27, 1), 1 * h}});
}
Zone kathmandu() { return Zone({{0, 5 * h + 45 * m}}); }
Zone lord_howe() {  // clocks move by half an hour: 2024-04-06 15:00 UTC back, 2024-10-05 15:30 UTC forward
    return Zone({{0, 11 * h}, {at(2024, 4, 6, 15), 10 * h + 30 * m}, {at(2024, 10, 5, 15, 30), 11 * h}});
}
Zone apia() { return Zone({{0, -10 * h}, {at(2011, 12, 30, 10), 14 * h}}); }  // no 30 December 2011
Zone st_johns() {  // until 2011 clocks changed at one minute past midnight
    return Zone(
        {{0, -3 * h - 30 * m}, {at(2010, 3, 14, 3, 31), -2 * h - 30 * m}, {at(2010, 11, 7, 2, 31), -3 * h - 30 * m}});
}
Zone monrovia() {
    return Zone(
        {{at(1919, 3, 1), -(44 * m + 30 * micros_per_second)}, {at(1972, 1, 7, 0, 44) + 30 * micros_per_second, 0}});
}

Bucket bucket(std::string_view text) { return parse_bucket(text).value(); }
std::vector<Instant> edges(const Zone &zone, std::string_view name, Instant after, Instant until) {
    return bucket_edges(zone, bucket(name), after, until, 10'000).value();
}

TEST(Zone, ReadsSkippedTimesBeforeTheJumpAndDoubleTimesAfterIt) {
    Zone const zone = berlin();
    EXPECT_EQ(zone.local(at(2024, 3, 31, 0, 59)), at(2024, 3, 31, 1, 59));
    EXPECT_EQ(zone.local(at(2024, 3, 31, 1)), at(2024, 3, 31, 3));
    EXPECT_EQ(zone.instant(at(2024, 3, 31, 2, 30)), at(2024, 3, 31, 1, 30));    // skipped
    EXPECT_EQ(zone.instant(at(2024, 10, 27, 2, 30)), at(2024, 10, 27, 1, 30));  // twice
    EXPECT_EQ(zone.instant(at(2024, 10, 27, 1, 59)), at(2024, 10, 26, 23, 59));
    EXPECT_EQ(zone.instant(at(2024, 7, 1)), at(2024, 6, 30, 22));
    EXPECT_THROW(Zone({}), std::invalid_argument);
}

TEST(Zone, ShiftsByTheCalendar) {
    Zone const zone = berlin();
    EXPECT_EQ(zone.shift(at(2024, 4, 1, 10), {0, -1, 0}), at(2024, 3, 31, 10));   // both in summer
    EXPECT_EQ(zone.shift(at(2024, 3, 31, 10), {0, -1, 0}), at(2024, 3, 30, 11));  // a day of 23 hours
    EXPECT_EQ(zone.shift(at(2024, 3, 31, 10), {0, 0, -24 * h}), at(2024, 3, 30, 10));
    EXPECT_EQ(Zone::utc().shift(at(2024, 3, 31), {-1, 0, 0}), at(2024, 2, 29));
    EXPECT_EQ(Zone::utc().shift(at(2024, 2, 29, 5), {-12, 0, 0}), at(2023, 2, 28, 5));
    EXPECT_EQ(Zone::utc().shift(at(1999, 12, 31, 5), {-2, 0, 0}), at(1999, 10, 31, 5));
}

TEST(Buckets, AreWrittenInFewWays) {
    EXPECT_EQ(bucket("hour").length, (Span{0, 0, h}));
    EXPECT_EQ(bucket("1 week").length, (Span{0, 7, 0}));
    EXPECT_EQ(bucket("1mo").name, "1mo");
    for (std::string_view const text : {"", "h", "2h", "1H", "60m", "1 d", " 1d", "1d ", "1m", "0h", "-1h", "quarter"})
        EXPECT_FALSE(parse_bucket(text)) << text;
}

TEST(Periods, AreWholeNumbersOfUnits) {
    EXPECT_EQ(parse_period("24h"), (Span{0, 0, 24 * h}));
    EXPECT_EQ(parse_period("90m"), (Span{0, 0, 90 * m}));
    EXPECT_EQ(parse_period("7d"), (Span{0, 7, 0}));
    EXPECT_EQ(parse_period("2w"), (Span{0, 14, 0}));
    EXPECT_EQ(parse_period("3mo"), (Span{3, 0, 0}));
    EXPECT_EQ(parse_period("1y"), (Span{12, 0, 0}));
    EXPECT_EQ(parse_period("36525d"), (Span{0, 36525, 0}));
    EXPECT_EQ(parse_period("100y"), (Span{1200, 0, 0}));
    for (std::string_view const text :
         {"",      "d",      "0d",           "-7d",        "+7d",     "7",      "7 d",    " 7d",  "7d ",  "7D",  "1.5d",
          "7days", "36526d", "99999999999d", "123456789m", "876601h", "2000mo", "1201mo", "101y", "1e3d", "7d7d"})
        EXPECT_FALSE(parse_period(text)) << text;
}

TEST(Buckets, EndWithTheRunningOneAndCoverThePeriod) {
    Instant const now = at(2024, 5, 15, 10, 30);
    auto const hours = edges(Zone::utc(), "1h", now - 24 * h, now);
    ASSERT_EQ(hours.size(), 25u);
    EXPECT_EQ(hours.front(), at(2024, 5, 14, 11));
    EXPECT_EQ(hours[23], at(2024, 5, 15, 10));
    EXPECT_EQ(hours.back(), at(2024, 5, 15, 11));
    EXPECT_EQ(edges(Zone::utc(), "1h", at(2024, 5, 15, 9), at(2024, 5, 15, 10)),
              (std::vector{at(2024, 5, 15, 10), at(2024, 5, 15, 11)}));  // the start that is `until` belongs to it
    EXPECT_EQ(edges(Zone::utc(), "1d", now - h, now), (std::vector{at(2024, 5, 15), at(2024, 5, 16)}));
    EXPECT_EQ(
        edges(Zone::utc(), "1mo", at(2023, 12, 5), now),
        (std::vector{at(2024, 1, 1), at(2024, 2, 1), at(2024, 3, 1), at(2024, 4, 1), at(2024, 5, 1), at(2024, 6, 1)}));
    EXPECT_EQ(edges(Zone::utc(), "1w", at(1999, 12, 20, 1), at(2000, 1, 4)),
              (std::vector{at(1999, 12, 27), at(2000, 1, 3), at(2000, 1, 10)}));  // Mondays
    EXPECT_TRUE(bucket_edges(Zone::utc(), bucket("1h"), now - 100 * h, now, 100));
    EXPECT_FALSE(bucket_edges(Zone::utc(), bucket("1h"), now - 100 * h, now, 99));
}

TEST(Buckets, FollowTheClocksOfTheZone) {
    // Days of 23 and 25 hours.
    EXPECT_EQ(edges(berlin(), "1d", at(2024, 3, 30, 12), at(2024, 3, 31, 12)),
              (std::vector{at(2024, 3, 30, 23), at(2024, 3, 31, 22)}));
    EXPECT_EQ(edges(berlin(), "1d", at(2024, 10, 26, 12), at(2024, 10, 27, 12)),
              (std::vector{at(2024, 10, 26, 22), at(2024, 10, 27, 23)}));
    EXPECT_EQ(edges(berlin(), "1mo", at(2024, 3, 15), at(2024, 4, 15)),
              (std::vector{at(2024, 3, 31, 22), at(2024, 4, 30, 22)}));
    // Every hour once.
    EXPECT_EQ(edges(berlin(), "1h", at(2024, 10, 26, 22) - 1, at(2024, 10, 27, 23) - 1).size(), 26u);
    EXPECT_EQ(edges(berlin(), "1h", at(2024, 3, 30, 23) - 1, at(2024, 3, 31, 22) - 1).size(), 24u);
    // Local hours begin at a quarter past in UTC.
    EXPECT_EQ(edges(kathmandu(), "1h", at(2024, 5, 1, 10, 20), at(2024, 5, 1, 11, 20)),
              (std::vector{at(2024, 5, 1, 11, 15), at(2024, 5, 1, 12, 15)}));
    EXPECT_EQ(edges(kathmandu(), "1d", at(2024, 5, 1), at(2024, 5, 1, 23)),
              (std::vector{at(2024, 5, 1, 18, 15), at(2024, 5, 2, 18, 15)}));
}

TEST(Buckets, SplitWhereClocksLeaveTheGrid) {
    // 01:00, then half past one for the second time, then 02:00.
    EXPECT_EQ(edges(lord_howe(), "1h", at(2024, 4, 6, 13, 30), at(2024, 4, 6, 15, 45)),
              (std::vector{at(2024, 4, 6, 14), at(2024, 4, 6, 15), at(2024, 4, 6, 15, 30), at(2024, 4, 6, 16, 30)}));
    // 01:00, then half past two, then 03:00.
    EXPECT_EQ(
        edges(lord_howe(), "1h", at(2024, 10, 5, 14), at(2024, 10, 5, 16, 5)),
        (std::vector{at(2024, 10, 5, 14, 30), at(2024, 10, 5, 15, 30), at(2024, 10, 5, 16), at(2024, 10, 5, 17)}));
    EXPECT_EQ(edges(lord_howe(), "30m", at(2024, 4, 6, 14, 10), at(2024, 4, 6, 15, 20)).size(), 3u);
    // Seconds in the offset: hours began 30 seconds past.
    EXPECT_EQ(edges(monrovia(), "1h", at(1972, 1, 6, 23), at(1972, 1, 7, 1, 30)),
              (std::vector{at(1972, 1, 6, 23, 44) + 30 * micros_per_second,
                           at(1972, 1, 7, 0, 44) + 30 * micros_per_second, at(1972, 1, 7, 1), at(1972, 1, 7, 2)}));
}

TEST(Buckets, StandSkippedDaysAndTwoMidnights) {
    EXPECT_EQ(edges(apia(), "1d", at(2011, 12, 28, 20), at(2011, 12, 31, 12)),
              (std::vector{at(2011, 12, 29, 10), at(2011, 12, 30, 10), at(2011, 12, 31, 10), at(2012, 1, 1, 10)}));
    // 7 November 2010: at 00:01 it was 23:01 again, so midnight came twice; the second one counts.
    EXPECT_EQ(edges(st_johns(), "1d", at(2010, 11, 6, 2), at(2010, 11, 7, 3, 30)),
              (std::vector{at(2010, 11, 6, 2, 30), at(2010, 11, 7, 3, 30), at(2010, 11, 8, 3, 30)}));
    EXPECT_EQ(bucket_start(st_johns(), bucket("1d"), at(2010, 11, 7, 2, 30)), at(2010, 11, 6, 2, 30));
    EXPECT_EQ(next_bucket(st_johns(), bucket("1d"), at(2010, 11, 6, 2, 30)), at(2010, 11, 7, 3, 30));
    EXPECT_EQ(edges(st_johns(), "1h", at(2010, 3, 14, 2, 40), at(2010, 3, 14, 4)),
              (std::vector{at(2010, 3, 14, 3, 30), at(2010, 3, 14, 4, 30)}));  // a whole hour off stays on the grid
}

TEST(Buckets, TileTimeWithoutGapOrOverlap) {
    for (const Zone &zone : {berlin(), kathmandu(), lord_howe(), apia(), st_johns(), monrovia()})
        for (std::string_view const name : {"15m", "30m", "1h", "1d", "1w", "1mo"})
            for (int year : {1971, 2010, 2011, 2024}) {
                auto const found = edges(zone, name, at(year, 12, 1), at(year + 1, 1, 20));
                for (std::size_t i = 0; i + 1 < found.size(); ++i) {
                    ASSERT_LT(found[i], found[i + 1]);
                    ASSERT_EQ(bucket_start(zone, bucket(name), found[i]), found[i]);
                    ASSERT_EQ(bucket_start(zone, bucket(name), found[i + 1] - 1), found[i]);
                    ASSERT_EQ(next_bucket(zone, bucket(name), found[i]), found[i + 1]);
                }
            }
}

TEST(Comparison, KnowsHowFarBackToLook) {
    auto const back = [](CompareTo other, std::string_view of, std::string_view period, int buckets) {
        return distance(other, bucket(of), parse_period(period).value(), buckets);
    };
    using enum CompareTo;
    EXPECT_EQ(back(previous_period, "1h", "24h", 24), (Span{0, 0, 24 * h}));
    EXPECT_EQ(back(previous_period, "1h", "7d", 167), (Span{0, 7, 0}));
    EXPECT_EQ(back(previous_period, "1d", "168h", 7), (Span{0, 7, 0}));
    EXPECT_EQ(back(previous_period, "1d", "1mo", 31), (Span{1, 0, 0}));
    EXPECT_EQ(back(previous_period, "1h", "90m", 2), (Span{0, 0, 2 * h}));
    EXPECT_EQ(back(previous_period, "1w", "90d", 13), (Span{0, 91, 0}));
    EXPECT_EQ(back(previous_period, "1w", "1mo", 4), (Span{0, 28, 0}));
    EXPECT_EQ(back(previous_period, "1mo", "90d", 3), (Span{3, 0, 0}));
    EXPECT_EQ(back(previous_day, "1d", "7d", 7), (Span{0, 1, 0}));
    EXPECT_EQ(back(previous_month, "1d", "7d", 7), (Span{1, 0, 0}));
    EXPECT_EQ(back(previous_month, "1w", "4w", 4), (Span{0, 28, 0}));
    EXPECT_EQ(back(previous_year, "1w", "4w", 4), (Span{0, 364, 0}));
    EXPECT_EQ(back(previous_year, "1mo", "1y", 12), (Span{12, 0, 0}));
    EXPECT_FALSE(back(previous_day, "1w", "4w", 4));
    EXPECT_FALSE(back(previous_day, "1mo", "1y", 12));
    EXPECT_FALSE(back(previous_week, "1mo", "1y", 12));
}

TEST(Comparison, ComparesAPartWithTheSamePart) {
    auto const pair = [](const Zone &zone, std::string_view name, Instant until, Span back) {
        auto const starts = edges(zone, name, until - 1, until);
        auto const slots = slots_until(starts, until + 1);
        return counterparts(zone, bucket(name), slots, back).front();
    };
    EXPECT_EQ(pair(Zone::utc(), "1h", at(2024, 5, 15, 10, 20), {0, 1, 0}),
              (Slot{at(2024, 5, 14, 10), at(2024, 5, 14, 10, 20) + 1}));
    EXPECT_EQ(pair(berlin(), "1d", at(2024, 3, 31, 10), {0, 1, 0}),  // noon of a day of 23 hours
              (Slot{at(2024, 3, 29, 23), at(2024, 3, 30, 11) + 1}));
    EXPECT_EQ(pair(Zone::utc(), "1mo", at(2024, 3, 15, 6), {1, 0, 0}), (Slot{at(2024, 2, 1), at(2024, 2, 15, 6) + 1}));
    EXPECT_EQ(pair(Zone::utc(), "1mo", at(2024, 3, 31, 6), {1, 0, 0}), (Slot{at(2024, 2, 1), at(2024, 3, 1)}));
    // A whole month with a whole month, though it is longer.
    EXPECT_EQ(pair(Zone::utc(), "1mo", at(2024, 3, 1) - 1, {1, 0, 0}), (Slot{at(2024, 1, 1), at(2024, 2, 1)}));
    // The same hour of the day a week before, on the other side of the change of clocks.
    auto const slots = slots_until(edges(berlin(), "1h", at(2024, 3, 31, 0), at(2024, 3, 31, 2, 59)), at(2024, 4, 1));
    EXPECT_EQ(counterparts(berlin(), bucket("1h"), slots, {0, 7, 0}),
              (std::vector<Slot>{{at(2024, 3, 24, 2), at(2024, 3, 24, 3)}, {at(2024, 3, 24, 3), at(2024, 3, 24, 4)}}));
}

TEST(Reading, TakesFewPasses) {
    auto const places = [](const Reading &r) {
        std::string text;
        for (auto const &p : r.places) text += std::to_string(p.batch) + "." + std::to_string(p.slot) + " ";
        return text;
    };
    // The period before, its last bucket cut: two runs.
    std::vector<Slot> const two{{20, 30}, {30, 34}, {0, 10}, {10, 14}};
    EXPECT_EQ(arrange(two).batches, (std::vector<std::vector<Instant>>{{0, 10, 14}, {20, 30, 34}}));
    EXPECT_EQ(places(arrange(two)), "1.0 1.1 0.0 0.1 ");
    // The day before of several days: shared slots are read once, a cut one beside its whole.
    std::vector<Slot> const shared{{10, 20}, {20, 30}, {30, 34}, {0, 10}, {10, 20}, {20, 24}};
    EXPECT_EQ(arrange(shared).batches, (std::vector<std::vector<Instant>>{{0, 10, 20, 24}, {20, 30, 34}}));
    EXPECT_EQ(places(arrange(shared)), "0.1 1.0 1.1 0.0 0.1 0.2 ");
    std::vector<Slot> const odd{{5, 5}, {7, 6}, {8, 9}};
    EXPECT_EQ(places(arrange(odd)), "-1.0 -1.0 0.0 ");
    EXPECT_TRUE(arrange({}).batches.empty());
}

}  // namespace
