#include "core/limits/bucket_table.hpp"
#include "core/limits/token_bucket.hpp"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <shared_mutex>
#include <string>
#include <thread>

namespace analytics::core {
namespace {

constexpr std::int64_t second = 1'000'000'000, minute = 60 * second;

TEST(TokenBucket, GivesExactlyItsTokensAndOneMoreAfterEachInterval) {
    Rate const rate(10, minute);
    std::int64_t bucket = 0, now = 1234567;
    for (int i = 0; i < 10; ++i) {
        Taken const taken = take(bucket, rate, 1, now);
        EXPECT_TRUE(taken.allowed);
        EXPECT_EQ(taken.remaining, 9 - i);
        EXPECT_EQ(taken.full_in_ns, (i + 1) * 6 * second);
    }
    Taken refused = take(bucket, rate, 1, now);
    EXPECT_FALSE(refused.allowed);
    EXPECT_EQ(refused.remaining, 0);
    EXPECT_EQ(refused.wait_ns, 6 * second);
    EXPECT_EQ(refused.full_in_ns, minute);
    refused = take(bucket, rate, 1, now + 6 * second - 1);
    EXPECT_FALSE(refused.allowed);
    EXPECT_EQ(refused.wait_ns, 1);
    EXPECT_TRUE(take(bucket, rate, 1, now + 6 * second).allowed);
    EXPECT_FALSE(take(bucket, rate, 1, now + 6 * second).allowed);
}

TEST(TokenBucket, ARefusalTakesNothing) {
    Rate const rate(10, minute);
    std::int64_t bucket = 0;
    EXPECT_TRUE(take(bucket, rate, 7, 0).allowed);
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(take(bucket, rate, 4, 0).allowed);
    EXPECT_TRUE(take(bucket, rate, 3, 0).allowed);
    EXPECT_FALSE(take(bucket, rate, 11, 10 * minute).allowed);
}

TEST(TokenBucket, AWindowThatDoesNotDivideStillHoldsItsTokens) {
    for (int tokens : {7, 13, 999, 1'000'000}) {
        Rate const rate(tokens, minute);
        std::int64_t bucket = 0;
        int allowed = 0;
        for (int i = 0; i < tokens + 5; ++i) allowed += take(bucket, rate, 1, second).allowed;
        EXPECT_EQ(allowed, tokens);
    }
}

TEST(TokenBucket, ALowerLimitHoldsForABucketThatIsEmptierThanItAllows) {
    std::int64_t bucket = 0;
    take(bucket, Rate(10, 60 * minute), 10, 0);  // empty for an hour
    Taken const taken = take(bucket, Rate(10, minute), 1, 0);
    EXPECT_FALSE(taken.allowed);
    EXPECT_EQ(taken.remaining, 0);
    EXPECT_EQ(taken.wait_ns, 59 * minute + 6 * second);
}

TEST(TokenBucket, RatesWithoutTokensAreRefused) {
    EXPECT_THROW(Rate(0, minute), std::invalid_argument);
    EXPECT_THROW(Rate(-1, minute), std::invalid_argument);
    EXPECT_THROW(Rate(100, 99), std::invalid_argument);
}

// The plain definition: a number of tokens that refills at a steady rate up to its limit.
TEST(TokenBucket, EqualsABucketThatRefillsContinuously) {
    std::mt19937_64 random(7);
    for (int round = 0; round < 200; ++round) {
        auto const limit = static_cast<std::int64_t>(1 + random() % 50);
        Rate const rate(limit, limit * 1'000'000);  // a token a millisecond: every number below is exact
        std::int64_t bucket = 0, now = 0, millionths = limit * 1'000'000;
        for (int i = 0; i < 500; ++i) {
            auto const passed = static_cast<std::int64_t>(random() % 3'000'000);
            auto const cost = static_cast<std::int64_t>(1 + random() % 4);
            now += passed;
            millionths = std::min(limit * 1'000'000, millionths + passed);
            bool const expected = millionths >= cost * 1'000'000;
            if (expected) millionths -= cost * 1'000'000;
            Taken const taken = take(bucket, rate, cost, now);
            ASSERT_EQ(taken.allowed, expected);
            ASSERT_EQ(taken.remaining, millionths / 1'000'000);
            ASSERT_EQ(taken.full_in_ns, limit * 1'000'000 - millionths);
            ASSERT_EQ(taken.wait_ns, expected ? 0 : cost * 1'000'000 - millionths);
        }
    }
}

TEST(TokenBucket, EightThreadsGetExactlyItsTokens) {
    Rate const rate(100'000, 1'000'000 * minute);  // nothing comes back meanwhile
    std::int64_t bucket = 0;
    std::atomic<int> allowed = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t)
        threads.emplace_back([&] {
            int mine = 0;
            for (int i = 0; i < 20'000; ++i) mine += take(bucket, rate, 1, i % 2).allowed;
            allowed += mine;
        });
    for (std::thread &thread : threads) thread.join();
    EXPECT_EQ(allowed, 100'000);
}

/// The table with its locks, as a server has it.
struct Locked {
    explicit Locked(std::size_t size) : slots(size), table(slots) {}
    /// Nothing when no slot was free.
    std::optional<Taken> take(Hash128 key, const Rate &rate, std::int64_t now) {
        std::shared_mutex &lock = locks[BucketTable::partition(key)];
        {
            std::shared_lock const shared(lock);
            if (std::int64_t *bucket = table.find(key)) return core::take(*bucket, rate, 1, now);
        }
        std::unique_lock const exclusive(lock);
        std::int64_t *bucket = table.claim(key, now);
        if (bucket == nullptr) return std::nullopt;
        return core::take(*bucket, rate, 1, now);
    }
    std::vector<BucketSlot> slots;
    BucketTable table;
    std::deque<std::shared_mutex> locks{BucketTable::partitions};
};

Hash128 key_of(std::uint64_t i) { return BucketTable::key("key " + std::to_string(i), 42); }

TEST(BucketTable, HoldsAHundredThousandLiveBuckets) {
    Locked buckets(1 << 17);
    Rate const rate(2, minute), passing(1, 10);
    for (std::uint64_t i = 0; i < 1'000'000; ++i)  // what was idle is in the way, and is taken over
        ASSERT_TRUE(buckets.take(key_of(1'000'000 + i), passing, static_cast<std::int64_t>(i))) << i;
    for (std::uint64_t i = 0; i < 100'000; ++i) ASSERT_TRUE(buckets.take(key_of(i), rate, second)) << i;
    EXPECT_EQ(buckets.table.live(second), 100'000u);
    for (std::uint64_t i = 0; i < 100'000; ++i) {  // and each is its key's own
        auto const second_token = buckets.take(key_of(i), rate, second);
        ASSERT_TRUE(second_token && second_token->allowed);
        auto const third = buckets.take(key_of(i), rate, second);
        ASSERT_TRUE(third && !third->allowed);
    }
    EXPECT_EQ(buckets.table.live(second + minute), 0u);
}

TEST(BucketTable, AFloodOfKeysLeavesAnExhaustedBucketExhausted) {
    Locked buckets(1 << 13);
    Rate const rate(3, minute);
    for (std::uint64_t victim = 0; victim < 500; ++victim)
        for (int i = 0; i < 3; ++i) ASSERT_TRUE(buckets.take(key_of(victim), rate, 0)->allowed);
    int turned_away = 0;
    for (std::uint64_t i = 0; i < 100'000; ++i)
        turned_away += !buckets.take(key_of(1000 + i), rate, 1 + static_cast<std::int64_t>(i));
    EXPECT_GT(turned_away, 90'000);  // only 8192 slots: the flood fills them
    for (std::uint64_t victim = 0; victim < 500; ++victim) {
        auto const taken = buckets.take(key_of(victim), rate, second);
        ASSERT_TRUE(taken.has_value());
        ASSERT_FALSE(taken->allowed);
    }
}

TEST(BucketTable, IdleSlotsAreUsedAgain) {
    Locked buckets(1 << 15);
    Rate const rate(1, minute);
    std::uint64_t i = 0;
    for (std::int64_t now = 0; now < 100 * minute; now += minute)
        for (int n = 0; n < 20'000; ++n) ASSERT_TRUE(buckets.take(key_of(i++), rate, now)) << i;
}

// Whatever happens in the table, each key that has a bucket sees what one of its own would have shown.
TEST(BucketTable, EachKeyIsAsIfItWereAlone) {
    Locked buckets(1 << 10);
    std::map<std::uint64_t, std::int64_t> alone;
    Rate const rate(4, 4 * second);
    std::mt19937_64 random(3);
    std::int64_t now = 0;
    int found = 0;
    for (int i = 0; i < 300'000; ++i) {
        now += static_cast<std::int64_t>(random() % (second / 50));
        std::uint64_t const id = random() % (i % 3 == 0 ? 100'000 : 300);
        std::int64_t &own = alone[id];
        std::int64_t const before = own;
        auto const taken = buckets.take(key_of(id), rate, now);
        if (!taken) {
            ASSERT_LE(before, now);  // who has a bucket that is not full keeps it
            continue;
        }
        Taken const expected = take(own, rate, 1, now);
        ASSERT_EQ(taken->allowed, expected.allowed);
        ASSERT_EQ(taken->remaining, expected.remaining);
        ++found;
    }
    EXPECT_GT(found, 100'000);
}

TEST(BucketTable, EightThreadsGetExactlyTheTokensOfEachKeyWhileOthersComeAndGo) {
    Locked buckets(1 << 12);
    Rate const rate(500, 1'000'000 * minute), passing(1, 10);
    std::array<std::atomic<int>, 20> allowed{};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 8; ++t)
        threads.emplace_back([&, t] {
            std::mt19937_64 random(t);
            for (int i = 0; i < 40'000; ++i) {
                std::uint64_t const id = random() % 20;
                if (auto const taken = buckets.take(key_of(id), rate, i); taken && taken->allowed) ++allowed[id];
                buckets.take(key_of(1000 + random() % 100'000), passing, i);
            }
        });
    for (std::thread &thread : threads) thread.join();
    for (auto &count : allowed) EXPECT_EQ(count, 500);
}

}  // namespace
}  // namespace analytics::core
