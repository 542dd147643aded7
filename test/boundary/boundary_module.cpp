// Functions that fail in every way that a function of ours may fail, with objects alive that must be destroyed.
#include "pg/args.hpp"
#include "pg/memory.hpp"
#include "pg/rows.hpp"
#include "pg/spi.hpp"

extern "C" {
PG_MODULE_MAGIC;
}

using namespace analytics;

namespace {

int alive = 0;  // objects made and not destroyed

struct Counted {
    Counted() { ++alive; }
    ~Counted() { --alive; }
    Counted(const Counted &) = delete;
    Counted &operator=(const Counted &) = delete;
    std::string heap = std::string(1000, 'x');  // AddressSanitizer and LeakSanitizer see it if it is left
};

/// Fails as told; returns if it does not know how.
void fail(const std::string &how) {
    if (how == "error") throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "on purpose", "The detail.", "The hint.");
    if (how == "bad_alloc") throw std::bad_alloc();
    if (how == "invalid_argument") throw std::invalid_argument("on purpose");
    if (how == "domain_error") throw std::domain_error("on purpose");
    if (how == "runtime_error") throw std::runtime_error("on purpose");
    if (how == "int") throw 42;
    if (how == "long message") {
        std::string text;
        for (int i = 0; i < 2000; ++i) text += "\u20ac";
        throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, text, text, text);
    }
    if (how == "raise")
        pg::call([] {
            ereport(ERROR, errcode(ERRCODE_DIVISION_BY_ZERO), errmsg("raised on purpose"), errdetail("From C."),
                    errhint("Ignore."));
        });
}

void deep(int levels, const std::string &how) {
    Counted const object;
    if (levels > 0) deep(levels - 1, how);
    else fail(how);
}

}  // namespace

/// Fails `how`, `levels` C++ frames deep, each with an object that must be destroyed.
ANALYTICS_FUNCTION(boundary_fail) {
    pg::Args const args(fcinfo);
    Counted const object;
    deep(args.integer(1, "levels", 0, 100, 0), args.required_text(0, "how"));
    return 0;
}

/// How many objects earlier failures have left alive.
ANALYTICS_FUNCTION(boundary_alive) { return Int32GetDatum(alive); }

/// Runs a statement by SPI, with objects alive on both sides: C++ in C in C++ when the statement calls boundary_fail.
ANALYTICS_FUNCTION(boundary_run) {
    pg::Args const args(fcinfo);
    Counted const object;
    std::string const sql = args.required_text(0, "sql");
    pg::Spi const spi;
    Counted const inner;
    return Int64GetDatum(static_cast<int64>(pg::run_once(spi, sql).size()));
}

/// Loops until it is cancelled.
ANALYTICS_FUNCTION(boundary_loop) {
    Counted const object;
    for (;;) pg::check_for_interrupts();
}

/// A std::pmr vector in the caller's memory context, grown to `n` numbers; then an object that the context destroys.
ANALYTICS_FUNCTION(boundary_memory) {
    pg::Args const args(fcinfo);
    int32 const n = args.integer(0, "n", 0, 100000000, 0);
    MemoryContext const context =
        pg::call([] { return AllocSetContextCreate(CurrentMemoryContext, "boundary test", ALLOCSET_DEFAULT_SIZES); });
    pg::make_in<Counted>(context);
    {
        pg::ContextResource resource(context);
        std::pmr::vector<int64> numbers(&resource);
        for (int32 i = 0; i < n; ++i) numbers.push_back(i);
    }
    int const while_there = alive;
    pg::call([&] { MemoryContextDelete(context); });
    return Int32GetDatum(while_there - alive);
}

/// Rows of another shape than the SQL declaration says must be refused, not written.
ANALYTICS_FUNCTION(boundary_rows) {
    pg::RowSink<int32, std::optional<double>> rows(fcinfo);
    rows.put(1, 0.5);
    rows.put(2, std::nullopt);
    rows.put(3, std::nan(""));
    return 0;
}
