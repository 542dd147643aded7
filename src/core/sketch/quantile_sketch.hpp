#pragma once
// A mergeable summary of numbers that answers any quantile within a stated relative error.
#include "core/sketch/bytes.hpp"

#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>
#include <limits>
#include <optional>

namespace analytics::core {

/// The buckets of the default accuracy within one doubling: their ends, and for each 128th of it the bucket in which it
/// begins. A 128th holds at most one end, so a value's bucket is found with one comparison: 2 ns, where the logarithm
/// takes 6 to 10 and may differ between machines in the last bit.
struct DefaultBuckets {
    static constexpr int per_doubling = 35;
    std::array<double, per_doubling + 1> ends{};
    std::array<std::uint8_t, 128> first{};

    constexpr DefaultBuckets() {
        long double root = 1.02L;  // the 35th root of 2, by Newton's method
        for (int step = 0; step < 20; ++step) {
            long double power = 1;
            for (int i = 1; i < per_doubling; ++i) power *= root;
            root -= (power * root - 2) / (per_doubling * power);
        }
        long double end = 1;
        for (double &e : ends) {
            e = static_cast<double>(end);
            end *= root;
        }
        for (std::size_t cell = 0; cell < first.size(); ++cell)
            while (ends[first[cell]] < 1 + static_cast<double>(cell) / 128) ++first[cell];
    }
    std::int32_t number(double magnitude) const noexcept {
        auto const bits = std::bit_cast<std::uint64_t>(magnitude);
        constexpr std::uint64_t one = std::uint64_t{1023} << 52, fraction = (std::uint64_t{1} << 52) - 1;
        int const exponent = static_cast<int>(bits >> 52) - 1023;
        std::size_t const j = first[bits >> 45 & 127];
        return exponent * per_doubling + static_cast<int>(j) +
               (std::bit_cast<double>((bits & fraction) | one) > ends[j] ? 1 : 0);
    }
};
inline constexpr DefaultBuckets default_buckets;

/// The buckets of a sketch: `per_doubling` of them cover each doubling of the magnitude. Bucket i holds (g^(i-1), g^i]
/// with g = 2^(1/per_doubling), and is represented by the point that lies relatively equally far from both ends,
/// 2 g^i / (g + 1); its distance from any value of the bucket is at most accuracy() = (g - 1) / (g + 1) of that value.
///
/// Values are named by a key whose order is the order of the values: positive for positive values, negative for
/// negative ones, 0 for zero and for magnitudes below the smallest normal double (2.2e-308), which count as zero.
class Buckets {
  public:
    static constexpr double default_accuracy = 0.01;
    static constexpr int most_per_doubling = 347;  // accuracy 0.001
    static constexpr int least_per_doubling = 1;   // accuracy 1/3

    /// The fewest buckets that keep `relative_accuracy`; 0.01 gives 35, whose error is at most 0.0099022.
    /// @throws std::invalid_argument unless 0.001 <= relative_accuracy <= 0.3
    static Buckets for_accuracy(double relative_accuracy);
    /// @throws std::invalid_argument when out of range
    explicit Buckets(int per_doubling);

    int per_doubling() const noexcept { return per_doubling_; }
    double accuracy() const noexcept;
    /// Keys lie in [-largest_key(), largest_key()].
    std::int32_t largest_key() const noexcept { return 1024 * per_doubling_ + offset_; }

    /// @param x  finite
    std::int32_t key(double x) const noexcept {
        double const magnitude = std::fabs(x);
        if (magnitude < DBL_MIN) return 0;
        std::int32_t const i = per_doubling_ == DefaultBuckets::per_doubling
                                   ? default_buckets.number(magnitude)
                                   : static_cast<std::int32_t>(std::ceil(std::log2(magnitude) * scale_));
        return x > 0 ? i + offset_ : -(i + offset_);
    }
    double value(std::int32_t key) const noexcept;
    /// The magnitude at the bucket's outer end; lower_end(key) is the inner one. key != 0.
    double outer_end(std::int32_t key) const noexcept;
    double inner_end(std::int32_t key) const noexcept;

    bool operator==(const Buckets &other) const noexcept { return per_doubling_ == other.per_doubling_; }

