// get_cost_breakdown: the sums of calls by what they share.
#include "domains/spend/numbers.hpp"
#include "engine/periods.hpp"
#include "engine/reader.hpp"
#include "pg/rows.hpp"

#include <algorithm>
#include <array>

namespace analytics::spend {
namespace {

struct Line {
    std::optional<std::string> key;
    int64 calls, input_tokens, output_tokens, unpriced, successes;
    std::optional<Datum> cost;
    std::optional<double> mean_latency;
    std::array<std::optional<double>, 3> latency;  // at `quantiles`
};

constexpr std::array quantiles{0.5, 0.95, 0.99};

/// From a rollup: any number of calls costs the same.
std::vector<Line> from_rollup(const pg::Spi &spi, const char *rollup_name, const std::string &dimension,
                              const std::string &tenant, int64 from, int64 to) {
    const engine::Rollup &rollup = engine::find_rollup(spi, rollup_name);
    enum { calls, input, output, spend, unpriced, successes, latency, latency_mean, count };
    constexpr std::array<const char *, count> names{"calls",          "input_tokens", "output_tokens", "spend",
                                                    "unpriced_calls", "successes",    "latency",       "latency_mean"};
    engine::Query query{tenant, {from, to}, {}, {}, dimension};
    for (const char *name : names) query.measures.push_back(rollup.measure(name));
    engine::Answer const answer = engine::read(spi, rollup, query);
    std::vector<Line> lines;
    for (const engine::Group &group : answer.groups) {
        auto const whole = [&](int m) {
            return engine::as_int64(
                rollup.measures[static_cast<std::size_t>(query.measures[static_cast<std::size_t>(m)])],
                answer.cell(group, 0, m));
        };
        if (whole(calls) == 0) continue;
        const engine::Cell &cost = answer.cell(group, 0, spend), &mean = answer.cell(group, 0, latency_mean);
        Line line{group.key,     whole(calls),    whole(input),
                  whole(output), whole(unpriced), whole(successes),
                  std::nullopt,  std::nullopt,    {}};
        engine::quantiles(answer.cell(group, 0, latency), quantiles, line.latency);
        if (!cost.null) line.cost = cost.value;
        if (mean.count > 0) line.mean_latency = DatumGetFloat8(mean.value) / static_cast<double>(mean.count);
        lines.push_back(std::move(line));
    }
    return lines;
}

/// From the calls themselves: users, tasks and runs are too many to keep sums of each.
std::vector<Line> from_calls(const pg::Spi &spi, const std::string &column, Datum tenant, int64 from, int64 to) {
    pg::Statement &statement = pg::saved_statement(
        "SELECT c." + column +
            ", count(*), sum(c.input_tokens)::bigint, sum(c.output_tokens)::bigint, sum(c.cost_usd), "
            "count(*) FILTER (WHERE c.cost_usd IS NULL), count(*) FILTER (WHERE c.success), avg(c.latency_ms), "
            "percentile_cont(0.5) WITHIN GROUP (ORDER BY c.latency_ms), "
            "percentile_cont(0.95) WITHIN GROUP (ORDER BY c.latency_ms), "
            "percentile_cont(0.99) WITHIN GROUP (ORDER BY c.latency_ms) FROM analytics_data.llm_calls c "
            "WHERE c.tenant_id = $1 AND c.created_at >= $2 AND c.created_at < $3 GROUP BY 1",
        {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID}, pg::PlanFor::by_index);
    pg::Result const rows = statement.run(spi, std::array{tenant, TimestampTzGetDatum(from), TimestampTzGetDatum(to)});
    auto const real = [](std::optional<Datum> v) { return v ? std::optional(DatumGetFloat8(*v)) : std::nullopt; };
    std::vector<Line> lines;
    for (uint64 i = 0; i < rows.size(); ++i) {
        auto const whole = [&](int column_number) { return DatumGetInt64(*rows.get(i, column_number)); };
        auto const key = rows.get(i, 0);
        lines.push_back({key ? std::optional(pg::to_string(*key)) : std::nullopt,
                         whole(1),
                         whole(2),
                         whole(3),
                         whole(5),
                         whole(6),
                         rows.get(i, 4),
                         real(rows.get(i, 7)),
                         {real(rows.get(i, 8)), real(rows.get(i, 9)), real(rows.get(i, 10))}});
    }
    return lines;
}

/// Dearest first, what has no price last; then the most calls, then by key.
bool before(const Line &a, const Line &b) {
    if (a.cost.has_value() != b.cost.has_value()) return a.cost.has_value();
    int const order = a.cost ? compare(*a.cost, *b.cost) : 0;
    if (order != 0) return order > 0;
    if (a.calls != b.calls) return a.calls > b.calls;
    return a.key && (!b.key || *a.key < *b.key);
}

std::optional<double> rounded(const std::optional<double> &value) {
    return value ? std::optional(milliseconds(*value)) : std::nullopt;
}

}  // namespace
}  // namespace analytics::spend

ANALYTICS_FUNCTION(analytics_get_cost_breakdown) {
    using namespace analytics;
    using namespace analytics::spend;
    pg::Args const args(fcinfo);
    std::string const period = args.one_of(0, "period", {"24h", "7d", "30d", "90d"}, "30d");
    std::string const by = args.one_of(1, "group_by", {"model", "provider", "agent", "user", "task", "run"}, "model");
    int64 const as_of = engine::as_of_argument(args, 2);
    auto const row_limit = static_cast<std::size_t>(args.integer(3, "row_limit", 1, 1000, 100));
    int64 const length = period == "24h" ? engine::day : std::stoll(period) * engine::day;
    int64 const from = as_of - length + 1, to = as_of + 1;
    std::string const tenant = engine::current_tenant();
    pg::Spi const spi;
    std::vector<Line> lines = by == "model" || by == "provider"
                                  ? from_rollup(spi, "llm_calls_by_model", by, tenant, from, to)
                              : by == "agent" ? from_rollup(spi, "llm_calls_by_agent", "agent_id", tenant, from, to)
                                              : from_calls(spi, by + "_id", pg::to_text(tenant), from, to);
    Datum total = zero();
    for (const Line &line : lines)
        if (line.cost) total = sum(total, *line.cost);
    std::sort(lines.begin(), lines.end(), before);
    if (lines.size() > row_limit) lines.resize(row_limit);
    pg::RowSink<std::optional<std::string>, int64, int64, int64, Number, Number, std::optional<double>,
                std::optional<double>, Number, int64, std::optional<double>, std::optional<double>>
        rows(fcinfo);
    for (const Line &line : lines)
        rows.put(line.key, line.calls, line.input_tokens, line.output_tokens,
                 line.cost ? Number(pg::NumericValue{*line.cost}) : Number(),
                 line.cost ? percent(*line.cost, total) : Number(), rounded(line.mean_latency),
                 rounded(line.latency[1]), rate(line.successes, line.calls, 4), line.unpriced, rounded(line.latency[0]),
                 rounded(line.latency[2]));
    return 0;
}
