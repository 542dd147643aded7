#pragma once
// Two sets in their stored form, united without a working form.
#include "core/sketch/distinct_set.hpp"

namespace analytics::core {

/// The cardinality of the union of two sets in their stored form: of sets of hashes one pass over both, without memory.
/// @throws std::invalid_argument when the bytes are not valid sets, or sets of different sorts
std::uint64_t united_cardinality(std::span<const std::byte> a, std::span<const std::byte> b);

/// The union of two sets in their stored form, in that form: of sets of hashes one pass over both.
/// @throws as above
std::vector<std::byte> united(std::span<const std::byte> a, std::span<const std::byte> b);

}  // namespace analytics::core
