#include "core/rollup/cover.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace analytics::core {
namespace {

constexpr std::int64_t quarter = hour_us / 4, never = INT64_MAX;

TEST(Cover, WholeHoursAreReadAsHours) {
    std::vector<std::int64_t> edges;
    for (int h = 0; h <= 168; ++h) edges.push_back(h * hour_us);
    TimeRange const live[] = {{168 * hour_us, never}};
    Cover const c = cover(edges, quarter, live);
    ASSERT_EQ(c.whole[static_cast<int>(Level::hour)].size(), 1u);
    EXPECT_EQ(c.whole[static_cast<int>(Level::hour)][0], (TimeRange{0, 168 * hour_us}));
    EXPECT_TRUE(c.parts[static_cast<int>(Level::raw)].empty());
}

TEST(Cover, OneWindowTakesDaysThenHoursThenBucketsThenRows) {
    std::int64_t const from = -day_us - hour_us - quarter - 7, to = 3 * day_us + 5;
    std::int64_t const edges[] = {from, to};
    TimeRange const live[] = {{never - 1, never}};
    Cover const c = cover(edges, quarter, live);
    using R = std::vector<TimeRange>;
    EXPECT_EQ(c.parts[static_cast<int>(Level::day)], (R{{-day_us, 3 * day_us}}));
    EXPECT_EQ(c.parts[static_cast<int>(Level::hour)], (R{{-day_us - hour_us, -day_us}}));
    EXPECT_EQ(c.parts[static_cast<int>(Level::base)], (R{{-day_us - hour_us - quarter, -day_us - hour_us}}));
    EXPECT_EQ(c.parts[static_cast<int>(Level::raw)],
              (R{{from, -day_us - hour_us - quarter}, {3 * day_us, 3 * day_us + 5}}));
}

TEST(Cover, ALateBucketIsReadRawAndItsNeighboursStayStored) {
    std::int64_t const edges[] = {0, day_us};
    TimeRange const live[] = {{hour_us + quarter, hour_us + 2 * quarter}, {2 * day_us, never}};
    Cover const c = cover(edges, quarter, live);
    using R = std::vector<TimeRange>;
    EXPECT_EQ(c.parts[static_cast<int>(Level::raw)], (R{{hour_us + quarter, hour_us + 2 * quarter}}));
    EXPECT_EQ(c.parts[static_cast<int>(Level::base)],
              (R{{hour_us, hour_us + quarter}, {hour_us + 2 * quarter, 2 * hour_us}}));
    EXPECT_TRUE(c.parts[static_cast<int>(Level::day)].empty());
}

// Any cover: its ranges partition the slots, stored ones are aligned, outside live ranges and inside one slot.
TEST(Cover, RandomCoversPartitionTheWindow) {
    std::mt19937_64 random(7);
    auto pick = [&](std::int64_t n) { return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n)); };
    for (int round = 0; round < 3000; ++round) {
        std::int64_t const base = std::vector<std::int64_t>{quarter, hour_us / 12, hour_us}[random() % 3];
        std::vector<std::int64_t> edges{pick(4 * day_us) - 2 * day_us};
        std::int64_t const grain = std::vector<std::int64_t>{1, quarter, hour_us, day_us}[random() % 4];
        edges[0] = floor_to(edges[0], grain);
        for (std::int64_t i = pick(30); i >= 0; --i)
            edges.push_back(edges.back() + grain * (1 + pick(grain == 1 ? day_us : 3)));
        std::vector<TimeRange> live;
        for (std::int64_t i = pick(6); i > 0; --i) {
            std::int64_t const at = floor_to(pick(8 * day_us) - 3 * day_us, base);
            live.push_back({at, at + base * (1 + pick(5))});
        }
        live.push_back({floor_to(pick(9 * day_us) - 2 * day_us, base), never});
        live = unite(live);
        Cover const c = cover(edges, base, live);
        std::map<std::int64_t, std::int64_t> pieces;
        for (int level = 0; level < level_count; ++level) {
            std::int64_t const width = level == 0 ? 1 : level == 1 ? base : level == 2 ? hour_us : day_us;
            for (auto *lists : {&c.whole[level], &c.parts[level]})
                for (TimeRange r : *lists) {
                    ASSERT_LT(r.from, r.to);
                    ASSERT_TRUE(pieces.emplace(r.from, r.to).second);
                    if (level == 0) continue;
                    ASSERT_EQ(floor_to(r.from, width), r.from);
                    ASSERT_EQ(floor_to(r.to, width), r.to);
                    for (TimeRange l : live) ASSERT_TRUE(l.to <= r.from || l.from >= r.to);
                    for (std::int64_t at = r.from; at < r.to; at += width) {
                        auto const slot = std::upper_bound(edges.begin(), edges.end(), at);
                        ASSERT_LE(at + width, *slot);
                        if (lists == &c.whole[level]) {
                            ASSERT_TRUE(*slot == at + width && *(slot - 1) == at);
                        }
                    }
                }
        }
        std::int64_t at = edges.front();
        for (auto [from, to] : pieces) {
            ASSERT_EQ(from, at);
            at = to;
        }
        ASSERT_EQ(at, edges.back());
    }
}

}  // namespace
}  // namespace analytics::core
