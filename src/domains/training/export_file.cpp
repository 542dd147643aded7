// Files of exports: written piece by piece into a table, with a hash of their content, and read from there.
#include "core/text/table_writer.hpp"
#include "engine/table_file.hpp"
#include "engine/xlsx_writer.hpp"
#include "pg/args.hpp"
#include "pg/rows.hpp"
#include "pg/spi.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "executor/spi.h"
#include "utils/uuid.h"
}

namespace analytics::training {
namespace {

constexpr std::int64_t largest_file = 1'000'000'000;  // PostgreSQL returns no longer value

/// SHA-256 of what comes piece by piece.
class Sha256 {
  public:
    Sha256() : state_(pg::call([] { return pg_cryptohash_create(PG_SHA256); })) {
        pg::call([&] { check(pg_cryptohash_init(state_)); });
    }
    ~Sha256() {
        if (std::uncaught_exceptions() == exceptions_) pg_cryptohash_free(state_);  // else with the transaction
    }
    Sha256(const Sha256 &) = delete;
    Sha256 &operator=(const Sha256 &) = delete;
    void add(std::string_view bytes) {
        pg::call(
            [&] { check(pg_cryptohash_update(state_, reinterpret_cast<const uint8 *>(bytes.data()), bytes.size())); });
    }
    std::array<uint8, PG_SHA256_DIGEST_LENGTH> digest() {
        std::array<uint8, PG_SHA256_DIGEST_LENGTH> out{};
        pg::call([&] { check(pg_cryptohash_final(state_, out.data(), out.size())); });
        return out;
    }

  private:
    static void check(int code) {
        if (code < 0) elog(ERROR, "SHA-256 failed");
    }
    pg_cryptohash_ctx *state_;
    int exceptions_ = std::uncaught_exceptions();
};

Datum to_bytea(const void *bytes, std::size_t size) {
    return pg::call([&] {
        auto *const value = static_cast<bytea *>(palloc(VARHDRSZ + size));
        SET_VARSIZE(value, VARHDRSZ + size);
        memcpy(VARDATA(value), bytes, size);
        return PointerGetDatum(value);
    });
}

}  // namespace
}  // namespace analytics::training

ANALYTICS_FUNCTION(analytics_write_export) {
    using namespace analytics;
    pg::Args const args(fcinfo);
    Datum const export_id = args.datum(0);
    std::string const statement = pg::to_string(args.datum(1)), format = pg::to_string(args.datum(2));
    std::int64_t rows = 0, size = 0;
    std::int32_t chunk = 0;
    training::Sha256 hash;
    {
        pg::Spi const spi;
        static pg::Statement insert(
            "INSERT INTO analytics_data.export_chunks (export_id, chunk_number, bytes) VALUES ($1, $2, $3)",
            {UUIDOID, INT4OID, BYTEAOID});
        MemoryContext const scratch = pg::call([] {
            return AllocSetContextCreate(CurrentMemoryContext, "analytics export chunk", ALLOCSET_DEFAULT_SIZES);
        });
        rows = engine::write_rows(
            statement,
            [&](std::span<const core::TableColumn> columns) {
                if (format == "csv") return core::csv_writer(columns);
                if (format == "jsonl") return core::json_lines_writer(columns);
                if (format == "json") return core::json_array_writer(columns);
                return engine::xlsx_writer(columns, "training examples");
            },
            [&](std::string_view piece) {
                size += static_cast<std::int64_t>(piece.size());
                if (size > training::largest_file)
                    throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
                                    "the export must not be larger than 1000000000 bytes", "It would be larger.",
                                    "Pass fewer days or a higher min_confidence, or export in parts.");
                hash.add(piece);
                {
                    pg::InContext const in(scratch);
                    Datum const values[] = {export_id, Int32GetDatum(chunk++),
                                            training::to_bytea(piece.data(), piece.size())};
                    (void)insert.run(spi, values, nullptr, false);
                }
                pg::call([&] { MemoryContextReset(scratch); });
            });
    }
    pg::RowSink<int64, int64, pg::Raw<BYTEAOID>> result(fcinfo);
    auto const digest = hash.digest();
    result.put(rows, size, pg::Raw<BYTEAOID>{training::to_bytea(digest.data(), digest.size())});
    return 0;
}

ANALYTICS_FUNCTION(analytics_read_export) {
    using namespace analytics;
    pg::Args const args(fcinfo);
    Datum const export_id = args.datum(0);
    auto const size = static_cast<std::size_t>(DatumGetInt64(args.datum(1)));
    auto *const file = pg::call([&] { return static_cast<bytea *>(palloc(VARHDRSZ + size)); });
    SET_VARSIZE(file, VARHDRSZ + size);
    std::size_t done = 0;
    {
        pg::Spi const spi;
        static pg::Statement chunks("SELECT c.bytes FROM analytics_data.export_chunks c WHERE c.tenant_id = (SELECT "
                                    "analytics.current_tenant()) "
                                    "AND c.export_id = $1 ORDER BY c.chunk_number",
                                    {UUIDOID}, pg::PlanFor::by_index);
        Datum const values[] = {export_id};
        chunks.run_each(spi, values, [&](const Datum *datums, const bool *) {
            auto *const piece = pg::call([&] { return DatumGetByteaPP(datums[0]); });
            std::size_t const bytes = std::min<std::size_t>(VARSIZE_ANY_EXHDR(piece), size - done);
            memcpy(VARDATA(file) + done, VARDATA_ANY(piece), bytes);
            done += bytes;
            if (reinterpret_cast<char *>(piece) != DatumGetPointer(datums[0])) pfree(piece);
        });
    }
    if (done != size) throw pg::Error(ERRCODE_DATA_CORRUPTED, "the file of the export is not complete");
    return PointerGetDatum(file);
}
