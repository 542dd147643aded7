#pragma once
// Scores of data quality: of a tenant's approvals, queries and training examples of the 30 days before a moment.
#include "engine/reader.hpp"
#include "pg/numeric.hpp"

#include <array>

namespace analytics::quality {

/// A rule that the tenant has made, and how many rows it has judged.
struct Check {
    std::string name, table;
    double weight;
    int64 rows = 0, failed = 0;
    std::optional<std::string> error;  // why it could not be evaluated: then it does not count
};

/// What one dimension is made of. Details are members of a JSON object, without its braces.
struct Dimension {
    std::string_view name;
    std::optional<double> score;  // 0 to 100; nothing where there is nothing to judge
    std::string details;
    std::vector<Check> checks;
};

enum Name : std::uint8_t { completeness, accuracy, timeliness, consistency };

struct Scores {
    std::array<Dimension, 4> dimensions;  // by Name
    std::optional<double> overall;        // their mean by the weights of the settings
};

/// The rows of (as_of - 30 days, as_of], as they stand; drafts that were open at as_of count as pending.
/// With `details` false only the scores are made.
Scores read_scores(const pg::Spi &, const std::string &tenant, int64 as_of, bool details);

/// A score as callers see it: two decimals; nothing stays nothing.
std::optional<pg::NumericValue> shown(const std::optional<double> &score);

/// The rules of the tenant that are enabled, evaluated over rows of [from, to), for each dimension.
std::array<std::vector<Check>, 4> run_checks(const pg::Spi &, const std::string &tenant, int64 from, int64 to);

}  // namespace analytics::quality
