#include "core/sketch/quantile_state.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <random>

using namespace analytics::core;

namespace {

using Bytes = std::vector<std::byte>;

Bytes from_hex(std::string_view hex) {
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes.push_back(static_cast<std::byte>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    return bytes;
}

QuantileSketch sketch_of(std::span<const double> values, double accuracy = Buckets::default_accuracy) {
    QuantileSketch sketch(accuracy);
    for (double const v : values) sketch.add(v);
    return sketch;
}

// The two order statistics between which percentile_cont lies, and itself.
struct Exact {
    double low, high, value;
};
Exact exact(std::span<const double> sorted, double p) {
    double const rank = p * static_cast<double>(sorted.size() - 1);
    auto const i = static_cast<std::size_t>(rank);
    double const share = rank - static_cast<double>(i);
    double const low = sorted[i], high = sorted[share > 0 ? i + 1 : i];
    return {low, high, (1 - share) * low + share * high};
}

// What the header promises.
void expect_within(const QuantileSketch &sketch, std::vector<double> values, const std::string &what) {
    std::sort(values.begin(), values.end());
    std::mt19937_64 random(7);
    std::vector<double> shares{0, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1};
    for (int i = 0; i < 50; ++i) shares.push_back(std::uniform_real_distribution(0.0, 1.0)(random));
    double const accuracy = sketch.buckets().accuracy() * (1 + 1e-9);
    for (double const p : shares) {
        Exact const e = exact(values, p);
        double const got = sketch.quantile(p).value();
        EXPECT_LE(std::fabs(got - e.value), accuracy * std::max(std::fabs(e.low), std::fabs(e.high)))
            << what << " " << p;
        if (e.low >= 0 || e.high <= 0) {
            EXPECT_LE(std::fabs(got - e.value), accuracy * std::fabs(e.value)) << what << " at " << p;
        }
    }
    EXPECT_EQ(sketch.quantile(0).value(), values.front()) << what;
    EXPECT_EQ(sketch.quantile(1).value(), values.back()) << what;
    EXPECT_EQ(sketch.count(), values.size()) << what;
}

std::vector<std::vector<double>> samples() {
    std::mt19937_64 random(42);
    auto const draw = [&](std::size_t n, auto &&next) {
        std::vector<double> values(n);
        for (double &v : values) v = next();
        return values;
    };
    std::lognormal_distribution<> lognormal(5, 1);
    std::uniform_real_distribution<> unit(0, 1);
    std::normal_distribution<> normal(0, 100);
    return {draw(20000, [&] { return lognormal(random); }),
            draw(20000, [&] { return std::pow(1 - unit(random), -1 / 1.1); }),  // Pareto
            draw(5000, [&] { return -lognormal(random); }),
            draw(5000, [&] { return normal(random); }),
            draw(5000, [&] { return std::floor(unit(random) * 4) - 1; }),       // -1, 0, 1, 2
            draw(1000, [&] { return std::exp2(unit(random) * 2000 - 1000); }),  // almost all magnitudes there are
            draw(300, [&] { return 42.5; }),
            {17.25},
            {3, 900},
            {5, -5, 0},
            {1e300, -1e300, 1e-300},
            {0, 0, 0, 0}};
}

TEST(Buckets, HaveTheFewestThatKeepTheAccuracy) {
    EXPECT_EQ(Buckets::for_accuracy(0.01).per_doubling(), 35);
    for (double const accuracy : {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3}) {
        Buckets const buckets = Buckets::for_accuracy(accuracy);
        EXPECT_LE(buckets.accuracy(), accuracy);
        EXPECT_GT(Buckets(buckets.per_doubling() - 1).accuracy(), accuracy);
    }
    for (double const accuracy : {0.0, 0.0009, 0.31, -1.0, std::nan("")})
        EXPECT_THROW(Buckets::for_accuracy(accuracy), std::invalid_argument);
}

TEST(Buckets, RepresentAllFiniteValues) {
    std::mt19937_64 random(1);
    for (int const per_doubling : {1, 7, 35, 347}) {
        Buckets const buckets(per_doubling);
        double const accuracy = buckets.accuracy() * (1 + 1e-9);
        auto const check = [&](double x) {
            std::int32_t const key = buckets.key(x);
            ASSERT_LE(std::abs(key), buckets.largest_key());
            ASSERT_LE(std::fabs(buckets.value(key) - x), accuracy * std::fabs(x)) << x << " with " << per_doubling;
            ASSERT_EQ(buckets.key(-x), -key);
        };
        for (int i = 0; i < 200000; ++i) {
            double const x = std::bit_cast<double>(random() >> 1);  // any exponent
            if (std::isfinite(x) && x >= DBL_MIN) check(x);
        }
        for (int i = -1022 * per_doubling; i <= 1024 * per_doubling; i += per_doubling / 9 + 1) {
            double const end = std::exp2(static_cast<double>(i) / per_doubling);  // where buckets meet
            for (double const x : {std::nextafter(end, 0), end, std::nextafter(end, DBL_MAX)})
                if (x >= DBL_MIN && x <= DBL_MAX) check(x);
        }
        check(DBL_MIN);
        check(DBL_MAX);
        EXPECT_EQ(buckets.key(0), 0);
        EXPECT_EQ(buckets.key(std::nextafter(DBL_MIN, 0)), 0);
    }
}

TEST(Buckets, KeysAreInTheOrderOfTheValues) {
    std::mt19937_64 random(2);
    Buckets const buckets(35);
    std::vector<double> values;
    for (int i = 0; i < 200000; ++i) {
        double const x = std::exp2(std::uniform_real_distribution(-30.0, 30.0)(random));
        values.push_back(i % 3 == 0 ? -x : x);
    }
    std::sort(values.begin(), values.end());
    for (std::size_t i = 1; i < values.size(); ++i) ASSERT_LE(buckets.key(values[i - 1]), buckets.key(values[i]));
}

TEST(Buckets, TheTableOfTheDefaultIsTheLogarithm) {
    std::mt19937_64 random(3);
    for (int i = 0; i < 200000; ++i) {
        double const x = std::exp2(std::uniform_real_distribution(-900.0, 900.0)(random));
        double const position = std::log2(x) * 35;
        if (std::fabs(position - std::round(position)) < 1e-9) continue;  // the last bit may decide
        ASSERT_EQ(default_buckets.number(x), static_cast<int>(std::ceil(position))) << x;
    }
    EXPECT_EQ(default_buckets.number(1), 0);
    EXPECT_EQ(default_buckets.number(2), 35);
    EXPECT_EQ(default_buckets.number(std::nextafter(2, 3)), 36);
    EXPECT_EQ(default_buckets.number(std::nextafter(2, 1)), 35);
}

TEST(QuantileSketch, KeepsItsGuarantee) {
    int number = 0;
    for (const std::vector<double> &values : samples()) {
        for (double const accuracy : {0.01, 0.05, 0.003})
            expect_within(sketch_of(values, accuracy), values, "sample " + std::to_string(number));
        ++number;
    }
}

TEST(QuantileSketch, StatesAtMostOnePercentByDefault) { EXPECT_LT(QuantileSketch().buckets().accuracy(), 0.0099023); }

TEST(QuantileSketch, KnowsTwoValuesExactly) {
    QuantileSketch const sketch = sketch_of(std::vector<double>{10, 20});
    EXPECT_DOUBLE_EQ(sketch.quantile(0.25).value(), 12.5);
    EXPECT_DOUBLE_EQ(sketch.quantile(0.5).value(), 15);
    EXPECT_DOUBLE_EQ(sketch_of(std::vector<double>{-7.3}).quantile(0.9).value(), -7.3);
    EXPECT_EQ(sketch_of(std::vector<double>{-DBL_MAX, DBL_MAX}).quantile(0.5).value(), 0);
}

TEST(QuantileSketch, MergesToTheByte) {
    std::mt19937_64 random(4);
    for (const std::vector<double> &values : samples()) {
        Bytes const whole = sketch_of(values).bytes();
        for (std::size_t const parts : {2u, 3u, 20u}) {
            std::vector<double> shuffled = values;
            std::shuffle(shuffled.begin(), shuffled.end(), random);
            QuantileSketch by_object, by_bytes;
            for (std::size_t part = 0; part < parts; ++part) {
                std::vector<double> some;
                for (std::size_t i = part; i < shuffled.size(); i += parts) some.push_back(shuffled[i]);
                QuantileSketch const piece = sketch_of(some);
                by_object.merge(piece);
                by_bytes.merge(piece.bytes());
            }
            EXPECT_EQ(by_object.bytes(), whole);
            EXPECT_EQ(by_bytes.bytes(), whole);
        }
        QuantileSketch again{std::span<const std::byte>(whole)};
        EXPECT_EQ(again.bytes(), whole);
        expect_within(again, values, "read again");
    }
}

TEST(QuantileSketch, LiesBetweenItsTwoValues) {
    for (double const x : {0.1, 0.7, -1e192, 3.3, 1e-300})
        for (int i = 0; i <= 1000; ++i)
            ASSERT_EQ(sketch_of(std::vector{x, x}).quantile(i / 1000.0), x) << x << " at " << i;
}

TEST(QuantileSketch, HasNoNegativeZero) {
    Bytes const one = sketch_of(std::vector<double>{-0.0, 0.0}).bytes();
    EXPECT_EQ(one, sketch_of(std::vector<double>{0.0, -0.0}).bytes());
}

TEST(QuantileSketch, StoredFormIsAsDocumented) {
    // u8 version, u8 0, u16 35, varint count, f64 ...
    EXPECT_EQ(QuantileSketch().bytes(), from_hex("0100230000"));
    EXPECT_EQ(sketch_of(std::vector<double>{1}).bytes(), from_hex("0100230001000000000000f03f"));
    EXPECT_EQ(sketch_of(std::vector<double>{2, 1}).bytes(), from_hex("0100230002000000000000f03f0000000000000040"));
    // 2 is in bucket 35, key 35 + 1022 * 35 + 1 = 35806, zigzag 71612 = bc af 04; one bin (less one: 0) of one value.
    EXPECT_EQ(sketch_of(std::vector<double>{1, 2, 3}).bytes(),
              from_hex("0100230003000000000000f03f000000000000084000bcaf0400"));
    // The same twice, and 4 (35 buckets on: step 34 = 22 hex) twice: bins less one 1.
    EXPECT_EQ(sketch_of(std::vector<double>{1, 2, 2, 4, 4, 5}).bytes(),
              from_hex("0100230006000000000000f03f000000000000144001bcaf04012201"));
    // Zero has key 0; -2 zigzag 71611 = bb af 04, from there 35805 = dd 97 02 to 0.
    EXPECT_EQ(sketch_of(std::vector<double>{-4, -2, 0, 4}).bytes(),
              from_hex("010023000400000000000010c0000000000000104001bbaf0400dd970200"));
}

TEST(QuantileSketch, OfManyValuesIsSmall) {
    std::vector<double> const values = samples()[0];
    EXPECT_LE(sketch_of(values).bytes().size(), 1400u);
    EXPECT_LE(sketch_of(std::span(values).first(300)).bytes().size(), 450u);
}

TEST(QuantileSketch, RanksWithinItsBuckets) {
    for (const std::vector<double> &values : samples()) {
        QuantileSketch const sketch = sketch_of(values);
        std::vector<double> sorted = values;
        std::sort(sorted.begin(), sorted.end());
        auto const share_below = [&](double x) {
            return static_cast<double>(std::upper_bound(sorted.begin(), sorted.end(), x) - sorted.begin()) /
                   static_cast<double>(sorted.size());
        };
        double previous = 0;
        for (std::size_t i = 0; i < sorted.size(); i += sorted.size() / 100 + 1) {
            double const x = sorted[i], got = sketch.rank_of(x);
            double const slack = 0.0201 * std::fabs(x);
            EXPECT_GE(got, share_below(x - slack) - 1e-12);
            EXPECT_LE(got, share_below(x + slack) + 1e-12);
            EXPECT_GE(got, previous);
            previous = got;
        }
        EXPECT_EQ(sketch.rank_of(sorted.back()), 1);
        EXPECT_EQ(sketch.rank_of(std::numeric_limits<double>::infinity()), 1);
        EXPECT_EQ(sketch.rank_of(-std::numeric_limits<double>::infinity()), 0);
        EXPECT_GT(sketch.rank_of(sorted.front()), 0);
    }
    EXPECT_EQ(QuantileSketch().rank_of(1), 0);
    EXPECT_THROW(QuantileSketch().rank_of(std::nan("")), std::invalid_argument);
}

TEST(QuantileSketch, RefusesWhatItCannotTake) {
    QuantileSketch sketch;
    for (double const x : {std::nan(""), HUGE_VAL, -HUGE_VAL}) EXPECT_THROW(sketch.add(x), std::domain_error);
    EXPECT_EQ(sketch.count(), 0u);
    EXPECT_EQ(sketch.quantile(0.5), std::nullopt);
    for (double const p : {-0.1, 1.1, std::nan("")}) EXPECT_THROW(sketch.quantile(p), std::invalid_argument);
    EXPECT_THROW(sketch.merge(QuantileSketch(0.02)), std::invalid_argument);
    EXPECT_THROW(sketch.merge(QuantileSketch(0.02).bytes()), std::invalid_argument);
}

// ------------------------------------------------------------------------------------------------------ hostile bytes

// Refused, or a sketch that answers within its extremes.
void expect_harmless(const Bytes &bytes) {
    try {
        QuantileSketch::validate(bytes);
    } catch (const std::invalid_argument &) {
        EXPECT_THROW(QuantileSketch{std::span<const std::byte>(bytes)}, std::invalid_argument);
        return;
    }
    QuantileSketch sketch{std::span<const std::byte>(bytes)};
    if (sketch.count() == 0) return;
    for (double const p : {0.0, 0.3, 0.5, 1.0}) {
        double const value = sketch.quantile(p).value();
        EXPECT_TRUE(value >= sketch.least().value() && value <= sketch.greatest().value());
    }
    Bytes const written = sketch.bytes();
    EXPECT_NO_THROW(QuantileSketch::validate(written));
}

TEST(HostileQuantileSketch, EveryTruncationIsRefused) {
    for (const std::vector<double> &values : samples()) {
        Bytes const bytes = sketch_of(std::span(values).first(std::min<std::size_t>(values.size(), 500))).bytes();
        for (std::size_t n = 0; n < bytes.size(); ++n)
            EXPECT_THROW(QuantileSketch::validate(std::span(bytes).first(n)), std::invalid_argument) << n;
        Bytes longer = bytes;
        longer.push_back(std::byte{0});
        EXPECT_THROW(QuantileSketch::validate(longer), std::invalid_argument);
    }
}

TEST(HostileQuantileSketch, EveryFlippedBitIsHarmless) {
    std::vector<double> const values = samples()[3];
    Bytes const bytes = sketch_of(std::span(values).first(60)).bytes();
    for (std::size_t i = 0; i < 8 * bytes.size(); ++i) {
        Bytes changed = bytes;
        changed[i / 8] ^= static_cast<std::byte>(1 << i % 8);
        expect_harmless(changed);
    }
    std::mt19937_64 random(5);
    for (int round = 0; round < 20000; ++round) {
        Bytes changed = bytes;
        for (int flips = 0; flips < 4; ++flips)
            changed[4 + random() % (changed.size() - 4)] = static_cast<std::byte>(random());
        expect_harmless(changed);
    }
}

// As another machine's logarithm may have it: values in the buckets next to those of the least and the greatest.
TEST(HostileQuantileSketch, ValuesBesideTheExtremesAreWrittenTheSameAgain) {
    Buckets const buckets(QuantileSketch().buckets());
    std::vector<Bin> const bins{{buckets.key(2) - 1, 3}, {buckets.key(8) + 1, 3}};
    Bytes const foreign = QuantileSketch::encode({buckets.per_doubling(), 6, 2, 8}, bins);
    Bytes const once = QuantileSketch(std::span<const std::byte>(foreign)).bytes();
    EXPECT_EQ(QuantileSketch(std::span<const std::byte>(once)).bytes(), once);
}

TEST(HostileQuantileSketch, HugeNumbersAreRefused) {
    std::string const head = "01002300", least = "000000000000f03f", greatest = "0000000000000840";
    for (const std::string &bytes : {
             head + "ffffffffffffffffff01",                          // count 2^64 - 1
             head + "ffffffffffff7f" + least + greatest,             // count 2^49
             head + "80808080808080808002" + least,                  // more than 64 bits
             head + "8100" + least,                                  // 1, but not in the shortest way
             head + "03" + least + greatest + "ffffffff0f",          // 2^32 bins
             head + "03" + least + greatest + "00ffffffffff0f00",    // a bucket far out of range
             head + "03" + least + greatest + "00bcaf04ffffffff0f",  // more values in a bin than there are
             head + "03" + least + greatest + "00f4af0400",          // a bucket above the greatest value
             head + "04" + least + greatest + "00bcaf0400",          // fewer values than counted
             head + "02" + greatest + least,                         // least above greatest
             head + "01" + "000000000000f07f",                       // infinity
             head + "01" + "000000000000f87f",                       // NaN
             std::string("0200230000"), std::string("0101230000"),   // version, reserved byte
             std::string("0100000000"), std::string("01005c0100"),   // accuracy 0 and 348
         })
        EXPECT_THROW(QuantileSketch::validate(from_hex(bytes)), std::invalid_argument) << bytes;
}

TEST(HostileQuantileSketch, TooManyValuesTogetherAreRefused) {
    // All of one value: count 2^43 - 1, a single bin with the rest.
    ByteWriter writer(64);
    writer.fixed(std::uint32_t{0x00230001});
    writer.varint(QuantileSketch::most_values);
    writer.fixed(1.0);
    writer.fixed(1.0);
    writer.varint(0);
    writer.varint(2u * static_cast<unsigned>(Buckets(35).key(1.0)));
    writer.varint(QuantileSketch::most_values - 3);
    Bytes const full = writer.release();
    QuantileSketch sketch{std::span<const std::byte>(full)};
    EXPECT_EQ(sketch.bytes(), full);
    EXPECT_THROW(sketch.merge(std::span<const std::byte>(full)), std::invalid_argument);
    EXPECT_THROW(sketch.add(1), std::invalid_argument);
}

// ------------------------------------------------------------------------------------------------- the working form

// Does as the SQL aggregate does.
struct State {
    std::unique_ptr<Bytes> memory = std::make_unique<Bytes>(124);
    QuantileState view;
    explicit State(int per_doubling = 35) : view(QuantileState::create(*memory, Buckets(per_doubling))) {}
    void make_room(std::size_t more) {
        if (view.has_room(more)) return;
        auto larger = std::make_unique<Bytes>(
            std::max(2 * memory->size(), QuantileState::bytes_for(view.used() + more)), std::byte{0xEE});
        view = view.move_to(*larger);
        memory = std::move(larger);
    }
    void add(double x) {
        if (view.add(x)) return;
        make_room(1);
        ASSERT_TRUE(view.add(x));
    }
    void merge(const Bytes &stored) {
        make_room(QuantileSketch::most_bins(stored));
        view.merge_stored(stored);
    }
    void merge(const State &other) {
        make_room(other.view.used());
        view.merge_state(other.view);
    }
};

TEST(QuantileState, GivesTheSketchOfTheSameValues) {
    for (const std::vector<double> &values : samples()) {
        Bytes const whole = sketch_of(values).bytes();
        State one, two, united, stored;
        for (std::size_t i = 0; i < values.size(); ++i) {
            one.add(values[i]);
            (i % 3 == 0 ? two : united).add(values[i]);
        }
        EXPECT_EQ(one.view.encode(), whole);
        EXPECT_EQ(one.view.count(), values.size());
        united.merge(two);
        EXPECT_EQ(united.view.encode(), whole);
        for (std::size_t from = 0; from < values.size(); from += 100)
            stored.merge(
                sketch_of(std::span(values).subspan(from, std::min<std::size_t>(100, values.size() - from))).bytes());
        EXPECT_EQ(stored.view.encode(), whole);
    }
}

TEST(QuantileState, IsNotAStoredSketch) {
    State state;
    EXPECT_TRUE(QuantileState::is_state(*state.memory));
    EXPECT_FALSE(QuantileState::is_state(QuantileSketch().bytes()));
    EXPECT_THROW(QuantileSketch::validate(*state.memory), std::invalid_argument);
    EXPECT_THROW(state.merge(State(20)), std::invalid_argument);
    EXPECT_THROW(state.merge(QuantileSketch(0.02).bytes()), std::invalid_argument);
    Bytes damaged(20, QuantileState::tag);
    EXPECT_THROW(QuantileState{damaged}, std::invalid_argument);
}

TEST(QuantileState, SpaceGrowsWithTheValues) {
    State state;
    for (int i = 0; i < 5; ++i) state.add(i + 1);
    EXPECT_EQ(state.memory->size(), 124u);  // 128 bytes with the length word
    for (int i = 0; i < 100000; ++i) state.add(100 + i % 50);
    EXPECT_LE(state.memory->size(), 1000u);
}

}  // namespace
