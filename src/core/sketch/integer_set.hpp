#pragma once
// A set of 64-bit integers in Roaring bitmaps.
#include "core/sketch/bytes.hpp"

#include <map>
#include <memory>

namespace analytics::core {

/// Integers by their upper 32 bits; the lower 32 of each group are a Roaring bitmap (Lemire et al., "Roaring Bitmaps:
/// Implementation of an Optimized Software Library", 2018; the C library CRoaring 0.2.66 to 4.x).
///
/// Stored payload, little-endian, one of
///   list:    the values as u64 (two's complement), ascending
///   bitmaps: u32 groups; for each, ascending: u32 upper bits, u32 bytes, a bitmap in Roaring's portable format
/// Four values or fewer, and larger sets whose list is not larger than their bitmaps, are a list. The same set always
/// gives the same bytes.
class IntegerSet {
  public:
    enum class Form : std::uint8_t { list, bitmaps };
    struct Stored {
        Form form;
        std::vector<std::byte> payload;
    };

    IntegerSet();
    IntegerSet(IntegerSet &&) noexcept;
    IntegerSet &operator=(IntegerSet &&) noexcept;
    ~IntegerSet();

    void add(std::int64_t value) {
        pending_.push_back(static_cast<std::uint64_t>(value));
        if (pending_.size() >= most_pending) flush();
    }
    /// @throws std::invalid_argument when the payload is not valid or does not hold `count` values
    void add_stored(Form form, std::span<const std::byte> payload, std::uint64_t count);
    std::uint64_t size();
    Stored stored();

    static void validate(Form form, std::span<const std::byte> payload, std::uint64_t count);
    /// The values of a payload, ascending as unsigned numbers. @throws std::invalid_argument when it is not valid
    static std::vector<std::int64_t> values(Form form, std::span<const std::byte> payload, std::uint64_t count);

  private:
    static constexpr std::size_t most_pending = std::size_t{1} << 16;
    class Bitmap;  // CRoaring stays out of this header: its macros and PostgreSQL's do not mix

    void sort_pending();
    void flush();

    std::vector<std::uint64_t> pending_ = {};  // not yet in a bitmap
    std::map<std::uint32_t, Bitmap> groups_;
};

/// The number of values of one bitmap in Roaring's portable format.
/// CRoaring's own reader of the versions that we support checks lengths but not the order of what it reads, and its set
/// operations rely on that order.
/// @throws std::invalid_argument unless every byte is as a correct writer makes it
std::uint64_t validate_portable_bitmap(std::span<const std::byte> bytes);

}  // namespace analytics::core
