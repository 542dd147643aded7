#pragma once
// Text as the finders read it: one byte a character, look-alikes as the ASCII character they stand for.
#include "core/statistics/stop.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace analytics::core::privacy {

inline constexpr std::size_t stop_every = 65536;  // bytes between two calls of `stop`: half a millisecond

bool is_ascii(std::string_view text);

/// Of UTF-8: digits of any script and full-width characters become ASCII, Latin letters lose their accents, dashes
/// become -, spaces a space, currency signs $, other letters a byte from 128 on that keeps their identity within a
/// script (small where there is case), everything else 0xFE. What has no width (joiners, soft hyphens, direction marks,
/// combining marks) vanishes. Invalid bytes become 0xFE one by one.
std::string folded(std::string_view text, const Stop &stop = {});

/// Where in `text` the bytes of its folded form begin, for places in rising order; one beyond the last byte is the end
/// of the text.
class Unfolder {
  public:
    explicit Unfolder(std::string_view text) : text_(text) {}
    std::size_t operator()(std::size_t folded_place);

  private:
    std::string_view text_;
    std::size_t at_ = 0, place_ = 0;
};

/// Whether a name in this script is written without spaces (Han, kana, Hangul, Thai): any character of `text` is.
bool has_spaceless_script(std::string_view text);

}  // namespace analytics::core::privacy
