// get_run_bottlenecks
#include "core/text/json_text.hpp"
#include "domains/runs/run_tree.hpp"
#include "engine/periods.hpp"
#include "engine/reader.hpp"
#include "pg/json.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace analytics::runs {
namespace {

std::string text_of(pg::NumericValue number) {
    return pg::call([&] { return DatumGetCString(DirectFunctionCall1(numeric_out, number.datum)); });
}
std::string text_of(const std::optional<pg::NumericValue> &number) { return number ? text_of(*number) : "null"; }

/// Writes the answer. Numbers are written as numeric prints them, so that none is rounded.
class Bottlenecks {
  public:
    Bottlenecks(const RunTree &tree, std::size_t limit)
        : tree_(tree), limit_(limit), path_(core::path_shares(core::critical_path(tree.forest(), stop))) {}

    std::string json() const {
        std::optional<Datum> const cost = total_cost();
        return "{\"duration_ms\":" + text_of(milliseconds(wall_us())) +
               ",\"cost\":" + (cost ? text_of(pg::NumericValue{*cost}) : "null") +
               ",\"slowest_spans\":" + slowest_spans() + ",\"expensive_spans\":" + expensive_spans(cost) +
               ",\"critical_path\":" + critical_path() + "}";
    }

  private:
    int64 wall_us() const { return tree_.forest().duration_us(); }

    std::string percent_of_wall(int64 us) const { return text_of(pg::quotient(us, 100, wall_us(), 2)); }

    std::string name(std::size_t i) const {
        const core::SpanFact &fact = tree_.fact(i);
        return "{\"span_id\":" + core::json_string(fact.span_id) + ",\"trace_id\":" + core::json_string(fact.trace_id) +
               ",\"operation_name\":" + core::json_string(pg::to_string(tree_.operation_name(i)));
    }

    /// The nodes that come first by `before`, and by their ids where it does not tell.
    template <class Before> void keep_first(std::vector<std::size_t> &nodes, Before before) const {
        auto const kept = nodes.begin() + static_cast<std::ptrdiff_t>(std::min(limit_, nodes.size()));
        std::partial_sort(nodes.begin(), kept, nodes.end(), [&](std::size_t a, std::size_t b) {
            int const order = before(a, b);
            const core::SpanFact &x = tree_.fact(a), &y = tree_.fact(b);
            return order != 0 ? order < 0 : std::tie(x.span_id, x.trace_id) < std::tie(y.span_id, y.trace_id);
        });
        nodes.erase(kept, nodes.end());
    }

    template <class Write> static std::string array(const std::vector<std::size_t> &nodes, Write write) {
        std::string out = "[";
        for (std::size_t const i : nodes) out += (out.size() > 1 ? "," : "") + write(i);
        return out + "]";
    }

    std::string slowest_spans() const {
        std::vector<std::size_t> nodes(tree_.forest().nodes.size());
        std::iota(nodes.begin(), nodes.end(), std::size_t{0});
        nodes.erase(nodes.begin() + static_cast<std::ptrdiff_t>(tree_.forest().root));
        keep_first(nodes, [&](std::size_t a, std::size_t b) {
            int64 const x = tree_.node(a).self_us, y = tree_.node(b).self_us;
            return x > y ? -1 : x < y ? 1 : 0;
        });
        return array(nodes, [&](std::size_t i) {
            const core::SpanNode &node = tree_.node(i);
            bool const on_path = std::any_of(path_.begin(), path_.end(), [&](auto share) { return share.node == i; });
            return name(i) + ",\"duration_ms\":" + text_of(milliseconds(node.duration_us())) +
                   ",\"self_time_ms\":" + text_of(milliseconds(node.self_us)) +
                   ",\"percent_of_total\":" + percent_of_wall(node.duration_us()) +
                   ",\"self_percent\":" + percent_of_wall(node.self_us) +
                   ",\"on_critical_path\":" + (on_path ? "true" : "false") + "}";
        });
    }

    /// Nothing where no span carries a cost.
    std::optional<Datum> total_cost() const {
        std::optional<Datum> total;
        for (std::size_t i = 0; i < tree_.forest().nodes.size(); ++i)
            if (std::optional<Datum> const cost = tree_.cost(i)) total = total ? pg::add(*total, *cost) : *cost;
        return total;
    }

    std::string expensive_spans(std::optional<Datum> total) const {
        std::vector<std::size_t> nodes;
        for (std::size_t i = 0; i < tree_.forest().nodes.size(); ++i)
            if (std::optional<Datum> const cost = tree_.cost(i); cost && !pg::is_zero(*cost)) nodes.push_back(i);
        keep_first(nodes, [&](std::size_t a, std::size_t b) {
            return DatumGetInt32(pg::numeric_call(numeric_cmp, *tree_.cost(b), *tree_.cost(a)));
        });
        Datum const hundred = pg::to_numeric(100);
        return array(nodes, [&](std::size_t i) {
            Datum const cost = *tree_.cost(i);
            std::optional<Datum> const model = tree_.model(i);
            return name(i) + ",\"cost\":" + text_of(pg::NumericValue{cost}) +
                   ",\"model\":" + (model ? core::json_string(pg::to_string(*model)) : "null") +
                   ",\"percent_of_total\":" +
                   text_of(pg::quotient(pg::numeric_call(numeric_mul, cost, hundred), *total, 2)) + "}";
        });
    }

    std::string critical_path() const {
        std::string out = "[";
        for (const core::PathShare &share : path_) {
            pg::check_for_interrupts();
            out += (out.size() > 1 ? "," : "") + name(share.node) +
                   ",\"duration_ms\":" + text_of(milliseconds(share.duration_us)) + "}";
        }
        return out + "]";
    }

    const RunTree &tree_;
    std::size_t limit_;
    std::vector<core::PathShare> path_;
};

}  // namespace
}  // namespace analytics::runs

ANALYTICS_FUNCTION(analytics_get_run_bottlenecks) {
    using namespace analytics;
    using namespace analytics::runs;
    pg::Args const args(fcinfo);
    std::string const run_id = args.required_text(0, "run_id", 200);
    auto const limit = static_cast<std::size_t>(args.integer(1, "row_limit", 1, 100, 5));
    int64 const as_of = engine::as_of_argument(args, 2);
    std::string const tenant = engine::current_tenant();
    pg::Spi const spi;
    RunTree const tree(spi, tenant, run_id, as_of);
    std::string const json = Bottlenecks(tree, limit).json();
    pg::InContext const in(pg::entry_context);
    return pg::to_jsonb(json);
}
