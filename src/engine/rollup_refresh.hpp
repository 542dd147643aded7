#pragma once
// One rollup's share of a refresh: buckets computed again from the source, and the coarser ones over them.
#include "engine/refresh.hpp"

#include <set>

namespace analytics::engine {

class RollupRefresh {
  public:
    /// All is read and written under the snapshot. Keeps references.
    RollupRefresh(const pg::Spi &, Snapshot, const Rollup &);

    /// Recomputes ranges of base buckets from the source; then the hours and days over them that end at or below `to`.
    void recompute(const std::vector<RefreshedRange> &ranges, int64 from, int64 to);

    RefreshReport report;

  private:
    /// A bucket of a tenant; what the statements of a level say they touched.
    using Bucket = std::pair<std::string, int64>;

    void collect(const pg::Result &rows, std::set<Bucket> &into, bool counted = false);
    std::string delete_sql(bool tenant) const;
    std::string make_sql(bool tenant) const;
    std::set<Bucket> derive(const std::set<Bucket> &touched, const std::string &fine, const std::string &coarse,
                            int64 width, int64 from, int64 to);

    const pg::Spi &spi_;
    Snapshot snapshot_;
    const Rollup &rollup_;
    std::string columns_, dims_;
};

}  // namespace analytics::engine
