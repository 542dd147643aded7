// Answers from metrics: a series, a summary.
#include "engine/filters.hpp"
#include "engine/metric_line.hpp"
#include "engine/periods.hpp"
#include "pg/rows.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace analytics::engine {
namespace {

using core::Slot;

constexpr std::size_t most_cells = 1'000'000;  // keys times slots of a grouped answer
constexpr int most_keys = 10'000;

std::optional<double> as_double(const Value &value) {
    if (!value) return std::nullopt;
    return pg::call([&] { return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, *value)); });
}

Number number(const Value &value) { return value ? Number(pg::NumericValue{*value}) : Number(); }

/// What is asked of a rollup, whatever the time.
struct Question {
    const pg::Spi &spi;
    FoundMetric found;
    std::string tenant;
    std::vector<Filter> filters;
    std::optional<std::string> group_by;
    core::Instant as_of;  // the end of the newest slot

    const Metric &metric() const { return *found.metric; }
    Evaluator evaluator(Fill fill) const {
        std::vector<const Measure *> measures;
        for (const Measure &m : metric().measures) measures.push_back(&m);
        return {metric().program, std::move(measures), fill};
    }
};

/// The cells of any slots, which may overlap, lie apart and repeat.
class Cells {
  public:
    Cells(const Question &question, std::span<const Slot> slots) : reading_(core::arrange(slots)) {
        for (auto &edges : reading_.batches) {
            Query query{question.tenant,  std::move(edges),  question.metric().program.measures,
                        question.filters, question.group_by, question.as_of};
            answers_.push_back(read(question.spi, question.found.rollup, query));
        }
    }

    std::size_t slots() const { return reading_.places.size(); }
    std::size_t batches() const { return answers_.size(); }
    const std::vector<Group> &groups(std::size_t batch) const { return answers_[batch].groups; }

    /// For Evaluator::run: where the cells of each slot are. `groups` are a key's, one a batch, nullptr where it has
    /// no rows.
    std::vector<const Cell *> rows(std::span<const Group *const> groups) const {
        std::vector<const Cell *> found(slots(), nullptr);
        for (std::size_t i = 0; i < found.size(); ++i) {
            auto const [batch, slot] = reading_.places[i];
            const Group *const group = batch < 0 ? nullptr : groups[static_cast<std::size_t>(batch)];
            if (group != nullptr) found[i] = &answers_[static_cast<std::size_t>(batch)].cell(*group, slot, 0);
        }
        return found;
    }

  private:
    core::Reading reading_;
    std::vector<Answer> answers_;
};

/// One key of group_by and where its cells are; without group_by the only one.
struct Key {
    std::optional<std::string> name;
    std::vector<const Group *> groups;  // one a batch, nullptr where it has no rows
};

/// All keys, each once, in the order of their names, the one without a name first.
std::vector<Key> keys_of(const Cells &cells) {
    std::map<std::optional<std::string>, std::vector<const Group *>> found;
    for (std::size_t batch = 0; batch < cells.batches(); ++batch)
        for (const Group &group : cells.groups(batch)) {
            auto &groups = found[group.key];
            groups.resize(cells.batches(), nullptr);
            groups[batch] = &group;
        }
    std::vector<Key> keys;
    keys.reserve(found.size());
    for (auto &[name, groups] : found) keys.push_back({name, groups});
    return keys;
}

/// A series and, if asked for, the one it is compared with, as slots to read. Where the last state is carried forward,
/// each begins with the buckets before it, in which that state may lie.
struct Plan {
    Series series;
    std::vector<Slot> slots;  // [lead][series], then [lead][series] of the other
    std::size_t lead = 0;
    bool compared = false;

    Plan(Series s, Fill fill, std::optional<core::CompareTo> other) : series(std::move(s)), compared(other) {
        if (fill == Fill::last) slots = series.before();
        lead = slots.size();
        slots.insert(slots.end(), series.slots.begin(), series.slots.end());
        if (!other) return;
        std::vector<Slot> const others = series.compared(*other, slots);
        slots.insert(slots.end(), others.begin(), others.end());
    }

    std::size_t length() const { return lead + series.slots.size(); }

    /// Few slots that together cover all: the series first.
    std::vector<Slot> windows() const {
        Slot const whole{series.slots.front().from, series.slots.back().to};
        std::vector<Slot> result{whole};
        if (lead > 0) result.push_back({slots.front().from, whole.from});
        if (compared) result.push_back({slots[length()].from, slots.back().to});
        return result;
    }
};

/// The values of one key in the series and in the other.
struct Lines {
    std::vector<Value> now, before;  // one a bucket of the series; before is empty without comparison

    Lines(Evaluator &evaluator, const Plan &plan, const std::vector<const Cell *> &rows) {
        now = line(evaluator, plan, rows, 0);
        if (plan.compared) before = line(evaluator, plan, rows, plan.length());
    }

