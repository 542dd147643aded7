// Rows as CSV, JSON, HTML and Prometheus' text: whatever the cells hold, a reader finds the same rows and the same
// cells.
#include "core/text/table_writer.hpp"
#include "fuzz.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <vector>

using namespace analytics::core;
using analytics::fuzz::must;
using nlohmann::json;

namespace {

const std::array<TableColumn, 6> columns{{{"at", ColumnKind::time},
                                          {"model", ColumnKind::text},
                                          {"calls", ColumnKind::number},
                                          {"latency_ms", ColumnKind::number},
                                          {"open", ColumnKind::boolean},
                                          {"note", ColumnKind::text}}};
constexpr std::array<std::string_view, 8> numbers{"0", "-1.50",    "NaN", "Infinity", "1e+20", "12345678901234567890.5",
                                                  "7", "-Infinity"};
constexpr std::array<std::string_view, 4> times{"2024-05-15T10:30:00+00:00", "2024-05-15T10:30:01+00:00", "-infinity",
                                                "0044-03-15T00:00:00+00:00 BC"};

using Row = std::vector<Cell>;

/// A line a row: a byte a cell that is no text, then the texts, which a tab ends.
std::vector<Row> rows_of(analytics::fuzz::Input &input) {
    std::vector<Row> rows;
    while (!input.done() && rows.size() < 20) {
        std::string_view line = input.line();
        auto const code = [&] {
            if (line.empty()) return std::size_t{0};
            auto const c = static_cast<unsigned char>(line.front());
            line.remove_prefix(1);
            return std::size_t{c} % 16;
        };
        auto const text = [&]() -> Cell {
            if (code() == 0) return std::nullopt;
            std::string_view const taken = line.substr(0, line.find('\t'));
            line.remove_prefix(std::min(taken.size() + 1, line.size()));
            return analytics::fuzz::valid_utf8(taken) ? Cell(taken) : std::nullopt;  // a code may be half a character
        };
        auto const one_of = [&](auto const &values) {
            std::size_t const i = code();
            return i < values.size() ? Cell(values[i]) : std::nullopt;
        };
        Row row;
        row.push_back(one_of(times));
        row.push_back(text());
        row.push_back(one_of(numbers));
        row.push_back(one_of(numbers));
        row.push_back(one_of(std::array<std::string_view, 2>{"t", "f"}));
        row.push_back(text());
        rows.push_back(std::move(row));
    }
    return rows;
}

std::string written(TableWriter &writer, std::span<const Row> rows) {
    std::string out = writer.take();
    for (const Row &row : rows) {
        writer.row(row);
        out += writer.take();
    }
    writer.end();
    for (std::string more = writer.take(); !more.empty(); more = writer.take()) out += more;
    return out;
}

// RFC 4180, read.
std::vector<std::vector<std::string>> read_csv(std::string_view text) {
    std::vector<std::vector<std::string>> records(1);
    std::string field;
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] == '"') {
            for (++i;; ++i) {
                must(i < text.size(), "a quoted field ends", text);
                if (text[i] == '"' && (++i == text.size() || text[i] != '"')) break;
                field += text[i];
            }
            must(i < text.size() && (text[i] == ',' || text[i] == '\r'), "a quote ends a field", text);
        } else if (text[i] == ',' || text.substr(i, 2) == "\r\n") {
            records.back().push_back(std::exchange(field, {}));
            bool const line = text[i] == '\r';
            i += line ? 2 : 1;
            if (line) records.emplace_back();
        } else {
            must(text[i] != '\r' && text[i] != '\n', "a line break is quoted", text);
            field += text[i++];
        }
    }
    must(records.back().empty() && field.empty(), "the last line ends", text);
    records.pop_back();
    return records;
}

void must_read_csv(std::span<const Row> rows) {
    std::string const text = written(*csv_writer(columns), rows);
    auto const records = read_csv(text);
    must(records.size() == rows.size() + 1, "CSV has as many rows", text);
    for (std::size_t r = 0; r < rows.size(); ++r) {
        const std::vector<std::string> &record = records[r + 1];
        must(record.size() == columns.size(), "CSV has as many fields", text);
        for (std::size_t c = 0; c < columns.size(); ++c) {
            std::string expected(rows[r][c].value_or(""));
            if (columns[c].kind == ColumnKind::boolean && rows[r][c]) expected = *rows[r][c] == "t" ? "true" : "false";
            if (columns[c].kind == ColumnKind::text) {
                must(record[c].empty() || std::string_view("=+-@\t\r").find(record[c][0]) == std::string_view::npos,
                     "CSV holds no formula", text);
                expected = without_formula(expected);
            }
            must(record[c] == expected, "CSV reads back", text);
        }
    }
}

