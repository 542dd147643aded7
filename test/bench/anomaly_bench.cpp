// What judging a point costs, and the tests on whole series.
#include "core/anomaly/changepoint.hpp"
#include "core/anomaly/esd.hpp"
#include "core/anomaly/seasonal_detector.hpp"
#include "core/statistics/false_discovery.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <random>

using namespace analytics::core;

namespace {

/// Counts with a daily season.
std::vector<double> days(std::size_t n, std::size_t season, double mean) {
    std::mt19937_64 random(1);
    std::vector<double> x;
    for (std::size_t i = 0; i < n; ++i) {
        double const phase = static_cast<double>(i % season) / static_cast<double>(season);
        std::poisson_distribution<int> count(mean * (1 + 0.8 * std::sin(phase * 6.283185307)));
        x.push_back(count(random));
    }
    return x;
}

// Args: points a season (0: to be found), points of the season given in the data.
void judge_points(benchmark::State &state) {
    std::vector<double> const x = days(100'000, static_cast<std::size_t>(state.range(1)), 40);
    SeasonalDetector detector({.season = static_cast<int>(state.range(0))});
    std::size_t i = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(detector.push(x[i]));
        if (++i == x.size()) i = 0;
    }
}
BENCHMARK(judge_points)->Args({24, 24})->Args({288, 288})->Args({0, 24})->Args({0, 10'000});

// 28 days of hours, as the dashboard asks for each shop.
void judge_four_weeks(benchmark::State &state) {
    std::vector<double> const x = days(672, 24, 40);
    for (auto _ : state) benchmark::DoNotOptimize(detect(x, {.season = 24}));
}
BENCHMARK(judge_four_weeks)->Unit(benchmark::kMicrosecond);

void esd(benchmark::State &state) {
    std::vector<double> const x = days(672, 24, 40);
    for (auto _ : state) benchmark::DoNotOptimize(generalized_esd(x, {0.05, 13, true}));
}
BENCHMARK(esd)->Unit(benchmark::kMicrosecond);

void changepoints(benchmark::State &state) {
    std::vector<double> x = days(static_cast<std::size_t>(state.range(0)), 10'000'000, 40);
    for (std::size_t i = x.size() / 2; i < x.size(); ++i) x[i] += 10;
    for (auto _ : state) benchmark::DoNotOptimize(detect_changepoints(x));
}
BENCHMARK(changepoints)->Arg(365)->Arg(10'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void false_discovery(benchmark::State &state) {
    std::vector<double> p;
    for (int i = 1; i <= 24'000; ++i) p.push_back(std::fmod(i * 0.6180339887, 1));
    for (auto _ : state) benchmark::DoNotOptimize(benjamini_hochberg(p));
}
BENCHMARK(false_discovery)->Unit(benchmark::kMillisecond);

}  // namespace
