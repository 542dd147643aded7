#pragma once
// What the fuzz targets share: what must hold, and how bytes become arguments.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>

namespace analytics::fuzz {

inline void must(bool holds, const char *what, std::string_view about = "") {
    if (holds) return;
    (void)std::fprintf(stderr, "It does not hold that %s: %.*s\n", what, static_cast<int>(about.size()), about.data());
    std::abort();
}

inline std::string_view text_of(const unsigned char *data, std::size_t size) {
    return {reinterpret_cast<const char *>(data), size};
}

/// As PostgreSQL takes it: no byte 0, nothing written longer than it need be, no surrogates, at most U+10FFFF.
inline bool valid_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        auto const at = [&](std::size_t k) {
            return static_cast<unsigned char>(i + k < text.size() ? text[i + k] : 0);
        };
        unsigned const b = at(0);
        std::size_t const length = b < 0x80 ? 1 : b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : b >= 0xC2 ? 2 : 0;
        if (b == 0 || b > 0xF4 || length == 0) return false;
        for (std::size_t k = 1; k < length; ++k)
            if ((at(k) & 0xC0) != 0x80) return false;
        if ((b == 0xE0 && at(1) < 0xA0) || (b == 0xED && at(1) > 0x9F)) return false;
        if ((b == 0xF0 && at(1) < 0x90) || (b == 0xF4 && at(1) > 0x8F)) return false;
        i += length;
    }
    return true;
}

/// Takes arguments off the front of the input; behind its end come zeros.
class Input {
  public:
    Input(const unsigned char *data, std::size_t size) : left_(data, size) {}

    bool done() const { return left_.empty(); }
    template <class T> T number() {
        T value{};
        std::size_t const size = left_.size() < sizeof value ? left_.size() : sizeof value;
        if (size > 0) std::memcpy(&value, left_.data(), size);
        left_ = left_.subspan(size);
        return value;
    }
    std::uint8_t byte() { return number<std::uint8_t>(); }
    /// 0 .. n - 1, of one byte
    std::size_t below(std::size_t n) { return byte() % n; }
    std::string_view text(std::size_t length) {
        std::size_t const size = left_.size() < length ? left_.size() : length;
        std::string_view const taken = text_of(left_.data(), size);
        left_ = left_.subspan(size);
        return taken;
    }
    std::span<const std::byte> bytes(std::size_t length) {
        std::string_view const taken = text(length);
        return std::as_bytes(std::span(taken.data(), taken.size()));
    }
    /// Up to the next line feed, which goes too: seeds stay readable.
    std::string_view line() {
        std::string_view const all = text_of(left_.data(), left_.size());
        std::size_t const end = all.find('\n');
        std::string_view const taken = text(end == std::string_view::npos ? all.size() : end);
        if (end != std::string_view::npos) left_ = left_.subspan(1);
        return taken;
    }
    std::size_t left() const { return left_.size(); }

  private:
    std::span<const unsigned char> left_;
};

}  // namespace analytics::fuzz

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size);
