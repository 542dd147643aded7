#include "engine/refresh.hpp"

#include "engine/definition.hpp"
#include "engine/live.hpp"
#include "engine/rollup_refresh.hpp"
#include "engine/settle.hpp"
#include "engine/watch.hpp"
#include "pg/args.hpp"
#include "pg/rows.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

extern "C" {
#include "access/transam.h"
}

namespace analytics::engine {
namespace {

using core::TimeRange;

struct Parts {
    RefreshPart before = nullptr, after = nullptr;
};

std::map<std::string, Parts, std::less<>> &parts() {
    static std::map<std::string, Parts, std::less<>> registered;
    return registered;
}

/// A snapshot of the moment of its making, active while it lives.
class FreshSnapshot {
  public:
    FreshSnapshot()
        : snapshot_(pg::call([] {
              Snapshot const s = RegisterSnapshot(GetLatestSnapshot());
              PushActiveSnapshot(s);
              return s;
          })) {}
    ~FreshSnapshot() {
        if (std::uncaught_exceptions() != exceptions_) return;  // transaction abort does it
        PopActiveSnapshot();
        UnregisterSnapshot(snapshot_);
    }
    FreshSnapshot(const FreshSnapshot &) = delete;
    FreshSnapshot &operator=(const FreshSnapshot &) = delete;
    Snapshot get() const { return snapshot_; }

  private:
    Snapshot snapshot_;
    int exceptions_ = std::uncaught_exceptions();
};

/// A row of analytics_store.sources, locked.
struct SourceRow {
    int64 settled_to, lag, next_xid;
};

std::optional<SourceRow> lock_row(const pg::Spi &spi, int32 source) {
    static pg::Statement lock("SELECT settled_to, lag, next_xid FROM analytics_store.sources WHERE source_id = $1 "
                              "FOR NO KEY UPDATE SKIP LOCKED",
                              {INT4OID});
    Datum const id = Int32GetDatum(source);
    pg::Result const rows = lock.run(spi, std::span(&id, 1), nullptr, false);
    if (rows.empty()) return std::nullopt;
    Interval const *const lag = DatumGetIntervalP(*rows.get(0, 1));
    return SourceRow{DatumGetTimestampTz(*rows.get(0, 0)), lag->time + (lag->day + int64{30} * lag->month) * day,
                     DatumGetInt64(*rows.get(0, 2))};
}

/// Everything below what is summarised that must be recomputed: notes, this transaction's touches, changed partitions.
std::vector<Touched> dirty_ranges(const pg::Spi &spi, const Source &source, const std::vector<Leaf> &leaves,
                                  Snapshot snapshot, int64 &notes_seen) {
    std::vector<Touched> dirty;
    static pg::Statement notes("SELECT tenant_id, from_at, to_at FROM analytics_store.notes WHERE source_id = $1",
                               {INT4OID}, pg::PlanFor::by_index);
    Datum const id = Int32GetDatum(source.id);
    pg::Result const rows = notes.run_under(spi, snapshot, std::span(&id, 1));
    for (uint64 i = 0; i < rows.size(); ++i) {
        std::optional<Datum> const tenant = rows.get(i, 0);
        dirty.push_back({tenant ? std::optional(pg::to_string(*tenant)) : std::nullopt,
                         {DatumGetTimestampTz(*rows.get(i, 1)), DatumGetTimestampTz(*rows.get(i, 2))}});
    }
    notes_seen = static_cast<int64>(rows.size());
    rows.free();
    for (Touched &touched : touched_here(source.id, InvalidCommandId)) dirty.push_back(std::move(touched));
    for (TimeRange r : changed_ranges(leaves, source, snapshot)) dirty.push_back({std::nullopt, r});
    return dirty;
}

/// The dirty ranges of one rollup, in its buckets, below `limit`, disjoint for each tenant.
std::vector<RefreshedRange> disjoint(const std::vector<Touched> &dirty, int64 bucket, int64 limit) {
    std::vector<TimeRange> common;
    std::map<std::string, std::vector<TimeRange>> own;
    for (const Touched &touched : dirty) {
        TimeRange const r{touched.range.from == beginning ? beginning : core::floor_to(touched.range.from, bucket),
                          touched.range.to >= limit ? limit : core::ceil_to(touched.range.to, bucket)};
        if (r.from >= r.to) continue;
        if (touched.tenant) own[*touched.tenant].push_back(r);
        else common.push_back(r);
    }
    common = core::unite(std::move(common));
    std::vector<RefreshedRange> result;
    result.reserve(common.size() + own.size());
    for (TimeRange r : common) result.push_back({std::nullopt, r.from, r.to});
    for (auto &[tenant, ranges] : own)
        for (TimeRange r : core::unite(std::move(ranges))) {
            for (TimeRange c : common) {
                if (c.to <= r.from || c.from >= r.to) continue;
                if (c.from > r.from) result.push_back({tenant, r.from, c.from});
                r.from = std::max(r.from, c.to);
            }
            if (r.from < r.to) result.push_back({tenant, r.from, r.to});
        }
    return result;
}

std::optional<int64> oldest_row(const pg::Spi &spi, const Rollup &rollup, Snapshot snapshot) {
    pg::Result const rows =
        pg::saved_statement("SELECT pg_catalog.min(r.at) FROM " + rollup.rows_view() + " r", {}, pg::PlanFor::by_index)
            .run_under(spi, snapshot, {});
    std::optional<Datum> const at = rows.get(0, 0);
    return at ? std::optional(DatumGetTimestampTz(*at)) : std::nullopt;
}

/// How far the next chunk of a first summarising goes: so far that it takes about half a second.
class Pace {
  public:
    explicit Pace(int32 rollup) : width_(widths().try_emplace(rollup, day).first->second) {}
    int64 width() const { return width_; }
    void took(double milliseconds) {
        double const factor = std::clamp(500.0 / std::max(milliseconds, 1.0), 0.25, 4.0);
        width_ = std::clamp(core::floor_to(static_cast<int64>(static_cast<double>(width_) * factor), hour), hour,
                            3650 * day);
    }

