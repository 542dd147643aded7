#include "engine/time_zone.hpp"

#include "pg/args.hpp"

#include <algorithm>

extern "C" {
#include "pgtime.h"
}

namespace analytics::engine {
namespace {

constexpr int64 unix_epoch =
    int64{POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE} * SECS_PER_DAY;  // seconds from 1970 to 2000
constexpr int64 margin = 40 * core::micros_per_day;

/// PostgreSQL also reads POSIX zones such as UTC+2, in which plus means west: a trap, and no name of the tz database.
/// All of those have digits, and of the names with digits only Etc/... and a few old ones are not of that kind.
bool looks_posix(std::string_view name) {
    if (name.find_first_of("0123456789<,") == std::string_view::npos || name.starts_with("Etc/")) return false;
    constexpr std::string_view old_names[] = {"EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT", "GMT0"};
    return std::find(std::begin(old_names), std::end(old_names), name) == std::end(old_names);
}

pg_tz *find_zone(const std::string &name) {
    if (name.empty() || name.size() > TZ_STRLEN_MAX || looks_posix(name)) return nullptr;
    const char *const text = name.c_str();
    return pg::call([&]() -> pg_tz * {
        pg_tz *const zone = pg_tzset(text);
        return zone != nullptr && pg_tz_acceptable(zone) ? zone : nullptr;
    });
}

}  // namespace

core::Zone time_zone(std::string_view name, core::Instant from, core::Instant to) {
    std::string const zone_name(name);
    pg_tz *const zone = find_zone(zone_name);
    if (zone == nullptr)
        pg::bad_argument("time_zone", "\"" + zone_name + "\"", "an IANA time zone name",
                         "Examples: UTC, Europe/Berlin, America/New_York, Asia/Kolkata; SELECT name FROM "
                         "pg_timezone_names lists them. Fixed offsets are written Etc/GMT-2 (two hours east).");
    std::vector<core::Segment> segments;
    pg_time_t at = core::floor_div(from - margin, core::micros_per_second) + unix_epoch;
    pg_time_t const last = core::floor_div(to + margin, core::micros_per_second) + unix_epoch;
    for (bool first = true;; first = false) {
        long int before = 0, after = 0;
        int before_is_dst = 0, after_is_dst = 0;
        pg_time_t change = 0;
        int const found = pg_next_dst_boundary(&at, &before, &before_is_dst, &change, &after, &after_is_dst, zone);
        if (first) segments.push_back({(at - unix_epoch) * core::micros_per_second, before * core::micros_per_second});
        if (found <= 0 || change > last) break;
        segments.push_back({(change - unix_epoch) * core::micros_per_second, after * core::micros_per_second});
        at = change;
    }
    return core::Zone(std::move(segments));
}

bool is_time_zone(std::string_view name) { return find_zone(std::string(name)) != nullptr; }

}  // namespace analytics::engine

using namespace analytics;

ANALYTICS_FUNCTION(analytics_is_time_zone) {
    return BoolGetDatum(!PG_ARGISNULL(0) && engine::is_time_zone(pg::to_string(PG_GETARG_DATUM(0))));
}