  private:
    int per_doubling_;
    std::int32_t offset_;  // added to a bucket's number to make it positive
    double scale_;         // per_doubling_ as a double
};

/// Some values of one bucket.
struct Bin {
    std::int32_t key;
    std::uint64_t count;
};

/// What stands at the head of a stored sketch.
struct QuantileHead {
    int per_doubling = 0;
    std::uint64_t count = 0;
    double least = 0, greatest = 0;  // only when count > 0
};

/// Log buckets after DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with
/// relative-error guarantees", VLDB 2019), with these choices:
/// * The count, the least and the greatest value are exact.
/// * Nothing is ever collapsed, so the guarantee has no exception. The size is bounded by the range of double: at most
///   2046 * per_doubling buckets a sign. Latencies from 0.1 ms to an hour need 870 at the default accuracy.
/// * Merging adds counts: the result does not depend on order or grouping, to the byte.
///
/// Quantile p of n values x[0] <= ... <= x[n-1] is what percentile_cont means: r = p * (n - 1), between x[floor(r)] and
/// x[ceil(r)] in proportion. Each of the two is known within accuracy() of its magnitude (the least and the greatest
/// exactly), so the answer is within accuracy() of percentile_cont where both have the same sign, and otherwise within
/// accuracy() of the larger magnitude of the two.
///
/// Stored form, version 1 (see bytes.hpp):
///     u8 version = 1; u8 0; u16 per_doubling; varint count
///     if count >= 1: f64 least;  if count >= 2: f64 greatest
///     if count >= 3: the bins without the least and the greatest value, keys ascending, none empty:
///         varint bins - 1;  first bin: zigzag varint key, varint count - 1;
///         others: varint (key - previous key - 1), varint count - 1
/// One value is 13 bytes, a bin usually 2.
class QuantileSketch {
  public:
    /// A sketch holds at most this many values (the flat state packs a count into 43 bits).
    static constexpr std::uint64_t most_values = (std::uint64_t{1} << 43) - 1;

    explicit QuantileSketch(double relative_accuracy = Buckets::default_accuracy);
    explicit QuantileSketch(Buckets buckets);
    /// Reads stored bytes. @throws std::invalid_argument when they are not a valid sketch
    explicit QuantileSketch(std::span<const std::byte> stored);

    /// @throws std::domain_error when x is not finite
    void add(double x) {
        if (!(std::fabs(x) <= DBL_MAX)) throw std::domain_error("quantiles take finite values only");
        x += 0.0;  // no negative zero: which of two zeros is the least would depend on the order
        count_more(1);
        add_bin(buckets_.key(x), 1);
        add_extremes(x, x);
    }

    /// @throws std::invalid_argument when the accuracies differ, or the bytes are not a valid sketch (this one is then
    ///         left with a part of them: throw it away)
    void merge(const QuantileSketch &other);
    void merge(std::span<const std::byte> stored);

    const Buckets &buckets() const noexcept { return buckets_; }
    std::uint64_t count() const noexcept { return count_; }
    std::optional<double> least() const noexcept;
    std::optional<double> greatest() const noexcept;
    /// Quantile p in [0, 1]; nothing when there are no values. O(buckets).
    /// @throws std::invalid_argument when p is out of range or NaN
    std::optional<double> quantile(double p) const;
    /// The share of the values that are <= x, in [0, 1]; 0 without values. Exact where no value lies in x's own bucket;
    /// within that bucket values are taken to lie evenly. x may be infinite.
    /// @throws std::invalid_argument when x is NaN
    double rank_of(double x) const;

    /// Bins, keys ascending, the least and the greatest value included.
    std::vector<Bin> bins() const;
    std::vector<std::byte> bytes() const;

    /// The head of stored bytes, without reading the rest.
    static QuantileHead head(std::span<const std::byte> stored);
    static void validate(std::span<const std::byte> stored);
    /// At least the number of bins of stored bytes, the extremes included.
    static std::size_t most_bins(std::span<const std::byte> stored);
    /// Writes the stored form. `bins` as bins() gives them.
    static std::vector<std::byte> encode(const QuantileHead &head, std::span<const Bin> bins);
    /// Calls visit(key, count) for each bin of valid stored bytes, the extremes included, and returns the head.
    template <class Visit>
    static QuantileHead decode(std::span<const std::byte> stored, const Buckets &buckets, Visit &&visit);

