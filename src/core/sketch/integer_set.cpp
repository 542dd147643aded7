#include "core/sketch/integer_set.hpp"

#include <algorithm>
#include <new>

#include <roaring/roaring.h>

namespace analytics::core {

namespace {

constexpr const char *name = "distinct_set";

std::uint32_t upper_of(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }
std::uint32_t lower_of(std::uint64_t value) { return static_cast<std::uint32_t>(value); }

}  // namespace

/// CRoaring's bitmap with an owner.
class IntegerSet::Bitmap {
  public:
    Bitmap() : bitmap_(checked(roaring_bitmap_create())) {}
    /// @param portable  validated bytes
    explicit Bitmap(std::span<const std::byte> portable)
        : bitmap_(checked(roaring_bitmap_portable_deserialize_safe(reinterpret_cast<const char *>(portable.data()),
                                                                   portable.size()))) {}
    void add(std::span<const std::uint32_t> values) {
        roaring_bitmap_add_many(bitmap_.get(), values.size(), values.data());
    }
    void unite(const Bitmap &other) { roaring_bitmap_or_inplace(bitmap_.get(), other.bitmap_.get()); }
    std::uint64_t size() const { return roaring_bitmap_get_cardinality(bitmap_.get()); }
    /// Brings each container into its smallest form, so that a set has one form only.
    void optimize() { roaring_bitmap_run_optimize(bitmap_.get()); }
    std::size_t portable_size() const { return roaring_bitmap_portable_size_in_bytes(bitmap_.get()); }
    void write_portable(std::byte *to) const {
        roaring_bitmap_portable_serialize(bitmap_.get(), reinterpret_cast<char *>(to));
    }
    std::vector<std::uint32_t> values() const {
        std::vector<std::uint32_t> all(static_cast<std::size_t>(size()));
        roaring_bitmap_to_uint32_array(bitmap_.get(), all.data());
        return all;
    }

  private:
    struct Free {
        void operator()(roaring_bitmap_t *bitmap) const noexcept { roaring_bitmap_free(bitmap); }
    };
    static roaring_bitmap_t *checked(roaring_bitmap_t *bitmap) {
        return bitmap != nullptr ? bitmap : throw std::bad_alloc();
    }
    std::unique_ptr<roaring_bitmap_t, Free> bitmap_;
};

IntegerSet::IntegerSet() = default;
IntegerSet::IntegerSet(IntegerSet &&) noexcept = default;
IntegerSet &IntegerSet::operator=(IntegerSet &&) noexcept = default;
IntegerSet::~IntegerSet() = default;

void IntegerSet::sort_pending() {
    std::sort(pending_.begin(), pending_.end());
    pending_.erase(std::unique(pending_.begin(), pending_.end()), pending_.end());
}

void IntegerSet::flush() {
    sort_pending();
    std::vector<std::uint32_t> lower;
    for (std::size_t i = 0; i < pending_.size();) {
        std::uint32_t const upper = upper_of(pending_[i]);
        lower.clear();
        for (; i < pending_.size() && upper_of(pending_[i]) == upper; ++i) lower.push_back(lower_of(pending_[i]));
        groups_[upper].add(lower);
    }
    pending_.clear();
}

// Calls visit(upper, portable bytes, number of values) for each group, after checking all of it.
template <class Visit> static void each_group(std::span<const std::byte> payload, std::uint64_t count, Visit &&visit) {
    ByteReader reader(payload, name);
    auto const groups = reader.fixed<std::uint32_t>();
    std::int64_t previous = -1;
    std::uint64_t seen = 0;
    for (std::uint32_t i = 0; i < groups; ++i) {
        auto const upper = reader.fixed<std::uint32_t>();
        if (std::int64_t{upper} <= previous) reader.refuse("its groups are not in order");
        previous = upper;
        auto const size = reader.fixed<std::uint32_t>();
        std::span<const std::byte> const portable = reader.take(size);
        std::uint64_t const values = validate_portable_bitmap(portable);
        if (values > count - seen) reader.refuse("its count is wrong");
        seen += values;
        visit(upper, portable);
    }
    if (seen != count) reader.refuse("its count is wrong");
    reader.expect_end();
}

template <class Visit>
static void each_in_list(std::span<const std::byte> payload, std::uint64_t count, Visit &&visit) {
    ByteReader reader(payload, name);
    if (payload.size() % 8 != 0 || payload.size() / 8 != count) reader.refuse("its count is wrong");
    std::uint64_t previous = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        auto const value = reader.fixed<std::uint64_t>();
        if (i > 0 && value <= previous) reader.refuse("its values are not in order");
        previous = value;
        visit(value);
    }
}

void IntegerSet::add_stored(Form form, std::span<const std::byte> payload, std::uint64_t count) {
    if (form == Form::list) {
        each_in_list(payload, count, [this](std::uint64_t value) { add(static_cast<std::int64_t>(value)); });
        return;
    }
    each_group(payload, count, [this](std::uint32_t upper, std::span<const std::byte> portable) {
        Bitmap read(portable);
        auto const found = groups_.find(upper);
        if (found == groups_.end()) groups_.emplace(upper, std::move(read));
        else found->second.unite(read);
    });
}

std::uint64_t IntegerSet::size() {
    if (groups_.empty()) {
        sort_pending();
        return pending_.size();
    }
    flush();
    std::uint64_t sum = 0;
    for (const auto &[upper, bitmap] : groups_) sum += bitmap.size();
    return sum;
}