  private:
    static std::map<int32, int64> &widths() {
        static std::map<int32, int64> all;
        return all;
    }
    int64 &width_;
};

double milliseconds_since(TimestampTz start) { return static_cast<double>(GetCurrentTimestamp() - start) / 1000.0; }

/// A refresh of one source under one snapshot.
class SourceRefresh {
  public:
    SourceRefresh(const pg::Spi &spi, const Source &source, const std::vector<Leaf> &leaves, Snapshot snapshot,
                  int64 target)
        : spi_(spi), source_(source), leaves_(leaves), snapshot_(snapshot), target_(target) {}

    bool run(bool one_chunk, std::vector<RefreshReport> &reports) {
        dirty_ = dirty_ranges(spi_, source_, leaves_, snapshot_, notes_seen);
        bool done = true;
        for (const Rollup *rollup : rollups_of(source_.id))
            if (rollup->stored) done = refresh(*rollup, one_chunk, reports) && done;
        static pg::Statement clear("DELETE FROM analytics_store.notes WHERE source_id = $1", {INT4OID},
                                   pg::PlanFor::by_index);
        Datum const id = Int32GetDatum(source_.id);
        clear.run_under(spi_, snapshot_,
                        std::span(&id, 1));  // exactly the notes seen: later ones are not in the snapshot
        store_watch(spi_, leaves_, source_, snapshot_);
        return done;
    }

    int64 notes_seen = 0;

  private:
    bool refresh(const Rollup &rollup, bool one_chunk, std::vector<RefreshReport> &reports) {
        TimestampTz const start = GetCurrentTimestamp();
        static pg::Statement state("SELECT summarised_to FROM analytics_store.rollups WHERE rollup_id = $1", {INT4OID});
        Datum const id = Int32GetDatum(rollup.id);
        pg::Result const rows = state.run_under(spi_, snapshot_, std::span(&id, 1));
        if (rows.empty()) return true;
        int64 from = DatumGetTimestampTz(*rows.get(0, 0));
        int64 const target = target_ == beginning ? beginning : core::floor_to(target_, rollup.bucket);
        RollupRefresh work(spi_, snapshot_, rollup);
        work.report.name = rollup.name;
        auto const found = parts().find(rollup.name);
        Parts const part = found != parts().end() ? found->second : Parts();
        if (from != beginning) {
            std::vector<RefreshedRange> const ranges = disjoint(dirty_, rollup.bucket, from);
            as_source_owner([&] {
                if (!ranges.empty()) recompute(work, part, ranges, from, from);
            });
        }
        bool done = true;
        if (target > from) {
            done = advance(rollup, work, from, target, one_chunk, part);
            store_state(rollup.id, from);
        } else {
            store_state(rollup.id, from);
        }
        work.report.milliseconds = milliseconds_since(start);
        reports.push_back(work.report);
        return done;
    }

