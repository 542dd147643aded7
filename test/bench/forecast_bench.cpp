// What the forecasting models cost per series. On real series when ANALYTICS_FORECAST_DATA names the folder with
// daily.csv and m4_hourly.csv (id,series,grp,freq,m,h,n,start,train,test), else on synthetic ones of like length.
#include "core/forecast/arima.hpp"
#include "core/forecast/budget.hpp"
#include "core/forecast/ets.hpp"
#include "core/forecast/forecaster.hpp"
#include "core/forecast/intermittent.hpp"
#include "core/forecast/theta.hpp"
#include "core/series/mstl.hpp"
#include "core/series/stl.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

using namespace analytics::core;

namespace {

struct Task {
    int season = 1, horizon = 1;
    std::vector<double> series;
};

std::vector<Task> read(const std::string &path) {
    std::vector<Task> tasks;
    std::ifstream file(path);
    std::string line, field;
    std::getline(file, line);
    while (std::getline(file, line)) {
        std::vector<std::string> fields;
        std::istringstream row(line);
        while (std::getline(row, field, ',')) fields.push_back(field);
        Task task{std::stoi(fields.at(4)), std::stoi(fields.at(5)), {}};
        std::istringstream train(fields.at(8));
        for (double v = 0; train >> v;) task.series.push_back(v);
        tasks.push_back(std::move(task));
    }
    return tasks;
}

std::vector<Task> synthetic(int season, int horizon, std::size_t shortest, std::size_t longest) {
    std::mt19937_64 random(1);
    std::vector<Task> tasks;
    for (int i = 0; i < 50; ++i) {
        std::normal_distribution<> noise(0, 5 + i % 10);
        std::size_t const n = shortest + (longest - shortest) * static_cast<std::size_t>(i) / 49;
        Task task{season, horizon, {}};
        double level = 100;
        for (std::size_t t = 0; t < n; ++t) {
            level += 0.1 * noise(random);
            double const wave = std::sin(static_cast<double>(t) * 6.283185307179586 / season);
            task.series.push_back(std::abs(level + 20 * wave + noise(random)) + 1);
        }
        tasks.push_back(std::move(task));
    }
    return tasks;
}

const std::vector<Task> &daily() {
    static const char *const folder = std::getenv("ANALYTICS_FORECAST_DATA");
    static std::vector<Task> const tasks =
        folder != nullptr ? read(std::string(folder) + "/daily.csv") : synthetic(7, 30, 28, 365);
    return tasks;
}

const std::vector<Task> &hourly() {
    static const char *const folder = std::getenv("ANALYTICS_FORECAST_DATA");
    static std::vector<Task> const tasks =
        folder != nullptr ? read(std::string(folder) + "/m4_hourly.csv") : synthetic(24, 48, 700, 960);
    return tasks;
}

/// Every task in turn; the time shown is for one series.
template <class F> void each(benchmark::State &state, const std::vector<Task> &tasks, F &&forecast) {
    for (auto _ : state)
        for (Task const &task : tasks) benchmark::DoNotOptimize(forecast(task));
    state.counters["per_series"] =
        benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(tasks.size()),
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

ModelForecast ets(const Task &task, EtsSearch search) {
    return forecast_ets(auto_ets(task.series, task.season, {search}), task.horizon);
}

#define MODEL_BENCHMARK(name, tasks, expression)                           \
    void name(benchmark::State &state) {                                   \
        each(state, tasks(), [](const Task &task) { return expression; }); \
    }                                                                      \
    BENCHMARK(name)->Unit(benchmark::kMillisecond)

ForecastResult whole(const Task &task, Method method) {
    return forecast(task.series, {task.horizon, task.season, {80, 95}, method});
}
MODEL_BENCHMARK(forecast_auto_daily, daily, whole(task, Method::automatic));
MODEL_BENCHMARK(forecast_fast_daily, daily, whole(task, Method::fast));
MODEL_BENCHMARK(forecast_auto_hourly, hourly, whole(task, Method::automatic));
MODEL_BENCHMARK(forecast_fast_hourly, hourly, whole(task, Method::fast));
MODEL_BENCHMARK(exhaustion_daily, daily,
                forecast_exhaustion(task.series, 0, 1, static_cast<std::size_t>(task.horizon),
                                    static_cast<std::size_t>(task.season)));
MODEL_BENCHMARK(auto_ets_full_daily, daily, ets(task, EtsSearch::full));
MODEL_BENCHMARK(auto_ets_damped_daily, daily, ets(task, EtsSearch::damped));
MODEL_BENCHMARK(auto_ets_quick_daily, daily, ets(task, EtsSearch::quick));
MODEL_BENCHMARK(auto_ets_full_hourly, hourly, ets(task, EtsSearch::full));
MODEL_BENCHMARK(auto_ets_damped_hourly, hourly, ets(task, EtsSearch::damped));
MODEL_BENCHMARK(auto_ets_quick_hourly, hourly, ets(task, EtsSearch::quick));
MODEL_BENCHMARK(theta_classic_daily, daily, theta_classic(task.series, task.season, task.horizon));
MODEL_BENCHMARK(theta_dynamic_daily, daily, theta_dynamic(task.series, task.season, task.horizon));
MODEL_BENCHMARK(theta_dynamic_hourly, hourly, theta_dynamic(task.series, task.season, task.horizon));
MODEL_BENCHMARK(auto_arima_daily, daily,
                forecast_arima(auto_arima(task.series, task.season), task.series, task.horizon));
MODEL_BENCHMARK(auto_arima_hourly, hourly,
                forecast_arima(auto_arima(task.series, task.season), task.series, task.horizon));
MODEL_BENCHMARK(mstl_hourly, hourly, forecast_mstl(task.series, std::vector{24, 168}, task.horizon));
MODEL_BENCHMARK(intermittent_daily, daily, [&] {
    std::vector<double> positive = task.series;
    for (double &v : positive) v = std::abs(v);
    return intermittent_demand(positive);
}());

// Arg: points.
void stl_long(benchmark::State &state) {
    Task const task = synthetic(24, 1, 2, static_cast<std::size_t>(state.range(0))).back();
    for (auto _ : state) benchmark::DoNotOptimize(stl(task.series, 24));
}
BENCHMARK(stl_long)->Arg(1000)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
