// An answer as a file: the rows of a function of ours, written as CSV, JSON Lines, HTML, a workbook or Prometheus'
// text.
#include "delivery/response.hpp"
#include "engine/table_file.hpp"
#include "engine/xlsx_writer.hpp"
#include "pg/args.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"

#include <vector>

extern "C" {
#include "catalog/pg_type.h"
#include "executor/spi.h"
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

std::unique_ptr<core::TableWriter> writer_for(std::string_view format, std::span<const core::TableColumn> columns,
                                              const std::string &function, const std::string &summary) {
    if (format == "csv") return core::csv_writer(columns);
    if (format == "jsonl") return core::json_lines_writer(columns);
    if (format == "html") return core::html_writer(columns, function);
    if (format == "xlsx") return engine::xlsx_writer(columns, function);
    // get_dashboard_summary gives analytics_dashboard_...: a gauge is not to be called after another type.
    std::string_view name = function;
    for (std::string_view const prefix : {"get_", "list_", "analytics_"})
        if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    if (constexpr std::string_view type = "_summary"; name.ends_with(type)) name.remove_suffix(type.size());
    return core::prometheus_writer(columns, "analytics_" + std::string(name), summary);
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
        std::string const summary = pg::to_string(*found.get(0, 1));
        (void)engine::write_rows(
            statement, [&](auto columns) { return delivery::writer_for(format, columns, function, summary); },
            [&](std::string_view piece) { file += piece; });
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