IntegerSet::Stored IntegerSet::stored() {
    std::uint64_t const count = size();
    if (groups_.empty()) {
        // Values that all lie in containers of their own (2^16 wide) cost ten bytes each as bitmaps: no need to try.
        bool scattered = true;
        for (std::size_t i = 1; i < pending_.size() && scattered; ++i)
            scattered = pending_[i - 1] >> 16 != pending_[i] >> 16;
        if (!scattered && count > 4) flush();
    }
    std::size_t bytes = 4;
    for (auto &[upper, bitmap] : groups_) {
        bitmap.optimize();
        bytes += 8 + bitmap.portable_size();
    }
    if (!groups_.empty() && count > 4 && bytes < 8 * count) {
        ByteWriter writer(bytes);
        writer.fixed(static_cast<std::uint32_t>(groups_.size()));
        for (const auto &[upper, bitmap] : groups_) {
            std::size_t const size = bitmap.portable_size();
            writer.fixed(upper);
            writer.fixed(static_cast<std::uint32_t>(size));
            bitmap.write_portable(writer.grow(size));
        }
        return {Form::bitmaps, writer.release()};
    }
    ByteWriter writer(static_cast<std::size_t>(8 * count));
    for (std::uint64_t const value : pending_) writer.fixed(value);
    for (const auto &[upper, bitmap] : groups_)
        for (std::uint32_t const lower : bitmap.values()) writer.fixed(std::uint64_t{upper} << 32 | lower);
    return {Form::list, writer.release()};
}

void IntegerSet::validate(Form form, std::span<const std::byte> payload, std::uint64_t count) {
    if (form == Form::list) each_in_list(payload, count, [](std::uint64_t) {});
    else each_group(payload, count, [](std::uint32_t, std::span<const std::byte>) {});
}

std::vector<std::int64_t> IntegerSet::values(Form form, std::span<const std::byte> payload, std::uint64_t count) {
    std::vector<std::int64_t> all;
    if (form == Form::list) {
        all.reserve(payload.size() / 8);
        each_in_list(payload, count, [&](std::uint64_t value) { all.push_back(static_cast<std::int64_t>(value)); });
    } else {
        each_group(payload, count, [&](std::uint32_t upper, std::span<const std::byte> portable) {
            for (std::uint32_t const lower : Bitmap(portable).values())
                all.push_back(static_cast<std::int64_t>(std::uint64_t{upper} << 32 | lower));
        });
    }
    return all;
}

// https://github.com/RoaringBitmap/RoaringFormatSpec
std::uint64_t validate_portable_bitmap(std::span<const std::byte> bytes) {
    constexpr std::uint32_t without_runs = 12346, with_runs = 12347, offsets_from = 4, largest_array = 4096;
    ByteReader reader(bytes, name);
    auto const cookie = reader.fixed<std::uint32_t>();
    bool const has_runs = (cookie & 0xFFFF) == with_runs;
    if (!has_runs && cookie != without_runs) reader.refuse("a bitmap has no known beginning");
    std::size_t const containers = has_runs ? (cookie >> 16) + 1 : reader.fixed<std::uint32_t>();
    if (containers == 0 || containers > 65536) reader.refuse("a bitmap has a wrong number of containers");
    std::span<const std::byte> const run_flags = reader.take(has_runs ? (containers + 7) / 8 : 0);
    std::span<const std::byte> const heads = reader.take(4 * containers);
    bool const has_offsets = !has_runs || containers >= offsets_from;
    std::span<const std::byte> const offsets = reader.take(has_offsets ? 4 * containers : 0);

    std::uint64_t sum = 0;
    int previous_key = -1;
    for (std::size_t i = 0; i < containers; ++i) {
        int const key = load<std::uint16_t>(heads.data() + 4 * i);
        std::size_t const count = std::size_t{load<std::uint16_t>(heads.data() + 4 * i + 2)} + 1;
        if (key <= previous_key) reader.refuse("a bitmap's containers are not in order");
        previous_key = key;
        if (has_offsets && load<std::uint32_t>(offsets.data() + 4 * i) != bytes.size() - reader.left())
            reader.refuse("a bitmap's offsets are wrong");
        bool const is_run = has_runs && (std::to_integer<unsigned>(run_flags[i / 8]) >> (i % 8) & 1) != 0;
        std::size_t held = 0;
        if (is_run) {
            std::size_t const runs = reader.fixed<std::uint16_t>();
            std::span<const std::byte> const data = reader.take(4 * runs);
            std::int64_t end = -2;  // of the previous run; two that touch would be one
            for (std::size_t r = 0; r < runs; ++r) {
                std::int64_t const start = load<std::uint16_t>(data.data() + 4 * r);
                std::int64_t const length = load<std::uint16_t>(data.data() + 4 * r + 2);
                if (start <= end + 1 || start + length > 65535) reader.refuse("a bitmap's runs are not in order");
                end = start + length;
                held += static_cast<std::size_t>(length) + 1;
            }
        } else if (count > largest_array) {
            std::span<const std::byte> const data = reader.take(8192);
            for (std::size_t w = 0; w < 1024; ++w)
                held += static_cast<std::size_t>(std::popcount(load<std::uint64_t>(data.data() + 8 * w)));
        } else {
            std::span<const std::byte> const data = reader.take(2 * count);
            bool ordered = true;
            for (std::size_t v = 1; v < count; ++v)
                ordered &= load<std::uint16_t>(data.data() + 2 * v - 2) < load<std::uint16_t>(data.data() + 2 * v);
            if (!ordered) reader.refuse("a bitmap's values are not in order");
            held = count;
        }
        if (held != count) reader.refuse("a bitmap's count is wrong");
        sum += count;
    }
    // The unused bits of the last byte of flags.
    if (has_runs && containers % 8 != 0 && std::to_integer<unsigned>(run_flags.back()) >> (containers % 8) != 0)
        reader.refuse("a bitmap has a flag without a container");
    reader.expect_end();
    return sum;
}

}  // namespace analytics::core
