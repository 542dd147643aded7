#include "domains/runs/run_tree.hpp"

#include "pg/args.hpp"

#include <array>

namespace analytics::runs {
namespace {

pg::Result read_rows(const pg::Spi &spi, const std::string &tenant, const std::string &run_id, int64 as_of) {
    static pg::Statement statement(
        "SELECT s.trace_id, s.span_id, s.parent_span_id, s.start_time, CASE WHEN s.end_time <= $3 THEN s.end_time END, "
        "s.operation_name, s.model, CASE WHEN s.end_time > $3 THEN NULL ELSE s.cost_usd END "
        "FROM analytics_data.spans s WHERE s.tenant_id = $1 AND s.run_key = $2 AND s.start_time <= $3 LIMIT " +
            std::to_string(most_spans + 1),
        {TEXTOID, TEXTOID, TIMESTAMPTZOID}, pg::PlanFor::by_index);
    std::array const values{pg::to_text(tenant), pg::to_text(run_id), TimestampTzGetDatum(as_of)};
    return statement.run(spi, values);
}

std::string_view view(Datum text_value) {  // inside pg::call
    text *const t = DatumGetTextPP(text_value);
    return {VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t)};
}

}  // namespace

RunTree::RunTree(const pg::Spi &spi, const std::string &tenant, const std::string &run_id, int64 as_of)
    : rows_(read_rows(spi, tenant, run_id, as_of)) {
    if (rows_.empty())
        throw pg::Error(MAKE_SQLSTATE('P', 'T', '4', '0', '4'), "unknown run", "There is no run \"" + run_id + "\".",
                        "list_runs shows those that there are.");
    if (rows_.size() > most_spans)
        pg::bad_argument("run_id", "a run of more than " + std::to_string(most_spans) + " spans",
                         "a run of at most " + std::to_string(most_spans) + " spans",
                         "list_spans reads larger runs page by page.");
    read_facts();
    forest_ = core::build_span_forest(facts_, as_of, stop);
}

void RunTree::read_facts() {
    facts_.resize(rows_.size());
    pg::call([&] {
        for (uint64 row = 0; row < rows_.size(); ++row) {
            CHECK_FOR_INTERRUPTS();
            Datum values[8];
            bool nulls[8];
            rows_.deform(row, values, nulls);
            core::SpanFact &fact = facts_[row];
            fact.trace_id = view(values[0]);
            fact.span_id = view(values[1]);
            if (!nulls[2]) fact.parent_id = view(values[2]);
            fact.start_us = DatumGetTimestampTz(values[3]);
            if (!nulls[4]) fact.end_us = DatumGetTimestampTz(values[4]);
        }
    });
}

}  // namespace analytics::runs
