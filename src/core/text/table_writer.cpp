#include "core/text/table_writer.hpp"

#include "core/text/json_text.hpp"

#include <array>
#include <utility>
#include <vector>

namespace analytics::core {
namespace {

bool is_true(std::string_view text) { return text == "t" || text == "true"; }

class CsvWriter : public TableWriter {
  public:
    explicit CsvWriter(std::span<const TableColumn> columns) : columns_(columns.begin(), columns.end()) {
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            separate(i);
            append(columns_[i].name);
        }
        out_ += "\r\n";
    }
    void row(std::span<const Cell> cells) override {
        for (std::size_t i = 0; i < cells.size(); ++i) {
            separate(i);
            if (!cells[i]) continue;
            switch (columns_[i].kind) {
            case ColumnKind::boolean:
                out_ += is_true(*cells[i]) ? "true" : "false";
                break;
            case ColumnKind::number:
            case ColumnKind::time:
                append(*cells[i]);
                break;
            case ColumnKind::text:
            case ColumnKind::json:
                if (cells[i]->empty()) out_ += "\"\"";  // an empty text is not NULL
                else append(without_formula(*cells[i]));
            }
        }
        out_ += "\r\n";
    }

  private:
    void separate(std::size_t i) {
        if (i > 0) out_ += ',';
    }
    void append(std::string_view text) {
        if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
            out_ += text;
            return;
        }
        out_ += '"';
        for (char const c : text) {
            if (c == '"') out_ += '"';
            out_ += c;
        }
        out_ += '"';
    }
    std::vector<TableColumn> columns_;
};

class JsonWriter : public TableWriter {
  public:
    JsonWriter(std::span<const TableColumn> columns, bool array) : array_(array) {
        for (const TableColumn &c : columns) columns_.emplace_back(json_string(c.name), c.kind);
        if (array_) out_ += "[";
    }
    void end() override {
        if (array_) out_ += first_ ? "]\n" : "\n]\n";
    }
    void row(std::span<const Cell> cells) override {
        if (array_) out_ += first_ ? "\n" : ",\n";
        first_ = false;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            out_ += i == 0 ? "{" : ",";
            out_ += columns_[i].first;
            out_ += ':';
            append(cells[i], columns_[i].second);
        }
        out_ += cells.empty() ? "{}" : "}";
        if (!array_) out_ += '\n';
    }

  private:
    void append(const Cell &cell, ColumnKind kind) {
        if (!cell) {
            out_ += "null";
            return;
        }
        switch (kind) {
        case ColumnKind::boolean:
            out_ += is_true(*cell) ? "true" : "false";
            break;
        case ColumnKind::number:  // JSON has no NaN and no infinity
            if (cell->find_first_not_of("+-.0123456789eE") == std::string_view::npos) out_ += *cell;
            else out_ += "null";
            break;
        case ColumnKind::json:
            out_ += *cell;
            break;
        case ColumnKind::text:
        case ColumnKind::time:
            out_ += json_string(*cell);
        }
    }
    std::vector<std::pair<std::string, ColumnKind>> columns_;
    bool array_, first_ = true;
};

class HtmlWriter : public TableWriter {
  public:
    HtmlWriter(std::span<const TableColumn> columns, std::string_view title) {
        out_ += "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>";
        append_html(out_, title);
        out_ += "</title>\n<style>body{font-family:system-ui,sans-serif;margin:1em}table{border-collapse:collapse}"
                "th,td{border:1px solid #999;padding:.2em .5em;text-align:left}"
                "td.number{text-align:right;font-variant-numeric:tabular-nums}</style>\n</head>\n<body>\n<h1>";
        append_html(out_, title);
        out_ += "</h1>\n<table>\n<thead><tr>";
        for (const TableColumn &c : columns) {
            out_ += "<th>";
            append_html(out_, c.name);
            out_ += "</th>";
            kinds_.push_back(c.kind);
        }
        out_ += "</tr></thead>\n<tbody>\n";
    }
    void row(std::span<const Cell> cells) override {
        out_ += "<tr>";
        for (std::size_t i = 0; i < cells.size(); ++i) {
            out_ += kinds_[i] == ColumnKind::number ? "<td class=\"number\">" : "<td>";
            if (cells[i] && kinds_[i] == ColumnKind::boolean) out_ += is_true(*cells[i]) ? "true" : "false";
            else if (cells[i]) append_html(out_, *cells[i]);
            out_ += "</td>";
        }
        out_ += "</tr>\n";
    }
    void end() override { out_ += "</tbody>\n</table>\n</body>\n</html>\n"; }

  private:
    std::vector<ColumnKind> kinds_;
};

}  // namespace

std::unique_ptr<TableWriter> csv_writer(std::span<const TableColumn> columns) {
    return std::make_unique<CsvWriter>(columns);
}
std::unique_ptr<TableWriter> json_lines_writer(std::span<const TableColumn> columns) {
    return std::make_unique<JsonWriter>(columns, false);
}
std::unique_ptr<TableWriter> json_array_writer(std::span<const TableColumn> columns) {
    return std::make_unique<JsonWriter>(columns, true);
}
std::unique_ptr<TableWriter> html_writer(std::span<const TableColumn> columns, std::string_view title) {
    return std::make_unique<HtmlWriter>(columns, title);
}

void append_html(std::string &out, std::string_view text) {
    for (char const c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        case '\'':
            out += "&#39;";
            break;
        default:
            out += c;
        }
    }
}

std::string without_formula(std::string_view text) {
    bool const formula = !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
    return (formula ? "'" : "") + std::string(text);
}

}  // namespace analytics::core
