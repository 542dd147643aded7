#include "domains/spend/prices.hpp"

#include "engine/owned_table.hpp"

#include <algorithm>
#include <array>
#include <tuple>

extern "C" {
#include "access/table.h"
#include "utils/datum.h"
}

namespace analytics::spend {
namespace {

constexpr std::string_view everyone = "*";
constexpr std::size_t most_entries = 10'000;  // a statement over more models starts its book anew

/// A name under which a call's price may stand.
struct Name {
    std::optional<std::string> provider;
    std::string model;
    int distance;  // 0 the name itself, 1 taken apart at the slash, 2 an alias
};

struct Candidate {
    Price price;
    bool own, of_provider, guessed;
    int distance;
    std::string provider;
    auto rank() const { return std::tuple(!own, guessed, !of_provider, distance, ~price.from); }  // ~: latest first
};

std::optional<std::string> text_at(const pg::Result &rows, uint64 row, int column) {
    auto const value = rows.get(row, column);
    return value ? std::optional(pg::to_string(*value)) : std::nullopt;
}

// These run as the owner of the tables, under whatever search_path the writer has set: hence the qualified operators.
pg::Statement &aliases_statement() {
    static pg::Statement statement(
        "SELECT a.provider, a.model FROM analytics_data.model_aliases a "
        "WHERE a.tenant_id OPERATOR(pg_catalog.=) ANY (ARRAY[$1, '*']) AND a.alias OPERATOR(pg_catalog.=) $2",
        {TEXTOID, TEXTOID}, pg::PlanFor::by_index);
    return statement;
}

pg::Statement &prices_statement() {
    static pg::Statement statement(
        "SELECT p.tenant_id, p.provider, p.price_id, p.valid_from, p.valid_to, p.input_usd_per_mtok, "
        "p.output_usd_per_mtok, p.cache_read_usd_per_mtok, p.cache_creation_usd_per_mtok "
        "FROM analytics_data.model_prices p "
        "WHERE p.tenant_id OPERATOR(pg_catalog.=) ANY (ARRAY[$1, '*']) AND p.model OPERATOR(pg_catalog.=) $2",
        {TEXTOID, TEXTOID}, pg::PlanFor::by_index);
    return statement;
}

/// All names a call's model may stand under: itself; `openai/gpt-4o` taken apart, as gateways write it; aliases of
/// both.
std::vector<Name> names_of(const pg::Spi &spi, Datum tenant, const std::optional<std::string> &provider,
                           const std::string &model) {
    std::vector<Name> names{{provider, model, 0}};
    if (auto const slash = model.find('/'); slash != std::string::npos && slash > 0 && slash + 1 < model.size())
        names.push_back({model.substr(0, slash), model.substr(slash + 1), 1});
    for (std::size_t spelled = names.size(), n = 0; n < spelled; ++n) {
        std::array<Datum, 2> const values{tenant, pg::to_text(names[n].model)};
        pg::Result const rows = aliases_statement().run(spi, values);
        for (uint64 i = 0; i < rows.size(); ++i) {
            std::optional<std::string> named = text_at(rows, i, 0);
            names.push_back({named ? named : names[n].provider, *text_at(rows, i, 1), 2});
        }
    }
    return names;
}

Price price_at(const pg::Result &rows, uint64 row, MemoryContext context) {
    auto numeric = [&](int column) -> std::optional<Datum> {
        auto const value = rows.get(row, column);
        if (!value) return std::nullopt;
        pg::InContext const in(context);
        Datum const stored = *value;
        return pg::call([&] { return datumCopy(stored, false, -1); });
    };
    auto const to = rows.get(row, 4);
    return {DatumGetInt64(*rows.get(row, 2)),
            DatumGetTimestampTz(*rows.get(row, 3)),
            to ? DatumGetTimestampTz(*to) : DT_NOEND,
            numeric(5),
            numeric(6),
            numeric(7),
            numeric(8)};
}

/// A call that names no provider takes a provider's price only where no two providers differ about the model: a guess
/// among several would be a wrong cost.
void drop_ambiguous(std::vector<Candidate> &candidates) {
    for (bool const own : {true, false}) {
        const std::string *seen = nullptr;
        bool ambiguous = false;
        for (const Candidate &c : candidates)
            if (c.guessed && c.own == own) {
                ambiguous |= seen != nullptr && *seen != c.provider;
                seen = &c.provider;
            }
        if (ambiguous) std::erase_if(candidates, [&](const Candidate &c) { return c.guessed && c.own == own; });
    }
}

}  // namespace

void PriceBook::look_up(const std::string &tenant, const std::optional<std::string> &provider, const std::string &model,
                        Entry &entry) {
    pg::AsUser const owner(engine::owned_table("model_prices").owner);  // a writer needs no right to read prices
    pg::Spi const spi;
    Datum const tenant_text = pg::to_text(tenant);
    std::vector<Candidate> candidates;
    for (const Name &n : names_of(spi, tenant_text, provider, model)) {
        std::array<Datum, 2> const values{tenant_text, pg::to_text(n.model)};
        pg::Result const rows = prices_statement().run(spi, values);
        for (uint64 i = 0; i < rows.size(); ++i) {
            std::optional<std::string> const by = text_at(rows, i, 1);
            if (by && n.provider && *by != *n.provider) continue;
            candidates.push_back({price_at(rows, i, context_), *text_at(rows, i, 0) != everyone, by && n.provider,
                                  by && !n.provider, n.distance, by.value_or("")});
        }
    }
    drop_ambiguous(candidates);
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate &a, const Candidate &b) { return a.rank() < b.rank(); });
    for (const Candidate &c : candidates) entry.push_back(c.price);
}

