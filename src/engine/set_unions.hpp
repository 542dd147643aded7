#pragma once
// Unions of stored sets that this backend has made before.
#include "pg/boundary.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace analytics::engine {

/// Whether a distinct_set lies out of line, so that it has an identity: its table and its number there.
bool is_out_of_line(Datum set);

/// The union, in the stored form, of sets that lie out of line. A dashboard asks for the same hours again and again,
/// and fetching and sorting their sets costs more than all the rest: what was united before is remembered by the
/// identities of the sets, which never change once written. At most 8 MB are kept, what was not asked for longest goes
/// first. Whoever asks has read the rows that hold the sets, so nobody is told what they may not see.
/// @param sets  at least one; valid under the active snapshot. The same sets in another order are another question.
/// @returns     good until the next call
std::span<const std::byte> united_out_of_line(std::span<const Datum> sets);

}  // namespace analytics::engine
