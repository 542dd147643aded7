#include "core/memory/recently_used.hpp"

#include <gtest/gtest.h>

#include <string>

namespace analytics::core {
namespace {

TEST(RecentlyUsed, ForgetsWhatWasNotAskedForLongest) {
    RecentlyUsed<std::string, int> known(30);
    known.put("a", 1, 10);
    known.put("b", 2, 10);
    known.put("c", 3, 10);
    ASSERT_NE(known.find("a"), nullptr);  // b is the oldest now
    known.put("d", 4, 10);
    EXPECT_EQ(known.find("b"), nullptr);
    ASSERT_NE(known.find("a"), nullptr);
    EXPECT_EQ(*known.find("a"), 1);
    EXPECT_EQ(*known.find("c"), 3);
    EXPECT_EQ(*known.find("d"), 4);
}

TEST(RecentlyUsed, KeepsTheNewestWhateverItsSize) {
    RecentlyUsed<int, std::string> known(10);
    known.put(1, "small", 5);
    EXPECT_EQ(known.put(2, "large", 100), "large");
    EXPECT_EQ(known.find(1), nullptr);
    ASSERT_NE(known.find(2), nullptr);
    known.put(3, "next", 5);
    EXPECT_EQ(known.find(2), nullptr);
    EXPECT_NE(known.find(3), nullptr);
}

TEST(RecentlyUsed, ClearForgetsAll) {
    RecentlyUsed<int, int> known(100);
    known.put(1, 1, 90);
    known.clear();
    EXPECT_EQ(known.find(1), nullptr);
    known.put(2, 2, 90);
    known.put(3, 3, 5);  // the bytes of what was cleared do not count
    EXPECT_NE(known.find(2), nullptr);
}

}  // namespace
}  // namespace analytics::core
