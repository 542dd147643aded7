#pragma once
// Drafts by when they were submitted, as they stood at a moment.
#include "core/series/buckets.hpp"
#include "engine/reader.hpp"
#include "pg/numeric.hpp"

namespace analytics::approvals {

using Number = std::optional<pg::NumericValue>;

/// Sums of a slot. What was decided after the moment counts as pending.
struct Drafts {
    int64 total = 0, pending = 0, approved = 0, rejected = 0, edited = 0;
    int64 urgent = 0, high = 0, normal = 0, low = 0;
    Datum confidence = 0, resolution_s = 0;  // sums, numeric; seconds from submission to decision
    int64 with_confidence = 0, resolved = 0;
    Number least_confidence, greatest_confidence;

    /// Approved as they were, in percent of those decided.
    Number approval_rate() const { return pg::quotient(approved, 100, approved + rejected + edited, 2); }
    Number mean_confidence() const { return pg::quotient(confidence, pg::to_numeric(with_confidence), 2); }
    /// In minutes.
    Number mean_resolution() const { return pg::quotient(resolution_s, pg::to_numeric(60 * resolved), 2); }

    Drafts &operator+=(const Drafts &);
};

/// One entry a slot [edges[i], edges[i + 1]), from the rollup approval_stats, corrected by the drafts that were open at
/// `as_of` and are decided today: as many rows as waited then.
std::vector<Drafts> read_drafts(const pg::Spi &, const std::string &tenant, const std::vector<int64> &edges,
                                int64 as_of);

/// The buckets that a window touches. The first and the last are cut at its ends, so that they sum up to it.
struct Buckets {
    std::vector<int64> starts;  // of the whole buckets, oldest first
    std::vector<int64> edges;   // of their parts within the window; one more
};

/// Buckets in UTC of [from, to), or nothing if they are more than `most`.
std::optional<Buckets> buckets_of(std::string_view bucket, int64 from, int64 to, std::size_t most);

/// 2026-03-02, 2026-03-02T10:00:00+00:00
std::string date_text(int64 at);
std::string instant_text(int64 at);

/// A number as JSON has it, null where there is none.
std::string json(const Number &);

}  // namespace analytics::approvals
