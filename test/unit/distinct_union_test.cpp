#include "core/sketch/distinct_union.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

namespace analytics::core {
namespace {

std::vector<std::byte> hashes_of(const std::set<int> &values) {
    DistinctSet set;
    for (int v : values) {
        std::string const text = "customer " + std::to_string(v);
        set.add_hash(hash_bytes(std::as_bytes(std::span(text)), 0));
    }
    return set.bytes();
}

std::vector<std::byte> integers_of(const std::set<int> &values) {
    DistinctSet set;
    for (int v : values) set.add_integer(v);
    return set.bytes();
}

TEST(DistinctUnion, CountsWhatStdSetCounts) {
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        std::set<int> a, b;
        int const range = 1 + static_cast<int>(random() % 500);
        for (unsigned i = random() % 300; i > 0; --i) a.insert(static_cast<int>(random()) % range);
        for (unsigned i = random() % 300; i > 0; --i) b.insert(static_cast<int>(random()) % range);
        std::set<int> both = a;
        both.insert(b.begin(), b.end());
        EXPECT_EQ(united_cardinality(hashes_of(a), hashes_of(b)), both.size());
        EXPECT_EQ(united_cardinality(integers_of(a), integers_of(b)), both.size());
        EXPECT_EQ(united(hashes_of(a), hashes_of(b)), hashes_of(both));
        EXPECT_EQ(united(integers_of(a), integers_of(b)), integers_of(both));
    }
}

TEST(DistinctUnion, AShortSetAndALongOne) {
    std::mt19937 random(8);
    for (int round = 0; round < 200; ++round) {
        std::set<int> a, b;
        for (unsigned i = 100 + random() % 2000; i > 0; --i) a.insert(static_cast<int>(random() % 4000));
        for (unsigned i = 1 + random() % 12; i > 0; --i) b.insert(static_cast<int>(random() % 4000));
        std::set<int> both = a;
        both.insert(b.begin(), b.end());
        EXPECT_EQ(united_cardinality(hashes_of(a), hashes_of(b)), both.size());
        EXPECT_EQ(united_cardinality(hashes_of(b), hashes_of(a)), both.size());
        EXPECT_EQ(united(hashes_of(a), hashes_of(b)), hashes_of(both));
        EXPECT_EQ(united(hashes_of(b), hashes_of(a)), hashes_of(both));
    }
}

TEST(DistinctUnion, TheSameTwiceAndNothing) {
    std::set<int> const some{1, 2, 3};
    EXPECT_EQ(united_cardinality(hashes_of(some), hashes_of(some)), 3U);
    EXPECT_EQ(united_cardinality(hashes_of(some), hashes_of({})), 3U);
    EXPECT_EQ(united_cardinality(hashes_of({}), hashes_of({})), 0U);
    EXPECT_EQ(united(hashes_of(some), hashes_of({})), hashes_of(some));
    EXPECT_EQ(united(hashes_of({}), hashes_of({})), hashes_of({}));
}

TEST(DistinctUnion, RefusesWhatIsNoSet) {
    std::vector<std::byte> const good = hashes_of({1, 2, 3});
    std::vector<std::byte> cut = good, swapped = good;
    cut.pop_back();
    std::swap_ranges(swapped.begin() + 8, swapped.begin() + 24, swapped.begin() + 24);
    for (const auto &bad : {std::vector<std::byte>(3), cut, swapped}) {
        EXPECT_THROW(united_cardinality(good, bad), std::invalid_argument);
        EXPECT_THROW(united_cardinality(bad, good), std::invalid_argument);
        EXPECT_THROW(united(good, bad), std::invalid_argument);
        EXPECT_THROW(united(bad, good), std::invalid_argument);
    }
    EXPECT_THROW(united_cardinality(good, integers_of({1})), std::invalid_argument);
}

}  // namespace
}  // namespace analytics::core
