#pragma once
// The refresh: summarises what came and what changed, blocking nobody. docs/rollups.md tells why it is right.
#include "engine/rollup.hpp"

#include <optional>
#include <span>

namespace analytics::engine {

/// A stretch of a rollup that a refresh has recomputed; without a tenant, everybody's.
struct RefreshedRange {
    std::optional<std::string> tenant;
    int64 from, to;
};

/// What a domain keeps in step with a rollup of its own (facts about a key's whole life). Called for each refresh of
/// that rollup, as owner of the source, with the ranges to recompute and how far the rollup is summarised then:
/// `before` while the stores still say what they said, `after` when they are recomputed. What it reads and writes must
/// go through pg::Statement::run_under with this snapshot; but what it reads of another rollup's refresh must be as
/// fresh as that one's commit, and written in turns (overlaps.cpp).
using RefreshPart = void (*)(const pg::Spi &, Snapshot, std::span<const RefreshedRange>, int64 summarised_to);

/// Register a domain's part for the rollup of that name; true, so that they can initialise a static.
bool before_refresh(const char *rollup, RefreshPart part);
bool after_refresh(const char *rollup, RefreshPart part);

struct RefreshReport {
    std::string name;
    int64 buckets = 0, rows = 0;
    double milliseconds = 0;
};

/// Refreshes the rollups of one source; at most one chunk of each if `one_chunk`. False while more is to be done.
/// A source that another session refreshes is left out.
bool refresh_source(const Source &, bool one_chunk, std::vector<RefreshReport> &reports);

}  // namespace analytics::engine
