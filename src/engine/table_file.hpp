#pragma once
// The rows of a statement, written as a file piece by piece: as much memory as a thousand rows and a piece, however
// many rows there are.
#include "core/text/table_writer.hpp"
#include "pg/boundary.hpp"

#include <functional>

namespace analytics::engine {

using MakeWriter = std::function<std::unique_ptr<core::TableWriter>(std::span<const core::TableColumn>)>;
using TakePiece = std::function<void(std::string_view)>;

/// Runs a statement by a cursor, as the caller and under one snapshot. Instants are written in UTC, arrays as JSON.
/// Needs SPI; what `piece` does may use it too.
/// @returns the number of rows
std::int64_t write_rows(const std::string &statement, const MakeWriter &make_writer, const TakePiece &piece);

}  // namespace analytics::engine
