#pragma once
// The spans of a run, read from the table and put into their tree.
#include "core/spans/span_tree.hpp"
#include "pg/numeric.hpp"
#include "pg/spi.hpp"

namespace analytics::runs {

/// A run that is larger is refused: all of its spans are in memory at once, some 300 bytes each.
inline constexpr uint64 most_spans = 1'000'000;

/// A run as it stood at some moment. Its texts belong to the SPI connection it was read through.
class RunTree {
  public:
    /// The tenant's spans with this run_key that had begun by then.
    /// @throws pg::Error PT404 when there is none, 22023 when there are more than most_spans
    RunTree(const pg::Spi &spi, const std::string &tenant, const std::string &run_id, int64 as_of);

    const core::SpanForest &forest() const { return forest_; }
    const core::SpanNode &node(std::size_t i) const { return forest_.nodes[i]; }
    const core::SpanFact &fact(std::size_t i) const { return facts_[node(i).fact]; }
    Datum trace_id(std::size_t i) const { return *column(i, 0); }
    Datum span_id(std::size_t i) const { return *column(i, 1); }
    std::optional<Datum> parent_id(std::size_t i) const { return column(i, 2); }
    Datum operation_name(std::size_t i) const { return *column(i, 5); }
    std::optional<Datum> model(std::size_t i) const { return column(i, 6); }
    /// US dollars; nothing where the span carries none or had not ended yet.
    std::optional<Datum> cost(std::size_t i) const { return column(i, 7); }

  private:
    std::optional<Datum> column(std::size_t i, int number) const { return rows_.get(node(i).fact, number); }
    void read_facts();

    pg::Result rows_;
    std::vector<core::SpanFact> facts_;
    core::SpanForest forest_;
};

/// Lets a long run be cancelled.
inline void stop() { pg::check_for_interrupts(); }

/// Microseconds as milliseconds with 3 decimals, exactly.
inline pg::NumericValue milliseconds(int64 us) {
    return {pg::call([&] { return NumericGetDatum(int64_div_fast_to_numeric(us, 3)); })};
}

}  // namespace analytics::runs
