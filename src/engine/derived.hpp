#pragma once
// Derived sources: tables of ours whose rows are made of another table's and lag behind it (summaries of runs, made of
// spans). A rollup of one is as exact as any: what lags is read as it would be made now.
//
// Beside the table, analytics_store.<t>, its owner keeps two views:
//   <t>_now        the table's columns, each row as of moment();
//   <t>_unsettled  (tenant_id, at): where, by the time column, rows of <t> and <t>_now differ.
// analytics_store.derived_sources names the table and its origin, whose row security decides who reads what is stored.
#include "engine/rollup.hpp"

#include <optional>

namespace analytics::engine {

inline constexpr int64 last_moment = END_TIMESTAMP - 1;

/// Has analytics_internal.moment() say `at` while it lives; otherwise that is the last moment there is.
class AtMoment {
  public:
    explicit AtMoment(int64 at);
    ~AtMoment();
    AtMoment(const AtMoment &) = delete;
    AtMoment &operator=(const AtMoment &) = delete;

  private:
    int64 before_;
};

struct Unsettled {
    std::string tenant;
    int64 at;
};

/// Instants below `limit` whose buckets' stored states do not hold: of one tenant, or of all that the caller sees.
/// Empty for a source that is not derived. Under the active snapshot.
std::vector<Unsettled> unsettled(const Rollup &, std::optional<std::string_view> tenant, int64 limit);

}  // namespace analytics::engine
