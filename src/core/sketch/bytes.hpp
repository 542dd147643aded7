#pragma once
// Reading and writing the bytes of stored sketches. Fixed-width numbers are little-endian and unaligned; a varint is
// LEB128 (seven bits a byte, lowest first, the top bit says that more follow). Reading trusts nothing: what does not
// fit throws std::invalid_argument.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace analytics::core {

// CRoaring 0.2.66 serialises in the machine's byte order as well, so a big-endian port has more to do than swap here.
static_assert(std::endian::native == std::endian::little, "stored sketches are little-endian");

template <class T> T load(const std::byte *from) noexcept {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

template <class T> void store(std::byte *to, const T &value) noexcept {
    static_assert(std::is_trivially_copyable_v<T>);
    std::memcpy(to, &value, sizeof value);
}

class ByteReader {
  public:
    /// @param what  names the thing in messages: "quantile_sketch"
    ByteReader(std::span<const std::byte> bytes, const char *what)
        : at_(bytes.data()), end_(bytes.data() + bytes.size()), what_(what) {}

    const std::byte *position() const noexcept { return at_; }
    /// @param to  a place between the current one and the end
    void seek(const std::byte *to) noexcept { at_ = to; }
    std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }

    template <class T> T fixed() {
        T const value = load<T>(take(sizeof(T)).data());
        return value;
    }
    std::span<const std::byte> take(std::size_t count) {
        if (left() < count) refuse("it ends too early");
        std::span<const std::byte> const taken{at_, count};
        at_ += count;
        return taken;
    }
    std::uint64_t varint() {
        if (at_ < end_ && std::to_integer<unsigned>(*at_) < 0x80) return std::to_integer<unsigned>(*at_++);
        std::uint64_t value = 0;
        for (unsigned shift = 0; at_ < end_; shift += 7) {
            auto const byte = std::to_integer<std::uint64_t>(*at_++);
            if (shift == 63 && byte > 1) refuse("a number is too large");
            value |= (byte & 0x7f) << shift;
            if (byte < 0x80) {
                if (byte == 0) refuse("a number is not written in the shortest way");
                return value;
            }
        }
        refuse("it ends too early");
    }
    void expect_end() const {
        if (at_ != end_) refuse("bytes follow its end");
    }
    [[noreturn]] void refuse(const char *why) const {
        throw std::invalid_argument(std::string("not a valid ") + what_ + ": " + why);
    }

  private:
    const std::byte *at_, *end_;
    const char *what_;
};

class ByteWriter {
  public:
    explicit ByteWriter(std::size_t expected) { bytes_.reserve(expected); }

    template <class T> void fixed(const T &value) {
        std::size_t const at = bytes_.size();
        bytes_.resize(at + sizeof value);
        store(bytes_.data() + at, value);
    }
    void varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<std::byte>(value | 0x80));
        bytes_.push_back(static_cast<std::byte>(value));
    }
    /// Room for `count` more bytes, to be filled by the caller.
    std::byte *grow(std::size_t count) {
        bytes_.resize(bytes_.size() + count);
        return bytes_.data() + bytes_.size() - count;
    }
    std::vector<std::byte> release() { return std::move(bytes_); }

  private:
    std::vector<std::byte> bytes_;
};

}  // namespace analytics::core
