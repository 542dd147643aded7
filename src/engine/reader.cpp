#include "engine/reader.hpp"

#include "engine/derived.hpp"
#include "engine/merge.hpp"
#include "engine/state_sql.hpp"
#include "engine/stored_rows.hpp"
#include "pg/arrays.hpp"
#include "pg/values.hpp"

#include <algorithm>
#include <unordered_map>

namespace analytics::engine {
namespace {

using core::Level;
using core::TimeRange;

/// What one statement asks for: a level, the measures, how it is filtered and grouped.
struct Shape {
    Level level;
    bool counts_only;       // distinct measures by their stored count, without the set
    bool in_slots = false;  // raw rows of ranges that lie within one slot each: not told apart by their bucket
};

/// The name of a level's store in analytics_store.
std::string store_of(const Rollup &rollup, Level level) {
    return rollup.name + (level == Level::day ? "_day" : level == Level::hour ? "_hour" : "_base");
}

/// "AND s.model::text = ANY ($4)" for each filter. The cast is left out for text, so that an index may serve.
std::string filter_clauses(const Query &query, const std::string &alias) {
    std::string clauses;
    for (std::size_t i = 0; i < query.filters.size(); ++i)
        clauses += " AND " + alias + "." + quoted(query.filters[i].dimension) +
                   "::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($" + std::to_string(4 + i) + ")";
    return clauses;
}

/// The statement for a shape: bucket, [key,] state columns of the measures; $1 tenant, $2 and $3 the start and end of
/// the range, or of all ranges (`several`), then filters. Several cost one start of the executor instead of one each;
/// OFFSET 0 has each read by index, whatever the planner believes of their number.
std::string statement_sql(const Rollup &rollup, const Query &query, const Shape &shape, bool several) {
    std::string const from = several ? "u.f" : "$2", to = several ? "u.t" : "$3";
    auto const of_all = [&](const std::string &one) {
        return several ? "SELECT x.* FROM unnest($2, $3) u(f, t) CROSS JOIN LATERAL (" + one + " OFFSET 0) x" : one;
    };
    std::vector<Measure> measures;
    for (int m : query.measures) measures.push_back(rollup.measures[static_cast<std::size_t>(m)]);
    if (shape.level == Level::raw) {
        std::string const key = query.group_by ? ", r." + quoted(*query.group_by) + "::pg_catalog.text" : "";
        std::string const at = shape.in_slots ? from
                                              : "greatest(analytics_internal.bucket_of(r.at, " +
                                                    std::to_string(rollup.bucket) + "), " + from + ")";
        std::string const groups = !shape.in_slots ? key.empty() ? " GROUP BY 1" : " GROUP BY 1, 2"
                                   : key.empty()   ? " HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 0"
                                                   : " GROUP BY 2";
        return of_all("SELECT " + at + key + ", " + states_of_rows(measures) + " FROM " + rollup.read_view() +
                      " r WHERE r.tenant_id = $1 AND r.at >= " + from + " AND r.at < " + to +
                      filter_clauses(query, "r") + groups);
    }
    std::string const key = query.group_by ? ", s." + quoted(*query.group_by) + "::pg_catalog.text" : "";
    std::string columns;
    for (const Measure &m : measures) {
        columns += ", ";
        if (!(shape.counts_only && m.kind == MeasureKind::distinct)) columns += "s." + quoted(m.name);
        else columns += "NULL::analytics.distinct_set";
        if (m.counted()) columns += ", s." + quoted(m.name + "__n");
    }
    return of_all("SELECT s.bucket" + key + columns + " FROM analytics_store." + quoted(store_of(rollup, shape.level)) +
                  " s WHERE s.tenant_id = $1 AND s.bucket >= " + from + " AND s.bucket < " + to +
                  filter_clauses(query, "s"));
}

/// Rows of a short while are grouped by sorting: a hash table is made for as many as a generic plan expects, for each
/// range anew.
pg::Statement &statement(std::string sql, std::size_t filters, bool several, bool short_while) {
    Oid const instant = several ? TIMESTAMPTZARRAYOID : TIMESTAMPTZOID;
    std::vector<Oid> types{TEXTOID, instant, instant};
    types.insert(types.end(), filters, TEXTARRAYOID);
    return pg::saved_statement(std::move(sql), std::move(types),
                               short_while ? pg::PlanFor::few_rows : pg::PlanFor::by_index);
}

/// The statement for a shape; its text is put together once, until a definition changes.
pg::Statement &known_statement(const Rollup &rollup, const Query &query, const Shape &shape, bool several,
                               bool short_while) {
    static std::unordered_map<std::string, pg::Statement *> known;
    static uint64 known_at = 0;
    if (std::exchange(known_at, generation()) != generation()) known.clear();
    std::string key;
    auto const add = [&](auto value) { key.append(reinterpret_cast<const char *>(&value), sizeof value); };
    add(rollup.id);
    add(shape.level);
    for (bool const flag : {shape.counts_only, shape.in_slots, several, short_while}) add(flag);
    add(query.measures.size());
    for (int const measure : query.measures) add(measure);
    key += query.group_by.value_or("");
    for (const Filter &filter : query.filters) key += '\0' + filter.dimension;
    pg::Statement *&found = known[key];
    if (found == nullptr)
        found = &statement(statement_sql(rollup, query, shape, several), query.filters.size(), several, short_while);
    return *found;
}

/// Whether a stored bucket is one row of a group, so that its stored count of distinct values is the answer.
bool one_row_a_bucket(const Rollup &rollup, const Query &query) {
    return std::all_of(rollup.dimensions.begin(), rollup.dimensions.end(), [&](const std::string &d) {
        if (query.group_by && *query.group_by == d) return true;
        return std::any_of(query.filters.begin(), query.filters.end(),
                           [&](const Filter &f) { return f.dimension == d && f.values.size() == 1; });
    });
}

bool asks_distinct(const Rollup &rollup, const Query &query) {
    return std::any_of(query.measures.begin(), query.measures.end(), [&](int m) {
        return rollup.measures[static_cast<std::size_t>(m)].kind == MeasureKind::distinct;
    });
}

Datum text_array(const std::vector<std::string> &values) {
    std::vector<Datum> elements;
    elements.reserve(values.size());
    for (const std::string &v : values) elements.push_back(pg::to_text(v));
    return pg::to_array(elements, TEXTOID);
}

Datum instant_array(std::span<const TimeRange> ranges, int64 (*side)(TimeRange)) {
    std::vector<Datum> elements;
    for (TimeRange r : ranges) elements.push_back(TimestampTzGetDatum(side(r)));
    return pg::to_array(elements, TIMESTAMPTZOID);
}

/// Lets a map of strings be searched without making one.
struct HashOfText {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

/// Collects rows of any level into the slots of groups.
class Collector {
  public:
    Collector(const Rollup &rollup, const Query &query, bool with_sets)
        : query_(query), keyed_(query.group_by.has_value()), with_sets_(with_sets) {
        answer_.slots = static_cast<int>(query.edges.size()) - 1;
        answer_.measures = static_cast<int>(query.measures.size());
        for (int m : query.measures) measures_.emplace_back(rollup.measures[static_cast<std::size_t>(m)]);
        if (!keyed_) add_group(std::nullopt);
    }

