#pragma once
// The values of a span in OTLP's JSON encoding. OpenTelemetry protocol specification, "JSON Protobuf Encoding": ids are
// hexadecimal in either case, 64-bit integers decimal texts or numbers, enumerations numbers (names are read too).
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace analytics::spans {

inline constexpr std::size_t trace_id_digits = 32, span_id_digits = 16;

/// An id of so many hexadecimal digits, in lower case; nothing for another length, another character, or all zeros,
/// which the specification calls invalid.
std::optional<std::string> hex_id(std::string_view text, std::size_t digits);

/// Whether an id is left out: empty or, as some exporters write a root's parent, zeros only.
bool is_no_id(std::string_view text);

/// A decimal integer; nothing where there is anything else, or more than the type holds.
std::optional<std::int64_t> integer(std::string_view text);

/// Microseconds since 1970, rounded down, of nanoseconds since 1970 (an unsigned 64-bit integer in decimal, which ends
/// in the year 2554).
std::optional<std::int64_t> unix_microseconds(std::string_view nanoseconds);

/// A finite decimal number such as -1.5e3.
bool is_decimal(std::string_view text);

/// An enumeration's value: `known` is false for a name that the specification does not have; an empty text is a value
/// that says nothing (none, unspecified, unset, or a number of a later version).
struct EnumValue {
    bool known;
    std::string_view text;
};

/// SPAN_KIND_*, or its number: internal, server, client, producer or consumer.
EnumValue span_kind(std::string_view name_or_number);
/// STATUS_CODE_*, or its number: ok or error.
EnumValue status_code(std::string_view name_or_number);

}  // namespace analytics::spans
