#pragma once
// The states of what a rule watches, from one moment of evaluation to the next.
#include "core/series/zone.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace analytics::core {

enum class AlertState : std::uint8_t { inactive, pending, firing, recovering, resolved };

std::string_view name_of(AlertState);
std::optional<AlertState> parse_alert_state(std::string_view name);

/// Where it stands. `since`: when the condition began to hold (pending) or ceased to (recovering); else when it came
/// into its state.
struct AlertTrack {
    AlertState state = AlertState::inactive;
    Instant since = 0;
    bool operator==(const AlertTrack &) const = default;

    /// Whether it has an alert.
    bool open() const { return state == AlertState::firing || state == AlertState::recovering; }
};

/// What is seen at a moment: the condition holds, or it does not, or nothing that would tell.
enum class Sight : std::uint8_t { holds, clear, unknown };

enum class AlertChange : std::uint8_t { none, fired, resolved };

/// One moment.
///   inactive, resolved  holds: pending, and firing at once where it need not last; clear: inactive
///   pending             holds for `lasting` since it began: firing; clear: inactive
///   firing              clear: recovering
///   recovering          holds: firing again, the same alert; clear for one whole `window`: resolved
/// unknown changes nothing. Moments ascend; lasting >= 0, window > 0, microseconds.
AlertChange step(AlertTrack &, Sight, Instant at, std::int64_t lasting, std::int64_t window);

/// The most moments that one evaluation makes up for: a day.
inline constexpr std::size_t most_moments = 1440;

/// The moments to evaluate: each whole minute (UTC) after the last evaluation, and as_of itself; none where as_of is
/// not after the last. So a late run sees what punctual ones would have seen. Nothing before `begins` is evaluated,
/// unless as_of itself is; and of more than most_moments only the newest.
std::vector<Instant> evaluation_moments(std::optional<Instant> evaluated_to, Instant begins, Instant as_of);

}  // namespace analytics::core
