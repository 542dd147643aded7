// Aggregates of pairs of numbers that need all of them: theil_sen and time_weighted_avg. The state keeps the pairs in
// the aggregate's memory context, and any order gives the same answer, so that parallel plans may share the work.
#include "core/series/time_weighted.hpp"
#include "core/statistics/theil_sen.hpp"
#include "domains/statistics/series.hpp"
#include "pg/memory.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace analytics::statistics {
namespace {

struct Pairs {
    explicit Pairs(MemoryContext context) : memory(context), first(&memory), second(&memory) {}
    pg::ContextResource memory;
    std::pmr::vector<double> first, second;

    void add(double a, double b) {
        first.push_back(a);
        second.push_back(b);
    }
};

MemoryContext aggregate_context(FunctionCallInfo fcinfo) {
    MemoryContext context = nullptr;
    if (pg::call([&] { return AggCheckCallContext(fcinfo, &context); }) == 0)
        throw pg::Error(ERRCODE_FEATURE_NOT_SUPPORTED, "this function belongs to an aggregate and cannot be called");
    return context;
}

Pairs *state_of(FunctionCallInfo fcinfo, int i) {
    return fcinfo->args[i].isnull ? nullptr : reinterpret_cast<Pairs *>(DatumGetPointer(fcinfo->args[i].value));
}

Datum result(FunctionCallInfo fcinfo, Pairs *pairs) {
    fcinfo->isnull = pairs == nullptr;
    return PointerGetDatum(pairs);
}

/// Adds a pair unless either is NULL; the state is made with the first.
Datum take(FunctionCallInfo fcinfo, double a, double b) {
    MemoryContext const context = aggregate_context(fcinfo);
    Pairs *pairs = state_of(fcinfo, 0);
    if (fcinfo->args[1].isnull || fcinfo->args[2].isnull) return result(fcinfo, pairs);
    if (pairs == nullptr) pairs = pg::make_in<Pairs>(context, context);
    pairs->add(a, b);
    return result(fcinfo, pairs);
}

double finite(const char *name, double value) {
    if (!std::isfinite(value))
        throw pg::Error(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, std::string(name) + " must be finite", {},
                        "Leave such rows out by FILTER, or pass NULL.");
    return value;
}

}  // namespace
}  // namespace analytics::statistics

using namespace analytics;
using namespace analytics::statistics;

ANALYTICS_FUNCTION(analytics_theil_sen_add) {
    bool const any = !fcinfo->args[1].isnull && !fcinfo->args[2].isnull;
    return take(fcinfo, any ? finite("y", PG_GETARG_FLOAT8(1)) : 0, any ? finite("x", PG_GETARG_FLOAT8(2)) : 0);
}

ANALYTICS_FUNCTION(analytics_theil_sen_final) {
    (void)aggregate_context(fcinfo);
    const Pairs *const pairs = state_of(fcinfo, 0);
    fcinfo->isnull = true;
    if (pairs == nullptr) return 0;
    auto const &x = pairs->second;
    if (std::all_of(x.begin(), x.end(), [&](double v) { return v == x.front(); })) return 0;  // no slope
    fcinfo->isnull = false;
    return Float8GetDatum(core::theil_sen(pairs->first, pairs->second, pg::check_for_interrupts).slope);
}

ANALYTICS_FUNCTION(analytics_time_weighted_add) {
    bool const any = !fcinfo->args[1].isnull && !fcinfo->args[2].isnull;
    TimestampTz const at = any ? PG_GETARG_TIMESTAMPTZ(2) : 0;
    if (TIMESTAMP_NOT_FINITE(at)) throw pg::Error(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "ts must be finite");
    // Microseconds are whole numbers below 2^63: as bits of a double they keep all of them.
    return take(fcinfo, any ? finite("value", PG_GETARG_FLOAT8(1)) : 0, std::bit_cast<double>(at));
}

ANALYTICS_FUNCTION(analytics_time_weighted_final) {
    (void)aggregate_context(fcinfo);
    const Pairs *const pairs = state_of(fcinfo, 0);
    fcinfo->isnull = pairs == nullptr;
    if (pairs == nullptr) return 0;
    std::vector<core::TimedValue> points(pairs->first.size());
    for (std::size_t i = 0; i < points.size(); ++i)
        points[i] = {std::bit_cast<std::int64_t>(pairs->second[i]), pairs->first[i]};
    return Float8GetDatum(core::time_weighted_average(points));
}

ANALYTICS_FUNCTION(analytics_pairs_combine) {
    MemoryContext const context = aggregate_context(fcinfo);
    Pairs *to = state_of(fcinfo, 0);
    const Pairs *const from = state_of(fcinfo, 1);  // somebody else's: it is only read
    if (from == nullptr) return result(fcinfo, to);
    if (to == nullptr) to = pg::make_in<Pairs>(context, context);
    to->first.insert(to->first.end(), from->first.begin(), from->first.end());
    to->second.insert(to->second.end(), from->second.begin(), from->second.end());
    return result(fcinfo, to);
}

// Version byte 1, then the first numbers, then the second ones, as this machine keeps them: it goes no further than
// from a worker to its leader.
ANALYTICS_FUNCTION(analytics_pairs_serialize) {
    (void)aggregate_context(fcinfo);
    const Pairs *const pairs = state_of(fcinfo, 0);
    std::size_t const bytes = pairs->first.size() * sizeof(double);
    auto *const value = static_cast<bytea *>(pg::call([&] { return palloc_extended(VARHDRSZ + 1 + 2 * bytes, 0); }));
    SET_VARSIZE(value, VARHDRSZ + 1 + 2 * bytes);
    char *const data = VARDATA(value);
    data[0] = 1;
    std::memcpy(data + 1, pairs->first.data(), bytes);
    std::memcpy(data + 1 + bytes, pairs->second.data(), bytes);
    return PointerGetDatum(value);
}

ANALYTICS_FUNCTION(analytics_pairs_deserialize) {
    MemoryContext const context = aggregate_context(fcinfo);
    Datum const argument = PG_GETARG_DATUM(0);
    bytea *const value = pg::call([&] { return DatumGetByteaPP(argument); });
    std::size_t const size = VARSIZE_ANY_EXHDR(value), pair = 2 * sizeof(double);
    const char *const data = VARDATA_ANY(value);
    if (size < 1 + pair || (size - 1) % pair != 0 || data[0] != 1)
        throw pg::Error(ERRCODE_INVALID_BINARY_REPRESENTATION, "invalid state of an aggregate");
    std::size_t const count = (size - 1) / pair;
    auto *const pairs = pg::make_in<Pairs>(context, context);
    pairs->first.resize(count), pairs->second.resize(count);
    std::memcpy(pairs->first.data(), data + 1, count * sizeof(double));
    std::memcpy(pairs->second.data(), data + 1 + count * sizeof(double), count * sizeof(double));
    return PointerGetDatum(pairs);
}