  private:
    /// Counts of the keys first, first + 1, ...
    struct Window {
        std::int32_t first = 0;
        std::vector<std::uint64_t> counts = {};
        void add(std::int32_t key, std::uint64_t count) {
            auto const i = static_cast<std::uint32_t>(key - first);
            if (key < first || i >= counts.size()) return add_outside(key, count);
            counts[i] += count;
        }
        void add_outside(std::int32_t key, std::uint64_t count);
        void merge(const Window &other);
    };
    void count_more(std::uint64_t count) {
        if (count > most_values - count_)
            throw std::invalid_argument("a quantile_sketch holds at most 2^43 - 1 values");
        count_ += count;
    }
    void add_bin(std::int32_t key, std::uint64_t count) {
        if (key > 0) positive_.add(key, count);
        else if (key < 0) negative_.add(-key, count);
        else zeros_ += count;
    }
    void add_extremes(double least, double greatest) {
        least_ = std::min(least_, least);
        greatest_ = std::max(greatest_, greatest);
    }
    template <class Visit> void each_bin(Visit &&visit) const;

    Buckets buckets_;
    std::uint64_t count_ = 0, zeros_ = 0;
    double least_ = std::numeric_limits<double>::infinity(), greatest_ = -least_;
    Window positive_ = {}, negative_ = {};  // the negative one by -key
};

namespace detail {
QuantileHead read_quantile_head(ByteReader &reader);
std::uint64_t read_other_bins(ByteReader &reader);  // the number of bins, less one
}  // namespace detail

template <class Visit>
QuantileHead QuantileSketch::decode(std::span<const std::byte> stored, const Buckets &buckets, Visit &&visit) {
    ByteReader reader(stored, "quantile_sketch");
    QuantileHead const head = detail::read_quantile_head(reader);
    if (head.per_doubling != buckets.per_doubling())
        throw std::invalid_argument("quantile sketches of different relative accuracy cannot be merged");
    if (head.count >= 1) visit(buckets.key(head.least), std::uint64_t{1});
    if (head.count >= 2) visit(buckets.key(head.greatest), std::uint64_t{1});
    if (head.count >= 3) {
        // Another machine's logarithm may put an extreme, and what lies in its bucket, into the next one. Here they
        // stay together, or a sketch that is written again would not be the same.
        std::int64_t const lowest = buckets.key(head.least), highest = buckets.key(head.greatest);
        auto const widest = static_cast<std::uint64_t>(2 * std::int64_t{buckets.largest_key()});
        std::uint64_t left = head.count - 2;
        std::uint64_t const others = detail::read_other_bins(reader);
        std::int64_t key = 0;
        const std::byte *at = reader.position();  // kept here: in the reader each byte would go through memory
        const std::byte *const end = at + reader.left();
        for (std::uint64_t i = 0; i <= others; ++i) {
            std::uint64_t step, count;
            if (end - at >= 2 && ((at[0] | at[1]) & std::byte{0x80}) == std::byte{0}) {  // nearly always
                step = std::to_integer<std::uint64_t>(at[0]);
                count = std::to_integer<std::uint64_t>(at[1]);
                at += 2;
            } else {
                reader.seek(at);
                step = reader.varint();
                count = reader.varint();
                at = reader.position();
            }
            if (step > widest) reader.refuse("a bucket is out of range");
            key = i == 0 ? static_cast<std::int64_t>(step >> 1) ^ -static_cast<std::int64_t>(step & 1)
                         : key + static_cast<std::int64_t>(step) + 1;
            if (key < lowest - 1 || key > highest + 1)
                reader.refuse("a bucket lies outside its least and greatest value");
            if (count >= left) reader.refuse("the counts of its buckets do not add up");
            left -= count + 1;
            visit(static_cast<std::int32_t>(std::clamp(key, lowest, highest)), count + 1);
        }
        reader.seek(at);
        if (left != 0) reader.refuse("the counts of its buckets do not add up");
    }
    reader.expect_end();
    return head;
}

}  // namespace analytics::core
