#include "core/sketch/quantile_sketch.hpp"

namespace analytics::core {

Buckets Buckets::for_accuracy(double relative_accuracy) {
    if (!(relative_accuracy >= 0.001 && relative_accuracy <= 0.3))
        throw std::invalid_argument("relative_accuracy must be between 0.001 and 0.3");
    double const exact = std::log(2.0) / std::log1p(2 * relative_accuracy / (1 - relative_accuracy));
    return Buckets(static_cast<int>(std::ceil(exact - 1e-9)));
}

Buckets::Buckets(int per_doubling)
    : per_doubling_(per_doubling), offset_(1022 * per_doubling + 1), scale_(per_doubling) {
    if (per_doubling < least_per_doubling || per_doubling > most_per_doubling)
        throw std::invalid_argument("not a valid quantile_sketch: its accuracy is out of range");
}

double Buckets::accuracy() const noexcept {
    double const g = std::exp2(1 / scale_);
    return (g - 1) / (g + 1);
}

double Buckets::value(std::int32_t key) const noexcept {
    if (key == 0) return 0;
    // Half of g^i and twice the rest: g^i itself overflows in the last bucket.
    double const magnitude = std::exp2((std::abs(key) - offset_) / scale_ - 1) * (4 / (std::exp2(1 / scale_) + 1));
    return key > 0 ? magnitude : -magnitude;
}

double Buckets::outer_end(std::int32_t key) const noexcept {
    return std::min(std::exp2((std::abs(key) - offset_) / scale_), DBL_MAX);
}

double Buckets::inner_end(std::int32_t key) const noexcept { return std::exp2((std::abs(key) - offset_ - 1) / scale_); }

void QuantileSketch::Window::add_outside(std::int32_t key, std::uint64_t count) {
    auto const size = static_cast<std::int32_t>(counts.size());
    if (size == 0) {
        first = key - 16;
        counts.resize(64);
    } else {
        // Room grows by half, so that values that wander off cost a constant each.
        std::int32_t const spare = std::max(64, size / 2);
        if (key < first) {
            std::int32_t const new_first = key - spare;
            counts.insert(counts.begin(), static_cast<std::size_t>(first - new_first), 0);
            first = new_first;
        } else {
            counts.resize(static_cast<std::size_t>(key - first + 1 + spare));
        }
    }
    counts[static_cast<std::size_t>(key - first)] += count;
}

void QuantileSketch::Window::merge(const Window &other) {
    std::size_t from = 0, to = other.counts.size();
    while (from < to && other.counts[from] == 0) ++from;
    while (to > from && other.counts[to - 1] == 0) --to;
    if (from == to) return;
    add(other.first + static_cast<std::int32_t>(from), 0);  // makes room at both ends
    add(other.first + static_cast<std::int32_t>(to - 1), 0);
    std::uint64_t *const mine = counts.data() + (other.first + static_cast<std::int32_t>(from) - first);
    for (std::size_t i = from; i < to; ++i) mine[i - from] += other.counts[i];
}

QuantileSketch::QuantileSketch(double relative_accuracy) : buckets_(Buckets::for_accuracy(relative_accuracy)) {}
QuantileSketch::QuantileSketch(Buckets buckets) : buckets_(buckets) {}
QuantileSketch::QuantileSketch(std::span<const std::byte> stored) : buckets_(head(stored).per_doubling) {
    merge(stored);
}

void QuantileSketch::merge(const QuantileSketch &other) {
    if (buckets_ != other.buckets_)
        throw std::invalid_argument("quantile sketches of different relative accuracy cannot be merged");
    count_more(other.count_);
    zeros_ += other.zeros_;
    positive_.merge(other.positive_);
    negative_.merge(other.negative_);
    add_extremes(other.least_, other.greatest_);
}

void QuantileSketch::merge(std::span<const std::byte> stored) {
    QuantileHead const head =
        decode(stored, buckets_, [this](std::int32_t key, std::uint64_t count) { add_bin(key, count); });
    count_more(head.count);
    if (head.count > 0) add_extremes(head.least, head.greatest);
}

std::optional<double> QuantileSketch::least() const noexcept {
    return count_ == 0 ? std::nullopt : std::optional(least_);
}
std::optional<double> QuantileSketch::greatest() const noexcept {
    return count_ == 0 ? std::nullopt : std::optional(greatest_);
}

// Calls visit(key, count) for each bin, keys ascending, until it returns false.
template <class Visit> void QuantileSketch::each_bin(Visit &&visit) const {
    for (std::size_t i = negative_.counts.size(); i-- > 0;)
        if (negative_.counts[i] != 0 && !visit(-(negative_.first + static_cast<std::int32_t>(i)), negative_.counts[i]))
            return;
    if (zeros_ != 0 && !visit(0, zeros_)) return;
    for (std::size_t i = 0; i < positive_.counts.size(); ++i)
        if (positive_.counts[i] != 0 && !visit(positive_.first + static_cast<std::int32_t>(i), positive_.counts[i]))
            return;
}

std::optional<double> QuantileSketch::quantile(double p) const {
    if (!(p >= 0 && p <= 1)) throw std::invalid_argument("a quantile's p must be between 0 and 1");
    if (count_ == 0) return std::nullopt;
    double const rank = p * static_cast<double>(count_ - 1);
    auto const below = static_cast<std::uint64_t>(rank);  // p * (n - 1) cannot round above n - 1
    double const share = rank - static_cast<double>(below);
    std::uint64_t const above = share > 0 ? below + 1 : below;

    // Of the values ranked `below` and `above`; the extremes are known exactly.
    std::uint64_t const last = count_ - 1;
    double low = below == last ? greatest_ : least_;
    double high = above == 0 ? least_ : greatest_;
    bool const seek_low = below != 0 && below != last;
    bool const seek_high = above != 0 && above != last;
    if (seek_low || seek_high) {
        std::uint64_t seen = 0;
        bool low_found = !seek_low;
        each_bin([&](std::int32_t key, std::uint64_t count) {
            seen += count;
            if (!low_found && seen > below) {
                low = std::clamp(buckets_.value(key), least_, greatest_);
                low_found = true;
            }
            if (seek_high && seen > above) {
                high = std::clamp(buckets_.value(key), least_, greatest_);
                return false;
            }
            return !(low_found && !seek_high);
        });
    }
    // Weights, not low + share * (high - low), whose difference overflows between huge values of both signs. They may
    // round out of the two, also where these are equal.
    return share > 0 ? std::clamp((1 - share) * low + share * high, low, high) : low;
}

double QuantileSketch::rank_of(double x) const {
    if (std::isnan(x)) throw std::invalid_argument("rank_of takes a number, not NaN");
    if (count_ == 0 || x < least_) return 0;
    if (x >= greatest_) return 1;
    std::int32_t const own = buckets_.key(x);
    std::uint64_t below = 0;
    double within = 0;
    each_bin([&](std::int32_t key, std::uint64_t count) {
        if (key < own) below += count;
        if (key != own) return key < own;
        if (key == 0) {
            within = static_cast<double>(count);
        } else {
            double const inner = buckets_.inner_end(key), outer = buckets_.outer_end(key);
            double const part = std::clamp((std::fabs(x) - inner) / (outer - inner), 0.0, 1.0);
            within = static_cast<double>(count) * (key > 0 ? part : 1 - part);
        }
        return false;
    });
    // x lies between the extremes: at least one value is not above it, at least one is.
    auto const n = static_cast<double>(count_);
    return std::clamp(static_cast<double>(below) + within, 1.0, n - 1) / n;
}

std::vector<Bin> QuantileSketch::bins() const {
    std::vector<Bin> all;
    each_bin([&](std::int32_t key, std::uint64_t count) {
        all.push_back({key, count});
        return true;
    });
    return all;
}

std::vector<std::byte> QuantileSketch::bytes() const {
    return encode({buckets_.per_doubling(), count_, least_, greatest_}, bins());
}

std::vector<std::byte> QuantileSketch::encode(const QuantileHead &head, std::span<const Bin> bins) {
    ByteWriter writer(32 + 3 * bins.size());
    writer.fixed(std::uint8_t{1});
    writer.fixed(std::uint8_t{0});
    writer.fixed(static_cast<std::uint16_t>(head.per_doubling));
    writer.varint(head.count);
    if (head.count >= 1) writer.fixed(head.least);
    if (head.count >= 2) writer.fixed(head.greatest);
    if (head.count < 3) return writer.release();

    // The least value lies in the first bin and the greatest in the last; both are written already.
    std::size_t const last = bins.size() - 1;
    bool const keep_first = bins[0].count > (last == 0 ? 2u : 1u);
    bool const keep_last = last > 0 && bins[last].count > 1;
    std::size_t const middle = last > 1 ? last - 1 : 0;
    writer.varint(middle + (keep_first ? 1 : 0) + (keep_last ? 1 : 0) - 1);
    bool first = true;
    std::int64_t previous = 0;
    for (std::size_t i = 0; i < bins.size(); ++i) {
        std::uint64_t const count = bins[i].count - (i == 0 ? 1 : 0) - (i == last ? 1 : 0);
        if (count == 0) continue;
        std::int64_t const key = bins[i].key;
        writer.varint(first ? (static_cast<std::uint64_t>(key) << 1) ^ static_cast<std::uint64_t>(key >> 63)
                            : static_cast<std::uint64_t>(key - previous - 1));
        writer.varint(count - 1);
        previous = key;
        first = false;
    }
    return writer.release();
}

QuantileHead detail::read_quantile_head(ByteReader &reader) {
    if (reader.fixed<std::uint8_t>() != 1) reader.refuse("its format version is unknown");
    if (reader.fixed<std::uint8_t>() != 0) reader.refuse("a reserved byte is not zero");
    QuantileHead head;
    head.per_doubling = reader.fixed<std::uint16_t>();
    if (head.per_doubling < Buckets::least_per_doubling || head.per_doubling > Buckets::most_per_doubling)
        reader.refuse("its accuracy is out of range");
    head.count = reader.varint();
    if (head.count > QuantileSketch::most_values) reader.refuse("its count is out of range");
    if (head.count >= 1) head.least = head.greatest = reader.fixed<double>();
    if (head.count >= 2) head.greatest = reader.fixed<double>();
    if (!std::isfinite(head.least) || !std::isfinite(head.greatest) || head.least > head.greatest)
        reader.refuse("its least and greatest value are not in order");
    head.least += 0.0;
    head.greatest += 0.0;
    return head;
}

std::uint64_t detail::read_other_bins(ByteReader &reader) {
    std::uint64_t const others = reader.varint();
    if (others >= reader.left() / 2) reader.refuse("it ends too early");  // a bin is two bytes at least
    return others;
}

QuantileHead QuantileSketch::head(std::span<const std::byte> stored) {
    ByteReader reader(stored, "quantile_sketch");
    return detail::read_quantile_head(reader);
}

void QuantileSketch::validate(std::span<const std::byte> stored) {
    Buckets const buckets(head(stored).per_doubling);
    decode(stored, buckets, [](std::int32_t, std::uint64_t) {});
}

std::size_t QuantileSketch::most_bins(std::span<const std::byte> stored) {
    ByteReader reader(stored, "quantile_sketch");
    QuantileHead const head = detail::read_quantile_head(reader);
    return head.count < 3 ? static_cast<std::size_t>(head.count)
                          : static_cast<std::size_t>(detail::read_other_bins(reader)) + 3;
}

}  // namespace analytics::core
