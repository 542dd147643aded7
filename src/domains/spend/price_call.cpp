// Costs on the way in: the trigger that gives each call its cost, and the same for reprice_calls.
#include "domains/spend/prices.hpp"
#include "domains/spend/trigger.hpp"
#include "engine/reader.hpp"
#include "pg/args.hpp"
#include "pg/rows.hpp"

extern "C" {
#include "utils/datum.h"
}

namespace analytics::spend {
namespace {

enum Field : std::size_t {
    tenant_id,
    created_at,
    provider,
    model,
    input_tokens,
    output_tokens,
    cache_read_tokens,
    cache_creation_tokens,
    cost_usd,
    cost_source,
    price_id,
    field_count
};
constexpr std::array<const char *, field_count> field_names{
    "tenant_id",    "created_at",    "provider",          "model",
    "input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens",
    "cost_usd",     "cost_source",   "price_id"};

/// Lives as long as the statement, one a relation: partitions may order their columns differently.
struct State {
    State(MemoryContext context, TupleDesc descriptor)
        : numbers(column_numbers(descriptor, field_names)), book(context) {}
    std::array<int, field_count> numbers;
    PriceBook book;
};

struct Row {
    std::array<Datum, field_count> values;
    std::array<bool, field_count> nulls;

    Row(HeapTuple tuple, TupleDesc descriptor, const State &state) {
        for (std::size_t i = 0; i < field_count; ++i)
            values[i] = heap_getattr(tuple, state.numbers[i], descriptor, &nulls[i]);
    }
    bool same(const Row &other, Field f) const {
        if (nulls[f] || other.nulls[f]) return nulls[f] == other.nulls[f];
        bool const by_value = f == created_at || f == price_id || (f >= input_tokens && f <= cache_creation_tokens);
        int16 const size = by_value ? int16{sizeof(int64)} : int16{-1};
        return pg::call([&] { return datum_image_eq(values[f], other.values[f], by_value, size); });
    }
};

std::string_view view(Datum value) {
    return pg::call([&] {
        text *const t = DatumGetTextPP(value);
        return std::string_view(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
    });
}

struct Cost {
    std::optional<Datum> usd;
    int64 price = 0;
};

Cost compute(PriceBook &book, const Row &row) {
    // Rows that the table's constraints will refuse are left to them.
    for (Field f : {tenant_id, created_at, input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens})
        if (row.nulls[f]) return {};
    Tokens const tokens{DatumGetInt64(row.values[input_tokens]), DatumGetInt64(row.values[output_tokens]),
                        DatumGetInt64(row.values[cache_read_tokens]), DatumGetInt64(row.values[cache_creation_tokens])};
    if (row.nulls[model] || tokens.cache_read < 0 || tokens.cache_creation < 0 || tokens.output < 0 ||
        tokens.input < tokens.cache_read || tokens.input - tokens.cache_read < tokens.cache_creation)
        return {};
    std::optional<std::string_view> const by =
        row.nulls[provider] ? std::nullopt : std::optional(view(row.values[provider]));
    const Price *const price = book.find(view(row.values[tenant_id]), by, view(row.values[model]),
                                         DatumGetTimestampTz(row.values[created_at]));
    if (price == nullptr) return {};
    return {price->cost(tokens), price->id};
}

HeapTuple with(HeapTuple tuple, TupleDesc descriptor, const State &state, std::optional<Datum> cost,
               std::string_view source, std::optional<int64> price) {
    std::array<int, 3> columns{state.numbers[cost_usd], state.numbers[cost_source], state.numbers[price_id]};
    std::array<Datum, 3> values{cost.value_or(Datum(0)), pg::to_text(source), Int64GetDatum(price.value_or(0))};
    std::array<bool, 3> nulls{!cost, false, !price};
    return pg::call([&] {
        return heap_modify_tuple_by_cols(tuple, descriptor, columns.size(), columns.data(), values.data(),
                                         nulls.data());
    });
}

HeapTuple priced(HeapTuple tuple, TupleDesc descriptor, State &state, const Row &row) {
    Cost const cost = compute(state.book, row);
    return cost.usd ? with(tuple, descriptor, state, cost.usd, "computed", cost.price)
                    : with(tuple, descriptor, state, std::nullopt, "unpriced", std::nullopt);
}

/// A cost that the caller gives wins; it may call it an estimate. A row that says "computed" and names its price comes
/// from a dump.
HeapTuple inserted(HeapTuple tuple, TupleDesc descriptor, State &state) {
    Row const row(tuple, descriptor, state);
    if (row.nulls[cost_usd]) return priced(tuple, descriptor, state, row);
    if (!row.nulls[cost_source]) return tuple;
    return with(tuple, descriptor, state, row.values[cost_usd], "provider", std::nullopt);
}

/// A new cost is the caller's unless the source is said anew; a cost taken away is computed anew, and so is a computed
/// one where what it was computed from has changed.
HeapTuple updated(HeapTuple before, HeapTuple tuple, TupleDesc descriptor, State &state) {
    Row const old(before, descriptor, state), row(tuple, descriptor, state);
    if (row.nulls[cost_usd]) return priced(tuple, descriptor, state, row);
    bool const same_source = row.same(old, cost_source) && row.same(old, price_id);
    if (!same_source || row.nulls[cost_source]) return tuple;
    std::string_view const source = view(row.values[cost_source]);
    if (!row.same(old, cost_usd))
        return source == "estimated" ? tuple
                                     : with(tuple, descriptor, state, row.values[cost_usd], "provider", std::nullopt);
    if (source != "computed") return tuple;
    for (Field f : {tenant_id, created_at, provider, model, input_tokens, output_tokens, cache_read_tokens,
                    cache_creation_tokens})
        if (!row.same(old, f)) return priced(tuple, descriptor, state, row);
    return tuple;
}

}  // namespace
}  // namespace analytics::spend

ANALYTICS_FUNCTION(analytics_price_call) {
    using namespace analytics;
    TriggerData *const trigger = spend::before_row_trigger(fcinfo);
    TupleDesc const descriptor = RelationGetDescr(trigger->tg_relation);
    auto *state = static_cast<spend::State *>(fcinfo->flinfo->fn_extra);
    if (state == nullptr) {
        state = pg::make_in<spend::State>(fcinfo->flinfo->fn_mcxt, fcinfo->flinfo->fn_mcxt, descriptor);
        fcinfo->flinfo->fn_extra = state;
    }
    return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(trigger->tg_event)
                               ? spend::updated(trigger->tg_trigtuple, trigger->tg_newtuple, descriptor, *state)
                               : spend::inserted(trigger->tg_trigtuple, descriptor, *state));
}