    /// The columns of a row without key.
    std::vector<StoredColumn> columns() const {
        std::vector<StoredColumn> columns{{true, sizeof(int64)}};
        for (const MergeType &m : measures_) {
            columns.push_back({m.by_value, m.length});
            if (m.is_counted()) columns.push_back({true, sizeof(int64)});
        }
        return columns;
    }

    /// A row as the executor made it: bucket, [key,] states.
    void take(const Datum *values, const bool *nulls) {
        std::size_t const slot = slot_of(DatumGetTimestampTz(values[0]));
        std::vector<MergeState> &states = keyed_ ? group(values[1], nulls[1]) : states_.front();
        std::size_t column = keyed_ ? 2 : 1;
        for (std::size_t m = 0; m < measures_.size(); ++m) {
            MergeState &state = states[slot * measures_.size() + m];
            int64 count = 0;
            bool const null = nulls[column];
            Datum const value = values[column++];
            if (measures_[m].is_counted()) {
                if (!nulls[column]) count = DatumGetInt64(values[column]);
                ++column;
            }
            if (!null || count != 0) state.add(measures_[m], value, null, count);
        }
    }

    Answer finish() {
        for (std::size_t g = 0; g < states_.size(); ++g) {
            Group &group = answer_.groups[g];
            group.cells.resize(states_[g].size());
            for (std::size_t c = 0; c < states_[g].size(); ++c) {
                const MergeType &measure = measures_[c % measures_.size()];
                if (measure.kind == MeasureKind::distinct && query_.edges[c / measures_.size()] < query_.distinct_from)
                    continue;
                group.cells[c] = states_[g][c].finish(measure, with_sets_);
            }
        }
        if (keyed_)
            std::sort(answer_.groups.begin(), answer_.groups.end(), [](const Group &a, const Group &b) {
                return a.key && b.key ? *a.key < *b.key : a.key.has_value() && !b.key.has_value();
            });
        return std::move(answer_);
    }