  private:
    static std::vector<Value> line(Evaluator &evaluator, const Plan &plan, const std::vector<const Cell *> &rows,
                                   std::size_t first) {
        std::vector<Value> values(plan.length());
        evaluator.run(std::span(rows).subspan(first, values.size()), values);
        values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(plan.lead));
        return values;
    }
};

/// What each key has over the window of the series, by which keys are ordered. 22023 if there are too many of them.
std::map<std::optional<std::string>, Value> totals_of(const Question &question, const Plan &plan) {
    Cells const cells(question, plan.windows());
    std::vector<Key> const keys = keys_of(cells);
    if (keys.size() * plan.slots.size() > most_cells)
        pg::bad_argument("group_by",
                         "\"" + *question.group_by + "\", which has " + std::to_string(keys.size()) + " values in " +
                             std::to_string(plan.slots.size()) + " buckets",
                         "a dimension with at most " + std::to_string(most_cells / plan.slots.size()) + " values",
                         "Filter by it, or pass a shorter period or a larger bucket.");
    Evaluator evaluator = question.evaluator(Fill::null);
    std::map<std::optional<std::string>, Value> totals;
    for (const Key &key : keys) {
        std::vector<const Cell *> const rows = cells.rows(key.groups);
        evaluator.run(std::span(rows).first(1), std::span(&totals[key.name], 1));
    }
    return totals;
}

/// Greatest total first, then by name; without a total and without a name last.
void rank(std::vector<Key> &keys, const std::map<std::optional<std::string>, Value> &totals) {
    auto const total_of = [&](const Key &key) { return totals.contains(key.name) ? totals.at(key.name) : Value(); };
    std::stable_sort(keys.begin(), keys.end(), [&](const Key &a, const Key &b) {
        int const order = compare(total_of(a), total_of(b));
        return order != 0 ? order > 0 : a.name && (!b.name || *a.name < *b.name);
    });
}

/// The buckets of a summary's trend: natural ones, 15 minutes to a month.
core::Bucket trend_bucket(const core::Span &period) {
    int64 const length = core::longest(period);
    const char *name = "1mo";
    if (length <= 6 * hour) name = "15m";
    else if (length <= 48 * hour) name = "1h";
    else if (length <= 93 * day) name = "1d";
    else if (length <= 732 * day) name = "1w";
    return *core::parse_bucket(name);
}

Datum numeric_array(const std::vector<Value> &values) {
    std::vector<Datum> datums;
    std::unique_ptr<bool[]> const nulls(new bool[values.size()]);
    for (const Value &value : values) {
        nulls[datums.size()] = !value;
        datums.push_back(value.value_or(0));
    }
    int lengths[] = {static_cast<int>(values.size())}, from[] = {1};
    return pg::call([&] {
        return PointerGetDatum(
            construct_md_array(datums.data(), nulls.get(), 1, lengths, from, NUMERICOID, -1, false, TYPALIGN_INT));
    });
}

}  // namespace

MetricLine read_line(const pg::Spi &spi, const pg::Args &args, int metric_argument, int filters_argument,
                     const Series &series) {
    FoundMetric found = find_metric(spi, args.required_text(metric_argument, "metric"));
    std::vector<Filter> filters = engine::filters_argument(args, filters_argument, found.rollup);
    return read_line(spi, std::move(found), std::move(filters), series);
}

MetricLine read_line(const pg::Spi &spi, FoundMetric found, std::vector<Filter> filters, const Series &series) {
    Question const question{spi, std::move(found),          current_tenant(), std::move(filters),
                            {},  series.slots.back().to - 1};
    Cells const cells(question, series.slots);
    Evaluator evaluator = question.evaluator(question.metric().fill);
    MetricLine line{question.found.metric, std::vector<Value>(series.slots.size()), {}};
    std::vector<Key> const keys = keys_of(cells);
    evaluator.run(cells.rows(keys.front().groups), line.exact);
    for (const Value &v : line.exact)
        line.values.push_back(as_double(v).value_or(std::numeric_limits<double>::quiet_NaN()));
    return line;
}

std::optional<double> value_over(const pg::Spi &spi, const FoundMetric &found, const std::vector<Filter> &filters,
                                 const Slot &slot, Fill fill) {
    Question const question{spi, found, current_tenant(), filters, {}, slot.to - 1};
    Cells const cells(question, std::span(&slot, 1));
    Value value;
    question.evaluator(fill).run(cells.rows(keys_of(cells).front().groups), std::span(&value, 1));
    return as_double(value);
}

}  // namespace analytics::engine

using namespace analytics;
using engine::Value;