    void recompute(RollupRefresh &work, Parts part, const std::vector<RefreshedRange> &ranges, int64 from, int64 to) {
        if (part.before != nullptr) part.before(spi_, snapshot_, ranges, to);
        work.recompute(ranges, from, to);
        if (part.after != nullptr) part.after(spi_, snapshot_, ranges, to);
    }

    /// Summarises [from, target), upwards in chunks; `from` moves along.
    bool advance(const Rollup &rollup, RollupRefresh &work, int64 &from, int64 target, bool one_chunk, Parts part) {
        bool done = true;
        as_source_owner([&] {
            int64 start = from;
            if (from == beginning) {
                std::optional<int64> const oldest = oldest_row(spi_, rollup, snapshot_);
                start = oldest ? std::min(core::floor_to(*oldest, day), target) : target;
                first_row_ = oldest;
            }
            Pace pace(rollup.id);
            while (start < target) {
                TimestampTz const began = GetCurrentTimestamp();
                int64 const end = target - start <= pace.width() ? target : core::floor_to(start + pace.width(), hour);
                RefreshedRange const range{std::nullopt, start, end};
                recompute(work, part, {range}, from == beginning ? start : from, end);
                pace.took(milliseconds_since(began));
                start = from = end;
                pg::check_for_interrupts();
                if (one_chunk && start < target) {
                    done = false;
                    break;
                }
            }
            from = start;
        });
        return done;
    }

    template <class Work> void as_source_owner(Work &&work) {
        pg::AsUserUnset const owner(source_.owner);  // whose functions a measure may call
        work();
    }

    void store_state(int32 rollup, int64 summarised_to) {
        static pg::Statement update(
            "UPDATE analytics_store.rollups SET summarised_to = $2, last_refresh_at = pg_catalog.clock_timestamp(), "
            "first_row_at = coalesce(first_row_at, $3) WHERE rollup_id = $1",
            {INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID});
        Datum const values[] = {Int32GetDatum(rollup), TimestampTzGetDatum(summarised_to),
                                TimestampTzGetDatum(first_row_.value_or(0))};
        update.run_under(spi_, snapshot_, values, first_row_ ? "   " : "  n");
        first_row_.reset();
    }

