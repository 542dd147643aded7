// What the tree of a run costs: build_span_forest, with self times, and critical_path.
#include "core/spans/span_tree.hpp"

#include <benchmark/benchmark.h>

#include <random>
#include <string>

using namespace analytics::core;

namespace {

enum Shape : std::int64_t { random_tree, chain, one_parent };

struct Texts {
    std::string id, parent;
};

// Ids as OpenTelemetry has them, in hex; facts in no order.
std::vector<SpanFact> facts_of(std::vector<Texts> &texts, std::int64_t shape) {
    static constexpr std::string_view trace = "5b8efff798038103d269b633813fc60c";
    std::mt19937_64 random(1);
    auto const n = static_cast<std::int64_t>(texts.size());
    auto const hex = [](std::uint64_t value) {
        std::string text(16, '0');
        for (auto c = text.rbegin(); c != text.rend(); ++c, value >>= 4) *c = "0123456789abcdef"[value & 15];
        return text;
    };
    std::vector<std::int64_t> from(texts.size()), to(texts.size());
    to[0] = 100 * n;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        texts[i].id = hex(i * 0x9e3779b97f4a7c15ULL);
        if (i == 0) continue;
        std::size_t const parent = shape == random_tree ? random() % i : shape == chain ? i - 1 : 0;
        texts[i].parent = texts[parent].id;
        auto const room = static_cast<std::uint64_t>(to[parent] - from[parent]);
        from[i] = from[parent] + static_cast<std::int64_t>(shape == chain ? 1 : random() % (room + 1));
        to[i] = shape == chain ? to[parent] - 1 : from[i] + static_cast<std::int64_t>(random() % (room / 2 + 2));
    }
    std::vector<SpanFact> facts;
    for (std::size_t i = 0; i < texts.size(); ++i)
        facts.push_back({trace, texts[i].id, texts[i].parent, from[i], to[i]});
    for (std::size_t i = facts.size(); i > 1; --i) std::swap(facts[i - 1], facts[random() % i]);
    return facts;
}

// Args: spans, shape (0 random, 1 a chain, 2 all under one parent).
void tree_and_path(benchmark::State &state) {
    std::vector<Texts> texts(static_cast<std::size_t>(state.range(0)));
    std::vector<SpanFact> const facts = facts_of(texts, state.range(1));
    for (auto _ : state) {
        SpanForest const forest = build_span_forest(facts, 200 * state.range(0));
        benchmark::DoNotOptimize(critical_path(forest).size());
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(tree_and_path)
    ->Unit(benchmark::kMillisecond)
    ->Args({1000, random_tree})
    ->Args({100'000, random_tree})
    ->Args({100'000, chain})
    ->Args({100'000, one_parent});

}  // namespace
