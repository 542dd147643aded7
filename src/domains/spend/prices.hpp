#pragma once
// What a call costs: the prices of a model, looked up once a statement, and the exact product with the tokens.
#include "pg/memory.hpp"
#include "pg/spi.hpp"
#include "pg/values.hpp"

#include <optional>
#include <string_view>
#include <unordered_map>

namespace analytics::spend {

/// Token counts of a call, by OpenTelemetry: `input` includes both kinds of cached tokens.
struct Tokens {
    int64 input, output, cache_read, cache_creation;
};

/// A row of model_prices. Prices are numeric, USD per million tokens, or absent.
struct Price {
    int64 id;
    TimestampTz from, to;  // [from, to)
    std::optional<Datum> input, output, cache_read, cache_creation;

    /// The exact cost in USD, a numeric in the current context without trailing zeros; nullopt where tokens were used
    /// that the row has no price for. Cached tokens without a price of their own cost what input costs.
    std::optional<Datum> cost(const Tokens &) const;
};

/// The prices that a tenant's calls of a model can have. Lives as long as the statement that asks (in fn_extra), so
/// that it need not notice changes of model_prices; its memory is of `context`.
class PriceBook {
  public:
    explicit PriceBook(MemoryContext context) : context_(context), resource_(context), entries_(&resource_) {}

    /// The price of the call that was valid at an instant, or nullptr. Of the tenant's own prices before the common
    /// ones, of provider and model before the model alone, of the name itself before a name in a name and an alias.
    const Price *find(std::string_view tenant, std::optional<std::string_view> provider, std::string_view model,
                      TimestampTz at);

  private:
    using Entry = std::pmr::vector<Price>;  // best first
    void look_up(const std::string &tenant, const std::optional<std::string> &provider, const std::string &model,
                 Entry &entry);

    MemoryContext context_;
    pg::ContextResource resource_;
    std::pmr::unordered_map<std::pmr::string, Entry> entries_;
    std::string key_;                // of `latest_`
    const Entry *latest_ = nullptr;  // most statements ask for the same model again and again
};

}  // namespace analytics::spend
