// What the sketches cost: adding, merging what rollups store, asking.
#include "core/sketch/distinct_set.hpp"
#include "core/sketch/quantile_sketch.hpp"

#include <benchmark/benchmark.h>

#include <random>

using namespace analytics::core;

namespace {

using Stored = std::vector<std::vector<std::byte>>;

std::vector<double> latencies(std::size_t n) {
    std::mt19937_64 random(1);
    std::lognormal_distribution<> lognormal(5, 1);
    std::vector<double> values(n);
    for (double &v : values) v = lognormal(random);
    return values;
}

void add_values(benchmark::State &state) {
    std::vector<double> const values = latencies(1'000'000);
    for (auto _ : state) {
        QuantileSketch sketch;
        for (double const v : values) sketch.add(v);
        benchmark::DoNotOptimize(sketch.quantile(0.5));
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(values.size()));
}
BENCHMARK(add_values);

// Args: stored sketches, values in each.
void merge_sketches(benchmark::State &state) {
    auto const each = static_cast<std::size_t>(state.range(1));
    std::vector<double> const values = latencies(static_cast<std::size_t>(state.range(0)) * each);
    Stored stored;
    for (std::size_t i = 0; i < values.size(); i += each) {
        QuantileSketch sketch;
        for (std::size_t j = 0; j < each; ++j) sketch.add(values[i + j]);
        stored.push_back(sketch.bytes());
    }
    for (auto _ : state) {
        QuantileSketch sketch;
        for (const auto &bytes : stored) sketch.merge(bytes);
        benchmark::DoNotOptimize(sketch.quantile(0.95));
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(merge_sketches)->Args({1500, 170})->Args({30, 20000});

void ask_quantile(benchmark::State &state) {
    QuantileSketch sketch;
    for (double const v : latencies(100'000)) sketch.add(v);
    for (auto _ : state) benchmark::DoNotOptimize(sketch.quantile(0.95));
}
BENCHMARK(ask_quantile);

// Args: stored sets, values in each; of 100,000 customers.
template <bool hashed> void unite_sets(benchmark::State &state) {
    std::mt19937_64 random(1);
    Stored stored;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
        DistinctSet set;
        for (std::int64_t j = 0; j < state.range(1); ++j) {
            std::uint64_t const id = random() % 100'000;
            if (hashed) set.add_hash(hash_bytes(std::as_bytes(std::span(&id, 1)), 1));
            else set.add_integer(static_cast<std::int64_t>(id));
        }
        stored.push_back(set.bytes());
    }
    for (auto _ : state) {
        DistinctSet set;
        for (const auto &bytes : stored) set.merge(bytes);
        benchmark::DoNotOptimize(set.cardinality());
    }
    state.SetItemsProcessed(state.iterations() * state.range(0) * state.range(1));
}
BENCHMARK(unite_sets<true>)->Args({24, 260})->Args({1500, 65})->Args({30, 6250});
BENCHMARK(unite_sets<false>)->Args({24, 260})->Args({1500, 65})->Args({30, 6250});

}  // namespace
