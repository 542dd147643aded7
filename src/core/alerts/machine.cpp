#include "core/alerts/machine.hpp"

#include <algorithm>
#include <array>

namespace analytics::core {
namespace {

constexpr std::array<std::string_view, 5> names{"inactive", "pending", "firing", "recovering", "resolved"};

}  // namespace

std::string_view name_of(AlertState state) { return names[static_cast<std::size_t>(state)]; }

std::optional<AlertState> parse_alert_state(std::string_view name) {
    auto const *const found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<AlertState>(found - names.begin());
}

AlertChange step(AlertTrack &track, Sight sight, Instant at, std::int64_t lasting, std::int64_t window) {
    using enum AlertState;
    if (sight == Sight::unknown) return AlertChange::none;
    bool const holds = sight == Sight::holds;
    switch (track.state) {
    case inactive:
    case resolved:
        if (holds) track = {pending, at};
        else if (track.state == resolved) track = {inactive, at};
        break;
    case pending:
        if (!holds) track = {inactive, at};
        break;
    case firing:
        if (!holds) track = {recovering, at};
        break;
    case recovering:
        if (holds) track = {firing, at};
        break;
    }
    if (track.state == pending && at - track.since >= lasting) {
        track = {firing, at};
        return AlertChange::fired;
    }
    if (track.state == recovering && at - track.since >= window) {
        track = {resolved, at};
        return AlertChange::resolved;
    }
    return AlertChange::none;
}

std::vector<Instant> evaluation_moments(std::optional<Instant> evaluated_to, Instant begins, Instant as_of) {
    if (evaluated_to && as_of <= *evaluated_to) return {};
    std::optional<Instant> after = evaluated_to;
    if (begins <= as_of) after = std::max(evaluated_to.value_or(begins), begins);
    std::vector<Instant> moments;
    if (after) {
        Instant const newest =
            floor_div(as_of - 1, micros_per_minute) * micros_per_minute;  // the last one before as_of
        Instant const first = std::max((floor_div(*after, micros_per_minute) + 1) * micros_per_minute,
                                       newest - static_cast<Instant>(most_moments - 2) * micros_per_minute);
        for (Instant at = first; at <= newest; at += micros_per_minute) moments.push_back(at);
    }
    moments.push_back(as_of);
    return moments;
}

}  // namespace analytics::core
