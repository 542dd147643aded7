// How fast text is redacted: prose without anything to find, messages of 180 bytes with one find each, the same beyond
// ASCII, and text made to be slow.
#include "core/privacy/redact.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <random>

using namespace analytics::core;

namespace {

constexpr std::size_t bytes = 4'000'000;

std::string words(std::mt19937 &random, std::size_t least) {
    constexpr std::array<std::string_view, 20> all{
        "the",   "quick",   "order", "was",     "delivered", "to",   "customer", "on",     "Monday", "and",
        "agent", "replied", "that",  "refunds", "take",      "five", "days",     "please", "check",  "status."};
    std::string text;
    while (text.size() < least) text.append(all[random() % all.size()]).append(" ");
    return text;
}

void measure(benchmark::State &state, const std::string &text) {
    KnownName const name("Ada Mockingham");
    for (auto _ : state) benchmark::DoNotOptimize(redacted(text, name));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void prose(benchmark::State &state) {
    std::mt19937 random(1);
    measure(state, words(random, bytes));
}
BENCHMARK(prose)->Unit(benchmark::kMillisecond);

void messages(benchmark::State &state) {
    constexpr std::array<std::string_view, 8> finds{"jane@example.com",    "(415) 555-0132",
                                                    "4111 1111 1111 1111", "GB29 NWBK 6016 1331 9268 19",
                                                    "192.0.2.7",           "1 Fictional Road, Sampletown, ZZ 00000",
                                                    "password=hunter2",    "Ada Mockingham"};
    std::mt19937 random(1);
    std::string text;
    while (text.size() < bytes) {
        text.append(words(random, 150))
            .append(finds[random() % finds.size()])
            .append(state.range(0) == 0 ? ".\n" : ", voilà.\n");
    }
    measure(state, text);
}
BENCHMARK(messages)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void made_to_be_slow(benchmark::State &state) {
    constexpr std::array<std::string_view, 6> units{"1 ", "token=", "123 456 7890 ", "eyJaaaa.", "1 Ab ", "a@a.a."};
    std::string text;
    while (text.size() < bytes) text += units[static_cast<std::size_t>(state.range(0))];
    measure(state, text);
}
BENCHMARK(made_to_be_slow)->DenseRange(0, 5)->Unit(benchmark::kMillisecond);

}  // namespace
