// An answer as a file: the rows of a function of ours, written as CSV, JSON Lines, HTML, a workbook or Prometheus'
// text.
#include "delivery/response.hpp"
#include "delivery/xlsx_writer.hpp"
#include "pg/args.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"

#include <vector>

extern "C" {
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/fmgroids.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
}

namespace analytics::delivery {
namespace {

struct Format {
    std::string_view name, content_type, disposition;
};
constexpr Format formats[] = {
    {"csv", "text/csv; charset=utf-8", "attachment"},
    {"jsonl", "application/x-ndjson", "attachment"},
    {"html", "text/html; charset=utf-8", "inline"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "attachment"},
    {"prometheus", "text/plain; version=0.0.4; charset=utf-8", "inline"},
};

core::ColumnKind kind_of(Oid type) {
    switch (type) {
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case NUMERICOID:
    case FLOAT4OID:
    case FLOAT8OID:
        return core::ColumnKind::number;
    case BOOLOID:
        return core::ColumnKind::boolean;
    case TIMESTAMPTZOID:
        return core::ColumnKind::time;
    case JSONOID:
    case JSONBOID:
        return core::ColumnKind::json;
    default:
        return pg::call([&] { return OidIsValid(get_element_type(type)); }) ? core::ColumnKind::json
                                                                            : core::ColumnKind::text;
    }
}

/// A value as the writers want it, in the current memory context.
const char *text_of(Datum value, Oid type, Oid output) {
    return pg::call([&]() -> const char * {
        if (type == TIMESTAMPTZOID) {
            int const utc = 0;
            return JsonEncodeDateTime(static_cast<char *>(palloc(MAXDATELEN + 1)), value, type, &utc);
        }
        if (OidIsValid(get_element_type(type)))  // as JSON: every format can show that
            return TextDatumGetCString(OidFunctionCall1(F_ARRAY_TO_JSON_ANYARRAY, value));
        return OidOutputFunctionCall(output, value);
    });
}

std::unique_ptr<core::TableWriter> writer_for(std::string_view format, std::span<const core::TableColumn> columns,
                                              const std::string &function, const std::string &summary) {
    if (format == "csv") return core::csv_writer(columns);
    if (format == "jsonl") return core::json_lines_writer(columns);
    if (format == "html") return core::html_writer(columns, function);
    if (format == "xlsx") return xlsx_writer(columns, function);
    // get_dashboard_summary gives analytics_dashboard_...: a gauge is not to be called after another type.
    std::string_view name = function;
    for (std::string_view const prefix : {"get_", "list_", "analytics_"})
        if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    if (constexpr std::string_view type = "_summary"; name.ends_with(type)) name.remove_suffix(type.size());
    return core::prometheus_writer(columns, "analytics_" + std::string(name), summary);
}

/// Runs a statement and writes its rows, some at a time.
std::string file_of(const std::string &statement, std::string_view format, const std::string &function,
                    const std::string &summary) {
    constexpr long batch = 1000;
    const char *const sql = statement.c_str();
    Portal const portal = pg::call([&] {
        SPIPlanPtr const plan = SPI_prepare(sql, 0, nullptr);
        if (plan == nullptr) elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
        return SPI_cursor_open(nullptr, plan, nullptr, nullptr, true);
    });
    TupleDesc const descriptor = portal->tupDesc;
    auto const width = static_cast<std::size_t>(descriptor->natts);
    std::vector<core::TableColumn> columns;
    std::vector<Oid> types, outputs;
    for (int i = 0; i < descriptor->natts; ++i) {
        Oid const declared = TupleDescAttr(descriptor, i)->atttypid;
        Oid const type = pg::call([&] { return getBaseType(declared); });
        columns.push_back({NameStr(TupleDescAttr(descriptor, i)->attname), kind_of(type)});
        types.push_back(type);
        outputs.push_back(pg::call([&] {
            Oid output = InvalidOid;
            bool variable = false;
            getTypeOutputInfo(type, &output, &variable);
            return output;
        }));
    }
    std::unique_ptr<core::TableWriter> const writer = writer_for(format, columns, function, summary);
    std::string file = writer->take();
    std::vector<core::Cell> cells(width);
    MemoryContext const scratch = pg::call(
        [] { return AllocSetContextCreate(CurrentMemoryContext, "analytics file row", ALLOCSET_DEFAULT_SIZES); });
    while (true) {
        pg::call([&] { SPI_cursor_fetch(portal, true, batch); });
        pg::Result const rows(SPI_tuptable, SPI_processed);
        for (uint64 r = 0; r < rows.size(); ++r) {
            {
                pg::InContext const in(scratch);
                for (std::size_t i = 0; i < width; ++i) {
                    std::optional<Datum> const value = rows.get(r, static_cast<int>(i));
                    cells[i] = value ? core::Cell(text_of(*value, types[i], outputs[i])) : std::nullopt;
                }
                writer->row(cells);
            }
            pg::call([&] { MemoryContextReset(scratch); });
            pg::check_for_interrupts();
        }
        file += writer->take();
        bool const done = rows.size() < static_cast<uint64>(batch);
        rows.free();
        if (done) break;
    }
    pg::call([&] { SPI_cursor_close(portal); });
    writer->end();
    return file + writer->take();
}

}  // namespace
}  // namespace analytics::delivery

ANALYTICS_FUNCTION(analytics_export_answer) {
    using namespace analytics;
    pg::Args const args(fcinfo);
    std::string const function = args.required_text(0, "function", 63);
    std::string const format = args.one_of(2, "format", {"csv", "jsonl", "html", "xlsx", "prometheus"}, "csv");
    std::string file;
    {
        pg::Spi const spi;
        static pg::Statement call_of("SELECT s.statement, s.summary FROM analytics_internal.answer_statement($1, $2) s",
                                     {TEXTOID, JSONBOID});
        Datum const values[] = {pg::to_text(function), args.null(1) ? Datum(0) : args.datum(1)};
        pg::Result const found = call_of.run(spi, values, args.null(1) ? " n" : "  ");
        std::string const statement = pg::to_string(*found.get(0, 0));
        file = delivery::file_of(statement, format, function, pg::to_string(*found.get(0, 1)));
    }
    for (const delivery::Format &f : delivery::formats) {
        if (f.name != format) continue;
        std::string_view const ending = f.name == "prometheus" ? "txt" : f.name;
        delivery::Header const headers[] = {{"Content-Type", std::string(f.content_type)},
                                            {"Content-Disposition", std::string(f.disposition) + "; filename=\"" +
                                                                        function + "." + std::string(ending) + "\""}};
        delivery::add_response_headers(headers);
    }
    std::string_view const bytes = file;
    return pg::call([&] {
        auto *const result = static_cast<bytea *>(palloc(VARHDRSZ + bytes.size()));
        SET_VARSIZE(result, VARHDRSZ + bytes.size());
        memcpy(VARDATA(result), bytes.data(), bytes.size());
        return PointerGetDatum(result);
    });
}
