#pragma once
// Personal data and secrets in free text, replaced by typed marks. docs/privacy.md says what is found and what is not.
#include "core/statistics/stop.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::core {

/// The name of somebody whom a text may mention, prepared once for many texts. Found are the whole name and each of its
/// parts from three letters on (not "van", "der", "Mrs" and the like), as whole words, whatever their case and accents.
class KnownName {
  public:
    KnownName() = default;
    explicit KnownName(std::string_view name);
    bool empty() const { return words_.empty() && !spaceless_; }

    /// Folded words (privacy/fold.hpp) that are found where they stand alone.
    const std::vector<std::string> &parts() const { return parts_; }
    /// The folded words of the whole name, found one after the other.
    const std::vector<std::string> &words() const { return words_; }
    /// A name in a script without spaces, found wherever its bytes stand.
    const std::optional<std::string> &spaceless() const { return spaceless_; }

  private:
    std::vector<std::string> parts_, words_;
    std::optional<std::string> spaceless_;
};

/// @param text  UTF-8, or any encoding whose bytes below 128 are ASCII; invalid bytes stay as they are
/// @returns     the text with each find replaced by [EMAIL], [PHONE], [CARD], [IBAN], [IP], [SSN], [SECRET], [ADDRESS]
///              or [NAME]; nothing where there is no find
/// @param stop  called every 64 KiB or so; may throw
/// Idempotent; no character is ever cut. O(bytes) time, also for text made to be slow: each pass looks a bounded number
/// of bytes to either side, and there are at most `most_passes` (a text that still changes then, which only one made
/// for it does, becomes [SECRET] as a whole). As much memory again as the text, at most twice.
std::optional<std::string> redacted(std::string_view text, const KnownName &name = {}, const Stop &stop = {});

/// The value of a JSON member or a column: its key tells what it holds ("password", "phone").
std::optional<std::string> redacted_value(std::string_view key, std::string_view value, const KnownName &name = {},
                                          const Stop &stop = {});

inline constexpr int most_passes = 8;

}  // namespace analytics::core
