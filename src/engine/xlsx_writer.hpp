#pragma once
// Rows as an Excel workbook (Office Open XML), by libxlsxwriter in its constant-memory mode.
#include "core/text/table_writer.hpp"

namespace analytics::engine {

/// One sheet, the column names as its first row. Numbers are numbers (a spreadsheet keeps 15 digits: longer ones are
/// written as text, so that none is lost), instants are dates in UTC, the rest is text and never a formula. The file
/// lies in the server's folder for temporary files; after end() it comes by take(), a megabyte a time. Throws 22023
/// beyond the 1,048,575 rows, 16,384 columns or 32,767 characters a cell that a sheet holds, 58030 when it cannot be
/// written.
std::unique_ptr<core::TableWriter> xlsx_writer(std::span<const core::TableColumn> columns, std::string_view sheet);

}  // namespace analytics::engine
