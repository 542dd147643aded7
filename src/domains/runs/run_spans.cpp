// get_run_spans
#include "domains/runs/run_tree.hpp"
#include "engine/periods.hpp"
#include "engine/reader.hpp"
#include "pg/arrays.hpp"
#include "pg/rows.hpp"

#include <algorithm>
#include <array>

namespace analytics::runs {
namespace {

using Text = pg::Raw<TEXTOID>;
using MaybeText = std::optional<Text>;
using Rows = pg::RowSink<Text, MaybeText, Text, Text, int64, std::optional<int64>, pg::NumericValue, pg::NumericValue,
                         int32, Text, MaybeText, MaybeText, std::optional<pg::NumericValue>, pg::JsonbValue, Text>;

constexpr int64 unix_epoch = (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;

MaybeText maybe(std::optional<Datum> value) { return value ? MaybeText(Text{*value}) : std::nullopt; }

/// What the tree does without, which may be large: read for one page only, in its order.
pg::Result read_page(const pg::Spi &spi, const std::string &tenant, const RunTree &tree, std::size_t begin,
                     std::size_t end, int64 as_of) {
    static pg::Statement statement(
        "SELECT s.kind, CASE WHEN s.end_time > $4 THEN 'unset' ELSE s.status END, "
        "CASE WHEN s.end_time > $4 THEN NULL ELSE s.error_message END, s.attributes "
        "FROM unnest($2, $3) WITH ORDINALITY k (trace_id, span_id, place) "
        "LEFT JOIN analytics_data.spans s ON s.tenant_id = $1 AND s.trace_id = k.trace_id AND s.span_id = k.span_id "
        "ORDER BY k.place",
        {TEXTOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZOID}, pg::PlanFor::by_index);
    std::vector<Datum> traces, spans;
    for (std::size_t i = begin; i < end; ++i) {
        traces.push_back(tree.trace_id(i));
        spans.push_back(tree.span_id(i));
    }
    std::array const values{pg::to_text(tenant), pg::to_array(traces, TEXTOID), pg::to_array(spans, TEXTOID),
                            TimestampTzGetDatum(as_of)};
    return statement.run(spi, values);
}

}  // namespace
}  // namespace analytics::runs

ANALYTICS_FUNCTION(analytics_get_run_spans) {
    using namespace analytics;
    using namespace analytics::runs;
    pg::Args const args(fcinfo);
    std::string const run_id = args.required_text(0, "run_id", 200);
    auto const limit = static_cast<std::size_t>(args.integer(1, "row_limit", 1, 10'000, 1000));
    auto const offset = static_cast<std::size_t>(args.integer(2, "row_offset", 0, 1'000'000, 0));
    int64 const as_of = engine::as_of_argument(args, 3);
    std::string const tenant = engine::current_tenant();
    Rows rows(fcinfo);
    pg::Spi const spi;
    RunTree const tree(spi, tenant, run_id, as_of);
    std::size_t const count = tree.forest().nodes.size();
    std::size_t const begin = std::min(offset, count), end = std::min(begin + limit, count);
    if (begin == end) return 0;
    pg::Result const page = read_page(spi, tenant, tree, begin, end, as_of);
    for (std::size_t i = begin; i < end; ++i) {
        const core::SpanNode &node = tree.node(i);
        const core::SpanFact &fact = tree.fact(i);
        auto const cell = [&](int column) { return page.get(i - begin, column); };
        std::optional<int64> finish;
        if (fact.end_us) finish = *fact.end_us + unix_epoch;
        std::optional<pg::NumericValue> cost;
        if (auto const value = tree.cost(i)) cost = pg::NumericValue{*value};
        rows.put(Text{tree.span_id(i)}, maybe(tree.parent_id(i)), Text{tree.operation_name(i)}, Text{*cell(0)},
                 fact.start_us + unix_epoch, finish, milliseconds(node.duration_us()), milliseconds(node.self_us),
                 static_cast<int32>(node.depth), Text{*cell(1)}, maybe(cell(2)), maybe(tree.model(i)), cost,
                 pg::JsonbValue{*cell(3)}, Text{tree.trace_id(i)});
    }
    return 0;
}
