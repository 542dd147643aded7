#pragma once
// Rows as a file: CSV, JSON, JSON Lines, HTML, Prometheus' text. Rows go in one by one and bytes come out as they are
// ready, so that a file of any length needs the memory of one row (take() as often as you like).
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace analytics::core {

/// What a column holds: how its cells are written where it matters (JSON, HTML, spreadsheets).
enum class ColumnKind : std::uint8_t { text, number, boolean, time, json };

struct TableColumn {
    std::string name;
    ColumnKind kind = ColumnKind::text;
};

/// A cell as PostgreSQL writes the value (numbers in decimal, booleans "t" or "f", instants ISO 8601), or nothing.
using Cell = std::optional<std::string_view>;

class TableWriter {
  public:
    virtual ~TableWriter() = default;
    TableWriter() = default;
    TableWriter(const TableWriter &) = delete;
    TableWriter &operator=(const TableWriter &) = delete;

    /// As many cells as there are columns. O(bytes).
    virtual void row(std::span<const Cell> cells) = 0;
    /// After the last row.
    virtual void end() {}
    /// What has been written since the last call; after end() until nothing comes.
    virtual std::string take() { return std::exchange(out_, {}); }

  protected:
    std::string out_;
};

/// RFC 4180: CRLF, quotes where needed, a header line; NULL is empty. A text that a spreadsheet would take for a
/// formula (it begins with = + - @, tab or carriage return) is given a leading apostrophe, as OWASP advises.
std::unique_ptr<TableWriter> csv_writer(std::span<const TableColumn> columns);

/// One JSON object a line, keys in the order of the columns; NULL is null.
std::unique_ptr<TableWriter> json_lines_writer(std::span<const TableColumn> columns);

/// The same objects as one JSON array, a line each.
std::unique_ptr<TableWriter> json_array_writer(std::span<const TableColumn> columns);

/// A whole HTML 5 document with one table; everything is escaped.
std::unique_ptr<TableWriter> html_writer(std::span<const TableColumn> columns, std::string_view title);

/// Prometheus' text format 0.0.4: each number is a gauge <prefix>_<column>, texts and booleans are its labels; of rows
/// with the same labels the newest counts, by the first column of time, else the last. Milliseconds become _seconds and
/// percent _ratio, Prometheus' base units; x_count becomes xs. Everything is written at the end: as much memory as
/// there are different labels.
std::unique_ptr<TableWriter> prometheus_writer(std::span<const TableColumn> columns, std::string_view prefix,
                                               std::string_view help);

/// Text with & < > " ' as entities.
void append_html(std::string &out, std::string_view text);

/// The text of a cell for a spreadsheet: never one that it takes for a formula.
std::string without_formula(std::string_view text);

}  // namespace analytics::core
