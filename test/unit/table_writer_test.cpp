// Files of rows: what a CSV parser, a JSON parser and a browser make of them.
#include "core/text/table_writer.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

namespace analytics::core {
namespace {

const std::vector<TableColumn> columns{{"name", ColumnKind::text},
                                       {"amount, USD", ColumnKind::number},
                                       {"ok", ColumnKind::boolean},
                                       {"at", ColumnKind::time},
                                       {"more", ColumnKind::json}};

std::string written(std::unique_ptr<TableWriter> writer, const std::vector<std::vector<Cell>> &rows) {
    std::string all = writer->take();
    for (const auto &row : rows) {
        writer->row(row);
        all += writer->take();
    }
    writer->end();
    return all + writer->take();
}

TEST(Csv, FollowsRfc4180) {
    EXPECT_EQ(written(csv_writer(columns), {{"a \"b\", c", "1.50", "t", "2026-03-02T10:00:00+00:00", R"({"x":1})"},
                                            {"line\nbreak", std::nullopt, "f", std::nullopt, std::nullopt},
                                            {"", "0", std::nullopt, std::nullopt, "[]"}}),
              "name,\"amount, USD\",ok,at,more\r\n"
              "\"a \"\"b\"\", c\",1.50,true,2026-03-02T10:00:00+00:00,\"{\"\"x\"\":1}\"\r\n"
              "\"line\nbreak\",,false,,\r\n"
              "\"\",0,,,[]\r\n");
}

TEST(Csv, IsNoFormula) {
    for (std::string_view const text : {"=1+1", "+49", "-1", "@SUM(A1)", "\tx", "\rx"}) {
        std::vector<TableColumn> const one{{"x", ColumnKind::text}};
        std::string const file = written(csv_writer(one), {{text}});
        EXPECT_TRUE(file.starts_with("x\r\n'") || file.starts_with("x\r\n\"'")) << file;
    }
    std::vector<TableColumn> const number{{"x", ColumnKind::number}};
    EXPECT_EQ(written(csv_writer(number), {{"-1"}}), "x\r\n-1\r\n") << "a number stays one";
}

TEST(JsonArray, IsOneArray) {
    std::vector<TableColumn> const one{{"x", ColumnKind::number}};
    EXPECT_EQ(written(json_array_writer(one), {{"1"}, {std::nullopt}}), "[\n{\"x\":1},\n{\"x\":null}\n]\n");
    EXPECT_EQ(written(json_array_writer(one), {}), "[]\n");
}

TEST(JsonLines, IsOneObjectALine) {
    std::string every;
    for (char c = 1; c < 0x7f; ++c) every += c;
    every += "\xc3\xa4\xf0\x9f\x98\x80";
    std::string const file =
        written(json_lines_writer(columns), {{every, "1.50", "t", "2026-03-02", R"({"x":[1,null]})"},
                                             {std::nullopt, "NaN", "f", std::nullopt, "null"}});
    auto const end = file.find('\n');
    auto const first = nlohmann::json::parse(file.substr(0, end));
    EXPECT_EQ(first["name"], every);
    EXPECT_EQ(first["amount, USD"], 1.5);
    EXPECT_EQ(first["ok"], true);
    EXPECT_EQ(first["more"]["x"][0], 1);
    auto const second = nlohmann::json::parse(file.substr(end + 1));
    EXPECT_TRUE(second["name"].is_null() && second["amount, USD"].is_null() && second["more"].is_null());
    EXPECT_EQ(std::count(file.begin(), file.end(), '\n'), 2);
}

TEST(Html, EscapesEverything) {
    std::string const bad = "<script>alert(\"x\")</script>&'";
    std::vector<TableColumn> const one{{bad, ColumnKind::text}};
    std::string const file = written(html_writer(one, bad), {{bad}, {std::nullopt}});
    EXPECT_EQ(file.find("<script>"), std::string::npos);
    std::string const escaped = "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;";
    std::size_t count = 0;
    for (auto at = file.find(escaped); at != std::string::npos; at = file.find(escaped, at + 1)) ++count;
    EXPECT_EQ(count, 4U) << "title, heading, column and cell";
    EXPECT_TRUE(file.starts_with("<!DOCTYPE html>") && file.ends_with("</html>\n"));
    EXPECT_NE(file.find("<meta charset=\"utf-8\">"), std::string::npos);
}

TEST(Prometheus, GaugesWithLabelsInBaseUnits) {
    std::vector<TableColumn> const c{{"at", ColumnKind::time},
                                     {"key", ColumnKind::text},
                                     {"calls", ColumnKind::number},
                                     {"p95 latency_ms", ColumnKind::number},
                                     {"success_pct", ColumnKind::number},
                                     {"never", ColumnKind::number}};
    EXPECT_EQ(written(prometheus_writer(c, "9 lives", "What\nit costs"),
                      {{"2026-03-02T11", "a\"b\\c\nd", "2", "1500", "50", std::nullopt},
                       {"2026-03-02T10", "a\"b\\c\nd", "1", "1", "1", std::nullopt},
                       {"2026-03-02T10", std::nullopt, "12345678901234567890.5", "NaN", std::nullopt, std::nullopt}}),
              "# HELP _9_lives_calls What\\nit costs (calls)\n# TYPE _9_lives_calls gauge\n"
              "_9_lives_calls{key=\"a\\\"b\\\\c\\nd\"} 2\n_9_lives_calls 12345678901234567890.5\n"
              "# HELP _9_lives_p95_latency_seconds What\\nit costs (p95 latency_ms)\n"
              "# TYPE _9_lives_p95_latency_seconds gauge\n_9_lives_p95_latency_seconds{key=\"a\\\"b\\\\c\\nd\"} 1.5\n"
              "# HELP _9_lives_success_ratio What\\nit costs (success_pct)\n# TYPE _9_lives_success_ratio gauge\n"
              "_9_lives_success_ratio{key=\"a\\\"b\\\\c\\nd\"} 0.5\n");
}

// To Prometheus both rows are one series.
TEST(Prometheus, AnEmptyLabelIsNone) {
    std::vector<TableColumn> const c{{"key", ColumnKind::text}, {"calls", ColumnKind::number}};
    std::string const file = written(prometheus_writer(c, "p", "h"), {{"", "1"}, {std::nullopt, "2"}});
    EXPECT_EQ(file, "# HELP p_calls h (calls)\n# TYPE p_calls gauge\np_calls 2\n");
}

TEST(Prometheus, CountsAreNoHistograms) {
    std::vector<TableColumn> const c{{"call_count", ColumnKind::number}, {"agents_count", ColumnKind::number}};
    std::string const file = written(prometheus_writer(c, "p", "h"), {{"1", "2"}});
    EXPECT_NE(file.find("\np_calls 1\n"), std::string::npos) << file;
    EXPECT_NE(file.find("\np_agents 2\n"), std::string::npos) << file;
}

}  // namespace
}  // namespace analytics::core
