#include "engine/table_file.hpp"

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

namespace analytics::engine {
namespace {

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

}  // namespace

std::int64_t write_rows(const std::string &statement, const MakeWriter &make_writer, const TakePiece &piece) {
    constexpr long batch = 1000;
    constexpr std::size_t piece_size = std::size_t{256} << 10;
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
    std::unique_ptr<core::TableWriter> const writer = make_writer(columns);
    std::string ready;
    auto const pass_on = [&](std::size_t least) {
        if (ready.size() < least || ready.empty()) return;
        piece(ready);
        ready.clear();
    };
    std::vector<core::Cell> cells(width);
    std::int64_t count = 0;
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
            if (r % 64 == 63) {
                ready += writer->take();
                pass_on(piece_size);
            }
        }
        count += static_cast<std::int64_t>(rows.size());
        bool const done = rows.size() < static_cast<uint64>(batch);
        rows.free();
        ready += writer->take();
        pass_on(piece_size);
        if (done) break;
    }
    pg::call([&] { SPI_cursor_close(portal); });
    writer->end();
    for (std::string more = writer->take(); !more.empty(); more = writer->take()) {
        ready += more;
        pass_on(piece_size);
    }
    pass_on(1);
    return count;
}

}  // namespace analytics::engine