    const pg::Spi &spi_;
    const Source &source_;
    const std::vector<Leaf> &leaves_;
    Snapshot snapshot_;
    int64 target_;
    std::vector<Touched> dirty_;
    std::optional<int64> first_row_;
};

/// The lag grows when more than 1 % of the transactions were late: each of them writes a note that every reader reads.
int64 next_lag(const SourceRow &row, int64 next_xid, int64 notes) {
    int64 const transactions = next_xid - row.next_xid;
    if (row.next_xid == 0 || transactions < 1000) return row.lag;
    if (notes * 100 > transactions) return std::min(row.lag * 2, day);
    if (notes * 1000 < transactions) return std::max(row.lag / 2, minute);
    return row.lag;
}

void store_source(const pg::Spi &spi, const Source &source, Snapshot snapshot, const SourceRow &row,
                  const Settled &settled, int64 notes) {
    static pg::Statement update(
        "UPDATE analytics_store.sources SET settled_to = $2, lag = $3 * interval '1 microsecond', next_xid = $4, "
        "waits_for = $5, last_refresh_at = pg_catalog.clock_timestamp() WHERE source_id = $1",
        {INT4OID, TIMESTAMPTZOID, INT8OID, INT8OID, TEXTOID});
    auto const next_xid =
        static_cast<int64>(pg::call([] { return U64FromFullTransactionId(ReadNextFullTransactionId()); }));
    Datum const values[] = {Int32GetDatum(source.id), TimestampTzGetDatum(settled.to),
                            Int64GetDatum(next_lag(row, next_xid, notes)), Int64GetDatum(next_xid),
                            settled.waits_for.empty() ? Datum(0) : pg::to_text(settled.waits_for)};
    update.run_under(spi, snapshot, values, settled.waits_for.empty() ? "    n" : "     ");
}

void require_read_committed() {
    if (IsolationUsesXactSnapshot())
        throw pg::Error(ERRCODE_FEATURE_NOT_SUPPORTED, "a refresh runs in READ COMMITTED only",
                        "The transaction's snapshot is older than the changes to be summarised.",
                        "Call it in a transaction of its own.");
}

}  // namespace

bool before_refresh(const char *rollup, RefreshPart part) {
    parts()[rollup].before = part;
    return true;
}

bool after_refresh(const char *rollup, RefreshPart part) {
    parts()[rollup].after = part;
    return true;
}

bool refresh_source(const Source &source, bool one_chunk, std::vector<RefreshReport> &reports) {
    require_read_committed();
    pg::AsUser const owner(store_tables().owner);
    pg::Spi const spi;
    std::optional<SourceRow> const row = lock_row(spi, source.id);
    if (!row) return true;
    int64 const limit = core::floor_to(GetCurrentTimestamp() - row->lag, source.bucket);
    Settled const settled = settle(source, limit, row->settled_to);
    // Looked at and locked before the snapshot is taken: what these tables hold by then, the snapshot sees. A partition
    // attached later counts as unknown, though the statements below may read it: its rows may be younger than the
    // snapshot.
    std::vector<Leaf> const leaves = leaves_now(source);
    FreshSnapshot const snapshot;
    SourceRefresh refresh(spi, source, leaves, snapshot.get(), settled.to);
    bool const done = refresh.run(one_chunk, reports);
    store_source(spi, source, snapshot.get(), *row, settled, refresh.notes_seen);
    return done;
}

}  // namespace analytics::engine

using namespace analytics;

ANALYTICS_FUNCTION(analytics_refresh_rollups) {
    pg::Args const args(fcinfo);
    pg::RowSink<std::string, int64, int64, double> rows(fcinfo);
    std::optional<std::string> const name = args.text(0, "name");
    (void)engine::store_tables();
    if (!name) (void)engine::forget_lost_sources();
    std::optional<int32> only;
    if (name) {
        pg::Spi const spi;
        only = engine::find_rollup(spi, *name).source.id;
    }
    for (const engine::Source &source : engine::all_sources()) {
        if (only && source.id != *only) continue;
        std::vector<engine::RefreshReport> reports;
        engine::refresh_source(source, false, reports);
        for (const engine::RefreshReport &r : reports) rows.put(r.name, r.buckets, r.rows, r.milliseconds);
    }
    return 0;
}

ANALYTICS_FUNCTION(analytics_refresh_step) {
    for (const engine::Source &source : engine::all_sources()) {
        if (source.id != PG_GETARG_INT32(0)) continue;
        std::vector<engine::RefreshReport> reports;
        return BoolGetDatum(engine::refresh_source(source, true, reports));
    }
    return BoolGetDatum(true);
}

ANALYTICS_FUNCTION(analytics_invalidate_rollup) {
    pg::Args const args(fcinfo);
    std::string const name = args.required_text(0, "name");
    if (args.null(1) || args.null(2)) pg::bad_argument(args.null(1) ? "from_time" : "to_time", "NULL", "given");
    int64 const from = DatumGetTimestampTz(args.datum(1)), to = DatumGetTimestampTz(args.datum(2));
    if (from >= to) pg::bad_argument("to_time", "not later than from_time", "later than from_time");
    pg::Spi const spi;
    engine::Rollup const rollup = engine::find_rollup(spi, name);
    engine::touch(rollup.source.id, std::nullopt, {from, to});
    pg::Result const rows =
        pg::run_once(spi,
                     "SELECT pg_catalog.count(DISTINCT bucket) FROM " + rollup.base_store() +
                         " WHERE bucket >= " + "analytics_internal.instant(" + std::to_string(from) +
                         ") AND bucket < analytics_internal.instant(" + std::to_string(to) + ")",
                     true);
    return *rows.get(0, 0);
}
