#include "core/sketch/distinct_state.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>

using namespace analytics::core;

namespace {

using Bytes = std::vector<std::byte>;
using Integers = std::vector<std::int64_t>;

Bytes from_hex(std::string_view hex) {
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes.push_back(static_cast<std::byte>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    return bytes;
}

Hash128 hash_of(std::uint64_t id) { return hash_bytes(std::as_bytes(std::span(&id, 1)), 1); }

DistinctSet set_of(std::span<const std::int64_t> values, bool hashed) {
    DistinctSet set;
    for (std::int64_t const v : values) {
        if (hashed) set.add_hash(hash_of(static_cast<std::uint64_t>(v)));
        else set.add_integer(v);
    }
    return set;
}

// Sets of all the shapes for which a Roaring bitmap has a container, and of those that it packs badly.
std::vector<Integers> samples() {
    std::mt19937_64 random(42);
    auto const draw = [&](std::size_t n, auto &&next) {
        Integers values(n);
        for (std::int64_t &v : values) v = next();
        return values;
    };
    std::int64_t i = 0;
    return {{},
            {0},
            {-1},
            {INT64_MIN, INT64_MAX, 0, -1, 1},
            {7, 7, 7, 7},
            {5, 4, 3, 2, 1},
            draw(30, [&] { return static_cast<std::int64_t>(random()); }),
            draw(3000, [&] { return static_cast<std::int64_t>(random()); }),  // one group a value
            draw(300, [&] { return static_cast<std::int64_t>(random() % 1000); }),
            draw(20000, [&] { return static_cast<std::int64_t>(random() % 100000); }),        // bit sets and arrays
            draw(200000, [&] { return static_cast<std::int64_t>(random() % 5000) - 2500; }),  // many repeated
            draw(100000, [&] { return i++; }),                                                // runs
            draw(5000,
                 [&] {
                     return (static_cast<std::int64_t>(random() % 3) << 32) +
                            static_cast<std::int64_t>(random() % 70000);
                 }),
            draw(90000, [&] { return static_cast<std::int64_t>(random() % 2000000000); })};
}

std::uint64_t distinct(const Integers &values) { return std::set<std::int64_t>(values.begin(), values.end()).size(); }

TEST(Hash, IsXxh3) {
    // Values of the reference implementation's specification.
    Hash128 const nothing = hash_bytes({}, 0);
    EXPECT_EQ(nothing.high, 0x99aa06d3014798d8u);
    EXPECT_EQ(nothing.low, 0x6001c324468d497fu);
    EXPECT_NE(hash_bytes({}, 1), nothing);
}

TEST(Hash, SortsWhateverComes) {
    std::mt19937_64 random(1);
    for (std::size_t const n : {0u, 1u, 2u, 127u, 128u, 1000u, 70000u})
        for (int const shape : {0, 1, 2, 3}) {
            std::vector<Hash128> hashes(n);
            for (Hash128 &h : hashes) {
                h = {random(), random()};
                if (shape == 1) h.high = random() % 50;                      // crowded
                if (shape == 2) h.high &= 0xFFFFFFFF, h.low = random() % 3;  // the high bits say nothing
                if (shape == 3) h = hash_of(random() % 100);                 // repeated
            }
            std::vector<Hash128> expected = hashes;
            std::stable_sort(expected.begin(), expected.end());
            sort_hashes(hashes);
            ASSERT_EQ(hashes, expected) << n << " of shape " << shape;
        }
}

TEST(DistinctSet, CountsExactly) {
    for (const Integers &values : samples())
        for (bool const hashed : {false, true}) {
            DistinctSet set = set_of(values, hashed);
            EXPECT_EQ(set.cardinality(), distinct(values));
            Bytes const bytes = set.bytes();
            EXPECT_EQ(DistinctSet::cardinality(bytes), distinct(values));
            EXPECT_EQ(DistinctSet::cardinality(std::span(bytes).first(8)), distinct(values));
            EXPECT_NO_THROW(DistinctSet::validate(bytes));
            DistinctSet again;
            again.merge(bytes);
            EXPECT_EQ(again.cardinality(), distinct(values));
            EXPECT_EQ(again.bytes(), bytes);
        }
}

TEST(DistinctSet, FindsWhatItHolds) {
    for (std::int64_t const count : {0, 1, 2, 3, 100, 1000}) {
        DistinctSet set;
        auto const hash = [](std::int64_t i) { return hash_bytes(std::as_bytes(std::span(&i, 1)), 1); };
        for (std::int64_t i = 0; i < count; ++i) set.add_hash(hash(i));
        std::vector<std::byte> const bytes = set.bytes();
        for (std::int64_t i = 0; i < 2 * count + 2; ++i) EXPECT_EQ(DistinctSet::holds(bytes, hash(i)), i < count);
    }
    DistinctSet integers;
    integers.add_integer(1);
    EXPECT_FALSE(DistinctSet::holds(integers.bytes(), Hash128{0, 1}));
    EXPECT_THROW(DistinctSet::holds({}, Hash128{0, 1}), std::invalid_argument);
}

TEST(DistinctSet, KeepsTheIntegersThemselves) {
    for (const Integers &values : samples()) {
        Bytes const bytes = set_of(values, false).bytes();
        DistinctSet::Head const head = DistinctSet::head(bytes);
        if (head.count == 0) continue;
        Integers held = IntegerSet::values(head.kind == DistinctSet::Kind::integer_list ? IntegerSet::Form::list
                                                                                        : IntegerSet::Form::bitmaps,
                                           std::span(bytes).subspan(8), head.count);
        std::sort(held.begin(), held.end());
        std::set<std::int64_t> const expected(values.begin(), values.end());
        EXPECT_TRUE(std::equal(held.begin(), held.end(), expected.begin(), expected.end()));
    }
}

TEST(DistinctSet, UnitesToTheByte) {
    std::mt19937_64 random(2);
    for (const Integers &values : samples())
        for (bool const hashed : {false, true}) {
            Bytes const whole = set_of(values, hashed).bytes();
            for (std::size_t const parts : {2u, 7u, 60u}) {
                Integers shuffled = values;
                std::shuffle(shuffled.begin(), shuffled.end(), random);
                std::size_t const half = shuffled.size() / 2;  // half of the values are in two parts
                DistinctSet set;
                for (std::size_t part = 0; part < parts; ++part) {
                    Integers some;
                    for (std::size_t i = part; i < shuffled.size(); i += parts) {
                        some.push_back(shuffled[i]);
                        some.push_back(shuffled[(i + half) % shuffled.size()]);
                    }
                    set.merge(set_of(some, hashed).bytes());
                }
                EXPECT_EQ(set.bytes(), whole);
            }
        }
}

TEST(DistinctSet, UnitesMoreThanOneListful) {
    DistinctSet set;
    for (std::uint64_t part = 0; part < 40; ++part) {
        DistinctSet some;
        for (std::uint64_t i = 0; i < 15000; ++i) some.add_hash(hash_of(part * 10000 + i));
        set.merge(some.bytes());
    }
    EXPECT_EQ(set.cardinality(), 405000u);
}

TEST(DistinctSet, IsSmall) {
    auto const size = [](const Integers &values, bool hashed) { return set_of(values, hashed).bytes().size(); };
    EXPECT_EQ(size({}, false), 8u);
    EXPECT_EQ(size({1}, false), 16u);
    EXPECT_EQ(size({1, 2, 3, 4}, false), 40u);
    EXPECT_EQ(size({1, 2, 3}, true), 8u + 3 * 16);
    EXPECT_LE(size(samples()[11], false), 60u);         // 100,000 in a row
    EXPECT_LE(size(samples()[9], false), 16400u + 60);  // below two bytes a value
}

TEST(DistinctSet, StoredFormIsAsDocumented) {
    EXPECT_EQ(set_of({}, true).bytes(), from_hex("0100000000000000"));
    EXPECT_EQ(set_of(Integers{-1, 2}, false).bytes(), from_hex("0102020000000000"
                                                               "0200000000000000"
                                                               "ffffffffffffffff"));
    // 1..5: one group 0 of 15 bytes: cookie with runs, one container, flag, key 0 with 5 values, one run 1 + 4.
    EXPECT_EQ(set_of(Integers{1, 2, 3, 4, 5}, false).bytes(), from_hex("0103050000000000"
                                                                       "01000000"
                                                                       "00000000"
                                                                       "0f000000"
                                                                       "3b300000"
                                                                       "01"
                                                                       "00000400"
                                                                       "0100"
                                                                       "01000400"));
    DistinctSet set;
    set.add_hash({0x0102030405060708u, 0x1112131415161718u});
    EXPECT_EQ(set.bytes(), from_hex("0101010000000000"
                                    "0807060504030201"
                                    "1817161514131211"));
}

TEST(DistinctSet, NeverMixesSorts) {
    DistinctSet integers = set_of(Integers{1}, false), hashes = set_of(Integers{1}, true);
    EXPECT_THROW(integers.add_hash(hash_of(1)), std::invalid_argument);
    EXPECT_THROW(hashes.add_integer(1), std::invalid_argument);
    EXPECT_THROW(integers.merge(hashes.bytes()), std::invalid_argument);
    EXPECT_THROW(hashes.merge(integers.bytes()), std::invalid_argument);
    integers.merge(DistinctSet().bytes());
    EXPECT_EQ(integers.cardinality(), 1u);
}

// ------------------------------------------------------------------------------------------------------ hostile bytes

// Refused, or a proper set.
void expect_harmless(const Bytes &bytes) {
    DistinctSet set;
    try {
        set.merge(bytes);
    } catch (const std::invalid_argument &) {
        EXPECT_THROW(DistinctSet::validate(bytes), std::invalid_argument);
        return;
    }
    EXPECT_EQ(set.cardinality(), DistinctSet::cardinality(bytes));
    Bytes const written = set.bytes();
    EXPECT_NO_THROW(DistinctSet::validate(written));
}

std::vector<Bytes> stored_samples() {
    std::vector<Bytes> all;
    std::vector<Integers> const values = samples();
    for (std::size_t const i : {0u, 1u, 3u, 5u, 6u, 8u, 11u, 12u})
        for (bool const hashed : {false, true})
            all.push_back(
                set_of(std::span(values[i]).first(std::min<std::size_t>(values[i].size(), 200)), hashed).bytes());
    // All three kinds of container in one bitmap.
    Integers mixed;
    for (std::int64_t i = 0; i < 9000; ++i) mixed.push_back(2 * i);
    for (std::int64_t i = 0; i < 100; ++i) mixed.push_back(70000 + i);
    for (std::int64_t i = 0; i < 10; ++i) mixed.push_back(200000 + 7 * i);
    all.push_back(set_of(mixed, false).bytes());
    return all;
}

TEST(HostileDistinctSet, EveryTruncationIsRefused) {
    for (const Bytes &bytes : stored_samples()) {
        for (std::size_t n = 0; n < bytes.size(); n += n < 400 ? 1 : 37)
            EXPECT_THROW(DistinctSet::validate(std::span(bytes).first(n)), std::invalid_argument) << n;
        Bytes longer = bytes;
        longer.push_back(std::byte{0});
        EXPECT_THROW(DistinctSet::validate(longer), std::invalid_argument);
    }
}

TEST(HostileDistinctSet, EveryFlippedBitIsHarmless) {
    std::mt19937_64 random(3);
    for (const Bytes &bytes : stored_samples()) {
        for (std::size_t i = 0; i < 8 * std::min<std::size_t>(bytes.size(), 150); ++i) {
            Bytes changed = bytes;
            changed[i / 8] ^= static_cast<std::byte>(1 << i % 8);
            expect_harmless(changed);
        }
        for (int round = 0; round < 300; ++round) {
            Bytes changed = bytes;
            for (int flips = 0; flips < 3; ++flips)
                changed[random() % changed.size()] = static_cast<std::byte>(random());
            expect_harmless(changed);
        }
    }
}

TEST(HostileDistinctSet, WhatIsNotInOrderIsRefused) {
    std::string const one_group = "01000000"
                                  "00000000";
    for (const std::string &bytes : {
             std::string("0200000000000000"),  // version
             std::string("0104000000000000"),  // kind
             std::string("0100010000000000"),  // empty, yet one value
             std::string("0101000000000000"),  // no hashes
             std::string("0101ffffffffffff"),  // 2^48 - 1 of them
             std::string("0103ffffffffffff") + one_group,
             std::string("0102020000000000"
                         "0200000000000000"
                         "0100000000000000"),  // list descends
             std::string("0102020000000000"
                         "0200000000000000"
                         "0200000000000000"),  // twice
             std::string("0103050000000000") + one_group +
                 "0f000000"
                 "3b300000"
                 "01"
                 "00000400"
                 "0200"
                 "01000200"
                 "03000100",
             std::string("0103050000000000") + one_group +
                 "0f000000"
                 "3b300000"
                 "01"
                 "00000400"
                 "0100"
                 "fdff0400",  // past 65535
             std::string("0103050000000000") + one_group +
                 "0f000000"
                 "3b300000"
                 "03"
                 "00000400"
                 "0100"
                 "01000400",  // flag
             std::string("0103050000000000") + one_group +
                 "0f000000"
                 "3b300000"
                 "01"
                 "00000500"
                 "0100"
                 "01000400",  // count
             std::string("0103060000000000") + one_group +
                 "0f000000"
                 "3b300000"
                 "01"
                 "00000400"
                 "0100"
                 "01000400",  // count
             std::string("0103050000000000") + one_group +
                 "ff000000"
                 "3b300000"
                 "01"
                 "00000400"
                 "0100"
                 "01000400",  // length
             std::string("0103050000000000") + one_group +
                 "08000000"
                 "3a300000"
                 "ffffffff",  // 2^32 - 1 containers
         })
        EXPECT_THROW(DistinctSet::validate(from_hex(bytes)), std::invalid_argument) << bytes;
}

TEST(HostileDistinctSet, AnUnusualFormIsTheSameSet) {
    // An array where a run is shorter, and bitmaps where a list is.
    Bytes const array = from_hex("0103050000000000"
                                 "01000000"
                                 "00000000"
                                 "1a000000"
                                 "3a300000"
                                 "01000000"
                                 "00000400"
                                 "10000000"
                                 "01000200030004000500");
    Bytes const bitmaps = from_hex("0103010000000000"
                                   "01000000"
                                   "00000000"
                                   "12000000"
                                   "3a300000"
                                   "01000000"
                                   "00000000"
                                   "10000000"
                                   "0700");
    EXPECT_NO_THROW(DistinctSet::validate(array));
    EXPECT_NO_THROW(DistinctSet::validate(bitmaps));
    DistinctSet five, one;
    five.merge(array);
    one.merge(bitmaps);
    EXPECT_EQ(five.bytes(), set_of(Integers{1, 2, 3, 4, 5}, false).bytes());
    EXPECT_EQ(one.bytes(), set_of(Integers{7}, false).bytes());
}

// ------------------------------------------------------------------------------------------------- the working form

// Does as the SQL aggregate does.
struct State {
    std::unique_ptr<Bytes> memory = std::make_unique<Bytes>(124);
    DistinctState view;
    std::size_t moves = 0;
    explicit State(bool hashed)
        : view(DistinctState::create(*memory, hashed ? DistinctState::Holds::hashes : DistinctState::Holds::integers)) {
    }
    DistinctState::Growth grow(std::span<const std::byte> stored = {}) {
        DistinctState::Growth growth = view.grow(stored);
        auto larger = std::make_unique<Bytes>(growth.bytes, std::byte{0xEE});
        view = view.move_to(*larger, growth);
        memory = std::move(larger);
        ++moves;
        return growth;
    }
    bool try_add(std::int64_t value, bool hashed) {
        return hashed ? view.add_hash(hash_of(static_cast<std::uint64_t>(value))) : view.add_integer(value);
    }
    void add(std::int64_t value, bool hashed) {
        if (try_add(value, hashed)) return;
        grow();
        ASSERT_TRUE(try_add(value, hashed));
    }
    void merge(const Bytes &stored) {
        if (view.add_stored(stored)) return;
        if (!grow(stored).merged) {
            ASSERT_TRUE(view.add_stored(stored));
        }
    }
};

TEST(DistinctState, GivesTheSetOfTheSameValues) {
    for (const Integers &values : samples())
        for (bool const hashed : {false, true}) {
            Bytes const whole = set_of(values, hashed).bytes();
            State one(hashed), two(hashed), united(hashed), small(hashed);
            for (std::size_t i = 0; i < values.size(); ++i) {
                one.add(values[i], hashed);
                (i % 3 == 0 ? two : united).add(values[i], hashed);
            }
            EXPECT_EQ(one.view.encode(), whole);
            united.merge(two.view.encode());
            EXPECT_EQ(united.view.encode(), whole);
            for (std::size_t from = 0; from < values.size(); from += 97)
                small.merge(
                    set_of(std::span(values).subspan(from, std::min<std::size_t>(97, values.size() - from)), hashed)
                        .bytes());
            EXPECT_EQ(small.view.encode(), whole);
            small.merge(whole);
            EXPECT_EQ(small.view.encode(), whole);
        }
}

TEST(DistinctState, StaysSmallWhenValuesRepeat) {
    for (bool const hashed : {false, true}) {
        State state(hashed);
        for (int i = 0; i < 100000; ++i) state.add(i % 10, hashed);
        EXPECT_LE(state.memory->size(), 1000u);
        EXPECT_LE(state.moves, 3u);
    }
}

TEST(DistinctState, MovesSeldom) {
    for (bool const hashed : {false, true}) {
        State state(hashed);
        for (int i = 0; i < 300000; ++i) state.add(i * std::int64_t{1000003}, hashed);
        EXPECT_LE(state.moves, 25u);
        EXPECT_LE(state.memory->size(), 300000u * 16 * 2 + 100000);
    }
}

TEST(DistinctState, IsNotAStoredSet) {
    State state(true);
    EXPECT_TRUE(DistinctState::is_state(*state.memory));
    EXPECT_FALSE(DistinctState::is_state(DistinctSet().bytes()));
    EXPECT_THROW(DistinctSet::validate(*state.memory), std::invalid_argument);
    EXPECT_THROW(state.view.add_integer(1), std::invalid_argument);
    EXPECT_THROW(state.merge(set_of(Integers{1}, false).bytes()), std::invalid_argument);
    Bytes damaged(12, DistinctState::tag);
    EXPECT_THROW(DistinctState{damaged}, std::invalid_argument);
}

}  // namespace