void must_be_object(const json &object, const Row &row, std::string_view text) {
    must(object.is_object() && object.size() == columns.size(), "each row is an object", text);
    for (std::size_t c = 0; c < columns.size(); ++c) {
        const json &value = object.at(columns[c].name);
        switch (columns[c].kind) {
        case ColumnKind::number:
            must(row[c] && row[c]->find_first_of("aI") == std::string_view::npos ? value.is_number() : value.is_null(),
                 "a number is one, or null", text);
            break;
        case ColumnKind::boolean:
            must(row[c] ? value == json(*row[c] == "t") : value.is_null(), "a boolean is one, or null", text);
            break;
        default:
            must(row[c] ? value == json(std::string(*row[c])) : value.is_null(), "a text reads back", text);
        }
    }
}

void must_read_json(std::span<const Row> rows) {
    std::string const array = written(*json_array_writer(columns), rows);
    json const all = json::parse(array, nullptr, false);
    must(all.is_array() && all.size() == rows.size(), "JSON is an array of the rows", array);
    for (std::size_t r = 0; r < rows.size(); ++r) must_be_object(all[r], rows[r], array);

    std::string const lines = written(*json_lines_writer(columns), rows);
    std::string_view left = lines;
    for (const Row &row : rows) {
        std::size_t const end = left.find('\n');
        must(end != std::string_view::npos, "each line ends", lines);
        must_be_object(json::parse(left.substr(0, end), nullptr, false), row, lines);
        left.remove_prefix(end + 1);
    }
    must(left.empty(), "there are no more lines than rows", lines);
}

void must_be_html(std::span<const Row> rows) {
    auto const tags = [&](std::span<const Row> of) {
        std::string const page = written(*html_writer(columns, "A & <b>"), of);
        return std::count(page.begin(), page.end(), '<');
    };
    Row const empty(columns.size());
    std::vector<Row> const blank(rows.size(), empty);
    must(tags(rows) == tags(blank), "no cell makes a tag");
}

/// One line of samples: the series (name and labels, read) and its value.
std::pair<std::string, std::string> read_sample(std::string_view line) {
    std::size_t i = line.find_first_of("{ ");
    must(i != std::string_view::npos && i > 0, "a sample has a name", line);
    std::string const metric(line.substr(0, i));
    std::set<std::string> labels;  // Prometheus sorts them, and drops empty ones
    if (line[i] == '{') {
        for (++i;;) {
            std::size_t const equals = line.find('=', i);
            must(equals != std::string_view::npos && line.substr(equals, 2) == "=\"", "a label has a value", line);
            std::string const name(line.substr(i, equals - i));
            std::string value;
            for (i = equals + 2;; ++i) {
                must(i < line.size(), "a label's value ends", line);
                if (line[i] == '"') break;
                if (line[i] == '\\') {
                    ++i;
                    must(i < line.size() && (line[i] == '\\' || line[i] == '"' || line[i] == 'n'), "an escape is known",
                         line);
                    value += line[i] == 'n' ? '\n' : line[i];
                } else {
                    value += line[i];
                }
            }
            if (!value.empty()) labels.insert(std::string(name).append("=").append(value));
            if (line.substr(++i, 1) == "}") break;
            must(line.substr(i, 1) == ",", "a comma parts labels", line);
            ++i;
        }
        ++i;
    }
    must(line.substr(i, 1) == " ", "a blank parts a series from its value", line);
    std::string series = metric;
    for (const std::string &label : labels) series += '\0' + label;
    return {series, std::string(line.substr(i + 1))};
}

void must_be_metrics(std::span<const Row> rows) {
    std::string const text = written(*prometheus_writer(columns, "app", "A \\ line\nand another"), rows);
    std::set<std::string> expected, seen;
    for (const Row &row : rows) {
        std::string labels;
        if (row[1] && !row[1]->empty()) labels += '\0' + ("model=" + std::string(*row[1]));
        if (row[5] && !row[5]->empty()) labels += '\0' + ("note=" + std::string(*row[5]));
        if (row[4]) labels += '\0' + std::string("open=") + (*row[4] == "t" ? "t" : "f");
        expected.insert("app_calls" + labels);
        expected.insert("app_latency_seconds" + labels);
    }
    std::string_view left = text;
    while (!left.empty()) {
        std::size_t const end = left.find('\n');
        must(end != std::string_view::npos, "each line ends", text);
        std::string_view const line = left.substr(0, end);
        left.remove_prefix(end + 1);
        if (line.starts_with("# HELP app_") || line.starts_with("# TYPE app_")) continue;
        auto const [series, value] = read_sample(line);
        must(expected.contains(series), "a series is that of a row", line);
        must(seen.insert(series).second, "a series stands once", line);
        char *behind = nullptr;
        (void)std::strtod(value.c_str(), &behind);
        must(!value.empty() && *behind == '\0', "a sample is a number", line);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size) {
    analytics::fuzz::Input input(data, size);
    std::vector<Row> const rows = rows_of(input);
    must_read_csv(rows);
    must_read_json(rows);
    must_be_html(rows);
    must_be_metrics(rows);
    return 0;
}
