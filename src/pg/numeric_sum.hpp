#pragma once
// A fast exact sum of numerics of ordinary size.
#include "pg/values.hpp"

#include <algorithm>
#include <limits>

namespace analytics::pg {

/// Adds numerics as whole numbers of 1e-16: 5 ns each, where numeric_add takes 60 to 100 and allocates. It refuses what
/// that cannot hold (more than 16 decimals, 1e16 or more, NaN, infinities, toasted values, a sum that grows too large);
/// the caller adds those by numeric_add.
///
/// Numerics are taken apart as they are stored, a format that pg_upgrade relies on (numeric.c, NumericChoice): a 16-bit
/// header, in the long form a 16-bit weight, and digits of base 10,000, the first worth 10,000 ^ weight.
class NumericSum {
  public:
    /// False, and nothing has changed, when it refuses.
    bool add(Datum numeric) noexcept {
        auto const *const held = reinterpret_cast<const varlena *>(DatumGetPointer(numeric));
        if (VARATT_IS_EXTERNAL(held) || VARATT_IS_COMPRESSED(held)) return false;
        const char *at = VARDATA_ANY(held);
        const char *const end = at + VARSIZE_ANY_EXHDR(held);
        auto const next = [&at] {
            std::uint16_t word = 0;
            std::memcpy(&word, at, sizeof word);
            at += sizeof word;
            return word;
        };
        std::uint16_t const header = next();
        bool negative = false;
        int scale = 0, weight = 0;
        switch (header & 0xC000) {
        case 0x8000:  // short
            negative = (header & 0x2000) != 0;
            scale = (header & 0x1F80) >> 7;
            weight = (header & 0x003F) - ((header & 0x0040) != 0 ? 64 : 0);
            break;
        case 0xC000:  // NaN or an infinity
            return false;
        default:
            negative = (header & 0xC000) == 0x4000;
            scale = header & 0x3FFF;
            weight = static_cast<std::int16_t>(next());
        }
        if (scale > decimals || weight >= digits_before) return false;
        Wide size = 0;
        int place = weight;
        for (; at < end; --place) size = size * base + next();
        if (place < -digits_behind - 1) return false;
        for (; place >= -digits_behind; --place) size *= base;
        Wide const sum = negative ? sum_ - size : sum_ + size;
        if (sum >= limit || sum <= -limit) return false;
        sum_ = sum;
        scale_ = std::max(scale_, scale);
        return true;
    }

    /// With as many decimals as the value that had most.
    Datum value() const {
        Wide scaled = sum_;  // a multiple of this power of ten, as no value has more decimals
        for (int i = scale_; i < decimals; ++i) scaled /= 10;
        if (scaled >= std::numeric_limits<int64>::min() && scaled <= std::numeric_limits<int64>::max()) {
            auto const whole = static_cast<int64>(scaled);
            return call([&] { return NumericGetDatum(int64_div_fast_to_numeric(whole, scale_)); });
        }
        std::string text;
        for (Wide rest = scaled < 0 ? -scaled : scaled; rest > 0; rest /= 10) {
            if (static_cast<int>(text.size()) == scale_ && scale_ > 0) text += '.';
            text += static_cast<char>('0' + static_cast<int>(rest % 10));
        }
        if (scaled < 0) text += '-';
        std::reverse(text.begin(), text.end());
        const char *const given = text.c_str();
        return call([&] {
            return DirectFunctionCall3(numeric_in, CStringGetDatum(given), ObjectIdGetDatum(InvalidOid),
                                       Int32GetDatum(-1));
        });
    }

  private:
    __extension__ using Wide = __int128;
    static constexpr int base = 10'000, digits_behind = 4, decimals = 4 * digits_behind, digits_before = 4;
    static constexpr Wide limit = static_cast<Wide>(1'000'000'000'000'000'000) * 1'000'000'000'000'000'000;  // 1e36

    Wide sum_ = 0;
    int scale_ = 0;
};

}  // namespace analytics::pg
