#pragma once
// Instants read from text without an ereport: a bad one is an answer, not an error.
#include "pg/boundary.hpp"

namespace analytics::pg {

/// What timestamptz's input function reads (a text without a zone is in the session's time zone), but finite; nullopt
/// where that would raise.
inline std::optional<int64> parse_instant(const char *text) {
    struct Parsed {
        bool good;
        TimestampTz at;
    };
    Parsed const parsed = call([&]() -> Parsed {
        char work[MAXDATELEN + MAXDATEFIELDS];
        char *fields[MAXDATEFIELDS];
        int types[MAXDATEFIELDS], count = 0, kind = 0, zone = 0;
        struct pg_tm time;
        fsec_t fraction = 0;
        TimestampTz at = 0;
        bool const good = ParseDateTime(text, work, sizeof work, fields, types, MAXDATEFIELDS, &count) == 0 &&
                          decode_date_time(fields, types, count, &kind, &time, &fraction, &zone) == 0 &&
                          kind == DTK_DATE && tm2timestamp(&time, fraction, &zone, &at) == 0;
        return {good, at};
    });
    return parsed.good ? std::optional<int64>(parsed.at) : std::nullopt;
}

}  // namespace analytics::pg