/// get_metric_series(metric, bucket, period, filters, group_by, compare_to, time_zone, as_of, key_limit)
ANALYTICS_FUNCTION(analytics_get_metric_series) {
    pg::Args const args(fcinfo);
    std::string const name = args.required_text(0, "metric");
    auto const other = engine::compare_to_argument(args, 5);
    auto const key_limit = static_cast<std::size_t>(args.integer(8, "key_limit", 1, engine::most_keys, 100));
    engine::Series series =
        engine::make_series(engine::bucket_argument(args, 1, "1h"), engine::period_argument(args, 2, "24h"),
                            args.text(6, "time_zone").value_or("UTC"), engine::as_of_argument(args, 7));

    pg::RowSink<pg::Timestamp, std::optional<std::string>, engine::Number, engine::Number, engine::Number, bool> sink(
        fcinfo);
    pg::Spi const spi;
    engine::Question question{spi, engine::find_metric(spi, name), engine::current_tenant(), {},
                              {},  series.slots.back().to - 1};
    question.filters = engine::filters_argument(args, 3, question.found.rollup);
    question.group_by = engine::group_by_argument(args, 4, question.found.rollup);
    const engine::Metric &metric = question.metric();
    engine::Plan const plan(std::move(series), metric.fill, other);

    std::map<std::optional<std::string>, Value> totals;
    if (question.group_by) totals = engine::totals_of(question, plan);
    engine::Cells const cells(question, plan.slots);
    std::vector<engine::Key> keys = engine::keys_of(cells);
    if (question.group_by) engine::rank(keys, totals);
    if (keys.size() > key_limit) keys.resize(key_limit);

    engine::Evaluator evaluator = question.evaluator(metric.fill);
    MemoryContext const scratch = pg::call(
        [] { return AllocSetContextCreate(CurrentMemoryContext, "analytics metric", ALLOCSET_DEFAULT_SIZES); });
    pg::InContext const in(scratch);
    for (const engine::Key &key : keys) {
        pg::check_for_interrupts();
        engine::Lines const lines(evaluator, plan, cells.rows(key.groups));
        for (std::size_t i = 0; i < lines.now.size(); ++i) {
            Value const before = other ? lines.before[i] : Value();
            sink.put(pg::Timestamp{plan.series.slots[i].from}, key.name,
                     engine::number(engine::rounded(lines.now[i], metric.rounding)),
                     engine::number(engine::rounded(before, metric.rounding)),
                     engine::number(engine::pct_change(lines.now[i], before)),
                     plan.series.last_is_partial && i + 1 == lines.now.size());
        }
        MemoryContextReset(scratch);
    }
    return 0;
}

/// get_metric_summary(metric, period, filters, as_of)
ANALYTICS_FUNCTION(analytics_get_metric_summary) {
    pg::Args const args(fcinfo);
    std::string const name = args.required_text(0, "metric");
    core::Span const period = engine::period_argument(args, 1, "24h");
    if (core::longest(period) < 15 * engine::minute) pg::bad_argument("period", "too short", "at least 15m");
    core::Instant const as_of = engine::as_of_argument(args, 3);
    engine::Windows const windows = engine::make_windows(period, as_of);
    engine::Series series = engine::make_series(engine::trend_bucket(period), period, "UTC", as_of);

    MemoryContext const result = CurrentMemoryContext;
    pg::Spi const spi;
    engine::Question question{spi, engine::find_metric(spi, name), engine::current_tenant(), {}, {}, as_of};
    question.filters = engine::filters_argument(args, 2, question.found.rollup);
    const engine::Metric &metric = question.metric();
    // A state is not summed up over a window: the newest stands against the one a period ago.
    bool const state = metric.fill == engine::Fill::last;
    engine::Plan plan(std::move(series), metric.fill,
                      state ? std::optional(core::CompareTo::previous_period) : std::nullopt);
    std::size_t const trend_slots = plan.slots.size();
    if (!state) plan.slots.insert(plan.slots.end(), {windows.now, windows.before});
    engine::Cells const cells(question, plan.slots);
    std::vector<const engine::Cell *> const rows = cells.rows(engine::keys_of(cells).front().groups);

    engine::Evaluator evaluator = question.evaluator(metric.fill);
    engine::Lines lines(evaluator, plan, rows);
    std::array<Value, 2> totals;
    if (state) totals = {lines.now.back(), lines.before.back()};
    else evaluator.run(std::span(rows).subspan(trend_slots), totals);

    for (Value &value : lines.now) value = engine::rounded(value, metric.rounding);
    Value const change = engine::pct_change(totals[0], totals[1]);
    for (Value &value : totals) value = engine::rounded(value, metric.rounding);
    pg::InContext const in(result);
    return pg::make_row(fcinfo, metric.name, engine::number(totals[0]), engine::number(totals[1]),
                        engine::number(change), pg::Raw<NUMERICARRAYOID>{engine::numeric_array(lines.now)});
}
