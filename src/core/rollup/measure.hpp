#pragma once
// The text of a measure: "sum(total_amount) FILTER (WHERE status <> 'cancelled')".
#include <string>
#include <string_view>

namespace analytics::core {

struct MeasureText {
    std::string function;  // count, sum, min, max, avg, distinct or quantiles
    std::string argument;  // SQL; "*" only for count
    std::string filter;    // SQL, or empty
};

/// Takes a measure apart. Only finds where its parts end (quotes and brackets respected); what they mean is
/// PostgreSQL's.
/// @throws std::invalid_argument saying what is wrong and where
MeasureText parse_measure(std::string_view text);

}  // namespace analytics::core
