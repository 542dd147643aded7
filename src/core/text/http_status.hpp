#pragma once
// What becomes of an SQLSTATE on its way to an HTTP client.
#include <string_view>

namespace analytics::core {

/// The HTTP status that PostgREST 16 answers an error with (docs/errors.md).
/// @param state      five characters
/// @param signed_in  whether the request bore a JWT: decides between 401 and 403
inline int http_status(std::string_view state, bool signed_in) {
    if (state.size() != 5) return 500;
    auto const is = [&](auto... others) { return ((state == others) || ...); };
    auto const begins = [&](auto... classes) { return (state.starts_with(classes) || ...); };
    auto const digit = [&](std::size_t i) { return state[i] >= '0' && state[i] <= '9' ? state[i] - '0' : -1; };
    if (begins("PT") && digit(2) >= 0 && digit(3) >= 0 && digit(4) >= 0)
        return digit(2) * 100 + digit(3) * 10 + digit(4);
    if (is("42501")) return signed_in ? 403 : 401;
    if (begins("28", "0L", "0P")) return 403;
    if (is("42883", "42P01")) return 404;
    if (is("25006")) return 405;
    if (is("23503", "23505")) return 409;
    if (is("53400")) return 500;
    if (begins("08", "53") || is("57P01")) return 503;
    if (is("P0001")) return 400;
    if (begins("25", "38", "40", "54", "55", "57", "58", "F0", "HV", "P0", "XX") || is("21000", "42P17")) return 500;
    return 400;
}

/// The status that the DETAIL of an error of the form `PGRST` names; 500 where there is none.
inline int status_in_detail(std::string_view detail) {
    constexpr std::string_view key = "\"status\":";
    std::size_t at = detail.find(key);
    if (at == std::string_view::npos) return 500;
    at = detail.find_first_not_of(' ', at + key.size());
    int status = 0;
    for (; at < detail.size() && detail[at] >= '0' && detail[at] <= '9' && status < 1000; ++at)
        status = status * 10 + (detail[at] - '0');
    return status >= 100 && status < 1000 ? status : 500;
}

}  // namespace analytics::core