const Price *PriceBook::find(std::string_view tenant, std::optional<std::string_view> provider, std::string_view model,
                             TimestampTz at) {
    char const present = provider ? '+' : '-';
    auto same_key = [&] {
        std::string_view rest = key_;
        auto next = [&rest](std::string_view part) {
            bool const same =
                rest.substr(0, part.size()) == part && rest.size() > part.size() && rest[part.size()] == '\0';
            if (same) rest.remove_prefix(part.size() + 1);
            return same;
        };
        return next(tenant) && next(model) && !rest.empty() && rest[0] == present &&
               rest.substr(1) == provider.value_or("");
    };
    if (latest_ == nullptr || !same_key()) {
        key_.assign(tenant)
            .append(1, '\0')
            .append(model)
            .append(1, '\0')
            .append(1, present)
            .append(provider.value_or(""));
        latest_ = nullptr;
        if (entries_.size() >= most_entries) entries_.clear();
        auto const [place, fresh] = entries_.try_emplace(std::pmr::string(key_, &resource_));
        if (fresh)
            look_up(std::string(tenant), provider ? std::optional(std::string(*provider)) : std::nullopt,
                    std::string(model), place->second);
        latest_ = &place->second;
    }
    auto const price =
        std::find_if(latest_->begin(), latest_->end(), [&](const Price &p) { return p.from <= at && at < p.to; });
    return price == latest_->end() ? nullptr : &*price;
}

std::optional<Datum> Price::cost(const Tokens &tokens) const {
    struct Part {
        int64 count;
        const std::optional<Datum> *price;
    };
    Part const parts[] = {{tokens.input - tokens.cache_read - tokens.cache_creation, &input},
                          {tokens.cache_read, cache_read ? &cache_read : &input},
                          {tokens.cache_creation, cache_creation ? &cache_creation : &input},
                          {tokens.output, &output}};
    for (const Part &part : parts)
        if (part.count != 0 && !*part.price) return std::nullopt;
    return pg::call([&] {
        Datum sum = NumericGetDatum(int64_to_numeric(0));
        for (const Part &part : parts)
            if (part.count != 0)
                sum = DirectFunctionCall2(
                    numeric_add, sum,
                    DirectFunctionCall2(numeric_mul, NumericGetDatum(int64_to_numeric(part.count)), **part.price));
        // times a millionth, not divided by a million: a product of numerics is exact, a quotient is rounded
        Datum const millionth = NumericGetDatum(int64_div_fast_to_numeric(1, 6));
        return DirectFunctionCall1(numeric_trim_scale, DirectFunctionCall2(numeric_mul, sum, millionth));
    });
}

}  // namespace analytics::spend