  private:
    /// Rows come in order of time within a range, so the slot is normally the last one or the next.
    std::size_t slot_of(int64 at) {
        const std::vector<int64> &edges = query_.edges;
        if (at >= edges[last_slot_] && at < edges[last_slot_ + 1]) return last_slot_;
        if (last_slot_ + 2 < edges.size() && at >= edges[last_slot_ + 1] && at < edges[last_slot_ + 2])
            return ++last_slot_;
        auto const next = std::upper_bound(edges.begin(), edges.end(), at);
        last_slot_ = static_cast<std::size_t>(next - edges.begin()) - 1;
        return last_slot_;
    }

    std::vector<MergeState> &group(Datum key, bool null) {
        if (null) {
            if (!nameless_) nameless_ = add_group(std::nullopt);
            return states_[*nameless_];
        }
        std::string_view const name = pg::text_view(key);
        auto const known = index_.find(name);
        if (known != index_.end()) return states_[known->second];
        return states_[index_.emplace(name, add_group(std::string(name))).first->second];
    }

    std::size_t add_group(std::optional<std::string> key) {
        answer_.groups.push_back({std::move(key), {}});
        states_.emplace_back(static_cast<std::size_t>(answer_.slots) * measures_.size());
        return states_.size() - 1;
    }

    const Query &query_;
    bool keyed_, with_sets_;
    Answer answer_;
    std::vector<MergeType> measures_;
    std::unordered_map<std::string, std::size_t, HashOfText, std::equal_to<>> index_;
    std::optional<std::size_t> nameless_;  // the group of rows without a key
    std::vector<std::vector<MergeState>> states_;
    std::size_t last_slot_ = 0;
};

/// How long they last together, but no longer than from the first to now.
int64 length_of(const std::vector<TimeRange> &ranges) {
    int64 length = 0;
    TimestampTz const now = GetCurrentTimestamp();
    for (TimeRange r : ranges) length += std::max<int64>(0, std::min(r.to, now) - r.from);
    return length;
}

/// Whether each of some ascending ranges lies within one slot.
bool are_in_slots(const std::vector<TimeRange> &ranges, const std::vector<int64> &edges) {
    return std::all_of(ranges.begin(), ranges.end(), [&](TimeRange r) {
        auto const behind = std::upper_bound(edges.begin(), edges.end(), r.from);
        return behind != edges.end() && r.to <= *behind;
    });
}

/// Takes the ranges below an instant, and the parts of them that lie below it, out of ascending ones.
std::vector<TimeRange> take_below(int64 at, std::vector<TimeRange> &ranges) {
    std::vector<TimeRange> below, rest;
    for (TimeRange r : ranges) {
        if (r.from < at) below.push_back({r.from, std::min(r.to, at)});
        if (r.to > at) rest.push_back({std::max(r.from, at), r.to});
    }
    ranges = std::move(rest);
    return below;
}

void run_statement(const pg::Spi &spi, const Rollup &rollup, const Query &query, const Shape &shape,
                   const std::vector<TimeRange> &ranges, std::span<Datum> parameters, const TakeRow &take) {
    bool const several = ranges.size() > 1;
    bool const short_while = shape.level == Level::raw && length_of(ranges) <= 8 * rollup.bucket;
    pg::Statement &level = known_statement(rollup, query, shape, several, short_while);
    if (several) {
        parameters[1] = instant_array(ranges, [](TimeRange r) { return r.from; });
        parameters[2] = instant_array(ranges, [](TimeRange r) { return r.to; });
    } else {
        parameters[1] = TimestampTzGetDatum(ranges.front().from);
        parameters[2] = TimestampTzGetDatum(ranges.front().to);
    }
    level.run_each(spi, parameters, take);
}

void read_ranges(const pg::Spi &spi, const Rollup &rollup, const Query &query, Shape shape,
                 const std::vector<TimeRange> &ranges, const StoresVersion &version, std::span<Datum> parameters,
                 Collector &collector) {
    if (ranges.empty()) return;
    shape.in_slots = shape.level == Level::raw && are_in_slots(ranges, query.edges);
    TakeRow const take = [&](const Datum *values, const bool *nulls) { collector.take(values, nulls); };
    auto const run = [&](const TakeRow &taker) { run_statement(spi, rollup, query, shape, ranges, parameters, taker); };
    if (shape.level == Level::raw || query.group_by || !query.filters.empty()) return run(take);
    each_stored_row({rollup.id, version, query.tenant, current_tenant(), store_of(rollup, shape.level),
                     shape.counts_only, query.measures, ranges},
                    collector.columns(), take, run);
}

Answer read_once(const pg::Spi &spi, const Rollup &rollup, const Query &query, bool with_sets) {
    Live now = live(rollup, rollup.source.has_tenant ? query.tenant : std::string_view());
    core::Cover const cover = core::cover(query.edges, rollup.bucket, now.ranges);
    std::vector<Datum> parameters{pg::to_text(rollup.source.has_tenant ? query.tenant : std::string()), 0, 0};
    for (const Filter &filter : query.filters) parameters.push_back(text_array(filter.values));
    Collector collector(rollup, query, with_sets);
    // Slots of one stored row have their distinct values counted already; what both kinds of slots need alike is read
    // by one statement.
    bool const counts = !with_sets && asks_distinct(rollup, query) && one_row_a_bucket(rollup, query);
    for (int level = 0; level < core::level_count; ++level) {
        std::vector<TimeRange> whole = cover.whole[level], parts = cover.parts[level];
        if (!counts && !whole.empty()) {
            parts.insert(parts.end(), whole.begin(), whole.end());
            parts = core::unite(std::move(parts));
            whole.clear();
        }
        // Sets of hours and days lie out of line: they stay there where nobody asks for them. Another statement costs
        // more than those of base buckets.
        if (whole.empty() && level >= static_cast<int>(Level::hour) && query.distinct_from > query.edges.front())
            whole = take_below(query.distinct_from, parts);
        read_ranges(spi, rollup, query, {static_cast<Level>(level), true}, whole, now.version, parameters, collector);
        read_ranges(spi, rollup, query, {static_cast<Level>(level), false}, parts, now.version, parameters, collector);
    }
    Answer answer = collector.finish();
    answer.live = std::move(now);
    return answer;
}

}  // namespace

Answer read(const pg::Spi &spi, const Rollup &rollup, const Query &query, bool with_sets) {
    require_stored(rollup);
    AtMoment const moment(query.as_of);
    // A partition attached while we read is in the statements planned since, but not in the ranges that were found live
    // before. The relcache message that has them planned anew also moves the generation.
    for (;;) {
        uint64 const before = generation();
        Answer answer = read_once(spi, rollup, query, with_sets);
        if (generation() == before) return answer;
    }
}

}  // namespace analytics::engine