// call_cost(provider, model, at, input, output, cache_read, cache_creation) of the current tenant
ANALYTICS_FUNCTION(analytics_call_cost) {
    using namespace analytics;
    struct Book {
        explicit Book(MemoryContext context) : prices(context), tenant(engine::current_tenant()) {}
        spend::PriceBook prices;
        std::string tenant;
    };
    auto *book = static_cast<Book *>(fcinfo->flinfo->fn_extra);
    if (book == nullptr) {
        book = pg::make_in<Book>(fcinfo->flinfo->fn_mcxt, fcinfo->flinfo->fn_mcxt);
        fcinfo->flinfo->fn_extra = book;
    }
    pg::Args const args(fcinfo);
    std::optional<Datum> usd;
    std::optional<int64> id;
    bool complete = true;
    for (int i = 1; i < 7; ++i) complete &= !args.null(i);
    if (complete) {
        spend::Tokens const tokens{DatumGetInt64(args.datum(3)), DatumGetInt64(args.datum(4)),
                                   DatumGetInt64(args.datum(5)), DatumGetInt64(args.datum(6))};
        std::optional<std::string_view> const provider =
            args.null(0) ? std::nullopt : std::optional(spend::view(args.datum(0)));
        const spend::Price *const price =
            book->prices.find(book->tenant, provider, spend::view(args.datum(1)), DatumGetTimestampTz(args.datum(2)));
        if (price != nullptr) usd = price->cost(tokens);
        if (usd) id = price->id;
    }
    return pg::make_row(fcinfo, usd ? std::optional(pg::NumericValue{*usd}) : std::nullopt, id);
}
