#include "core/forecast/ets.hpp"

#include "golden.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>

namespace analytics::core {
namespace {

/// "AAdN" as the golden files write it: "AANd".
EtsModel model_of(std::string letters) {
    if (letters.size() == 4) std::swap(letters[2], letters[3]);
    return parse_ets(letters).value();
}

/// R keeps the season with the newest first.
EtsState state_of(const nlohmann::json &json, const EtsModel &model) {
    std::vector<double> const values = numbers(json);
    EtsState state;
    std::size_t next = 0;
    state.level = values.at(next++);
    if (model.trend != EtsTrend::none) state.slope = values.at(next++);
    state.season.assign(values.rbegin(), values.rend() - static_cast<std::ptrdiff_t>(next));
    return state;
}

EtsParameters parameters_of(const nlohmann::json &json) {
    return {json.at("alpha"), json.value("beta", 0.0), json.value("gamma", 0.0), json.value("phi", 1.0)};
}

std::vector<double> upper_limits(const ModelForecast &forecast, double factor) {
    std::vector<double> values;
    for (std::size_t i = 0; i < forecast.mean.size(); ++i)
        values.push_back(forecast.mean[i] + factor * forecast.deviation[i]);
    return values;
}

/// R 8.20's forecasts of damped trends with multiplicative season leave out the first damping, against its own filter
/// and the book: as if the slope were larger by 1 / phi.
EtsFit as_r_forecasts(EtsFit fit) {
    if (fit.model.season == EtsSeason::multiplicative) fit.last.slope /= fit.parameters.phi;
    return fit;
}

TEST(EtsGolden, FilterWithGivenParametersIsR) {
    nlohmann::json const file = golden("ets_fixed");
    for (auto const &[name, c] : file["cases"].items()) {
        SCOPED_TRACE(name);
        EtsModel const model = model_of(name);
        std::vector<double> fitted;
        EtsFit fit = filter_ets(numbers(c["x"]), c["m"], model, parameters_of(c["par"]),
                                state_of(c["init_state"], model), &fitted);
        EXPECT_ALL_REL(fitted, numbers(c["fitted"]), 1e-9);
        EXPECT_REL(fit.log_likelihood, c["loglik"].get<double>(), 1e-9);
        EtsState const last = state_of(c["last_state"], model);
        EXPECT_REL(fit.last.level, last.level, 1e-9);
        EXPECT_REL(fit.last.slope, last.slope, 1e-9);
        EXPECT_ALL_REL(fit.last.season, last.season, 1e-9);

        fit.sigma = std::sqrt(c["sigma2"].get<double>());  // R counts no parameter that was given
        std::vector<double> upper = upper_limits(forecast_ets(fit, 14), 1.2815515655446004);
        std::vector<double> expected = numbers(c["forecast"]["hi80"]);
        if (name == "MAMd") {
            EXPECT_ALL_REL(forecast_ets(as_r_forecasts(fit), 14).mean, numbers(c["forecast"]["mean"]), 1e-5);
            continue;
        }
        EXPECT_ALL_REL(forecast_ets(fit, 14).mean, numbers(c["forecast"]["mean"]), 1e-9);
        if (name == "ANA") upper.resize(11), expected.resize(11);  // R lets the season's error act a step early
        EXPECT_ALL_REL(upper, expected, 1e-9);
    }
}

TEST(EtsGolden, LikelihoodReachesRAndWhereItIsTheSameForecastsAre) {
    nlohmann::json const file = golden("ets");
    int same = 0, all = 0;
    for (auto const &[name, c] : file["cases"].items()) {
        SCOPED_TRACE(name);
        std::vector<double> const x = numbers(c["x"]);
        for (auto const &[letters, f] : c["fits"].items()) {
            SCOPED_TRACE(letters);
            double const r = f["loglik"];
            if (letters == "auto") {
                EXPECT_LE(auto_ets(x, c["m"], {EtsSearch::full}).aicc, f["aicc"].get<double>() + 2e-3);
                continue;
            }
            EtsFit const fit = fit_ets(x, c["m"], model_of(letters));
            EXPECT_GE(fit.log_likelihood, r - 1e-3);
            ++all;
            if (fit.log_likelihood > r + 1e-3) continue;
            ++same;
            ModelForecast const forecast = forecast_ets(as_r_forecasts(fit), 14);
            std::vector<double> const mean = numbers(f["forecast"]["mean"]);
            for (std::size_t i = 0; i < 14;
                 ++i)  // likelihoods can be so flat that forecasts differ by a small part of the error
                EXPECT_NEAR(forecast.mean[i], mean[i], 1e-3 * std::abs(mean[i]) + 0.02 * forecast.deviation[i]) << i;
        }
    }
    EXPECT_EQ(all, 102);
    EXPECT_GE(same, 12);
}

/// Whether the errors of a filter over zeros die away once shaken: a second way to the same answer.
bool forgets(const EtsModel &model, const EtsParameters &p, int m) {
    constexpr int steps = 20'000;
    double level = 0, slope = 0, middle = 0, end = 0;
    std::vector<double> season(static_cast<std::size_t>(m));
    double const phi = model.trend == EtsTrend::damped ? p.phi : 1;
    bool const seasonal = model.season != EtsSeason::none, trend = model.trend != EtsTrend::none;
    for (int t = 0; t < steps; ++t) {
        double &s = season[static_cast<std::size_t>(t % m)];
        double const carried = trend ? phi * slope : 0.0;
        double const e = (t < 2 * m ? std::sin(t * t + 1.0) : 0.0) - level - carried - (seasonal ? s : 0.0);
        if (!std::isfinite(e)) return false;
        level += carried + p.alpha * e, slope = carried + (trend ? p.beta : 0.0) * e;
        if (seasonal) s += p.gamma * e;
        if (t >= steps / 2 - 1000 && t < steps / 2) middle = std::max(middle, std::abs(e));
        if (t >= steps - 1000) end = std::max(end, std::abs(e));
    }
    return end < 1e-9 || end < 0.99 * middle;
}

TEST(Ets, AdmissibleIsWhatForgets) {
    int yes = 0, no = 0;
    for (const char *const letters : {"ANN", "AAN", "AAdN", "ANA", "AAA", "AAdA"})
        for (double const alpha : {0.1, 0.5, 0.9, 1.2, 1.4})
            for (double const beta : {0.05, 0.3, 0.8, 1.5})
                for (double const gamma : {0.05, 0.4, 0.9, 1.2})
                    for (int const m : {2, 7, 12}) {
                        EtsModel const model = *parse_ets(letters);
                        EtsParameters const p{alpha, beta, gamma, 0.9};
                        bool const stable = ets_admissible(model, p, m);
                        ++(stable ? yes : no);
                        EXPECT_EQ(stable, forgets(model, p, m))
                            << letters << alpha << " " << beta << " " << gamma << " " << m;
                    }
    EXPECT_GT(yes, 300);
    EXPECT_GT(no, 300);
}

/// Weekly pattern with noise, a slow wave and growth.
std::vector<double> weekly(std::size_t n) {
    std::vector<double> y;
    std::uint32_t random = 12345;
    for (std::size_t t = 0; t < n; ++t) {
        random = random * 1664525 + 1013904223;
        double const noise = static_cast<double>(random >> 8) / (1 << 24) - 0.5;
        auto const at = static_cast<double>(t);
        y.push_back(100 + 0.1 * at + 20 * std::sin(at * 2 * 3.14159265358979 / 7) + 10 * noise + 5 * std::sin(at / 20));
    }
    return y;
}

TEST(Ets, FactorsOfTwoScaleForecastsExactlyAndOthersNearly) {
    std::vector<double> const y = weekly(120);
    ModelForecast const base = forecast_ets(auto_ets(y, 7), 30);
    for (double const factor : {0x1p-900, 0x1p-3, 0x1p900, 3.7e-100, 1e300 / 256}) {
        std::vector<double> scaled = y;
        for (double &v : scaled) v *= factor;
        ModelForecast const forecast = forecast_ets(auto_ets(scaled, 7), 30);
        bool const exact = std::frexp(factor, std::make_unique<int>().get()) == 0.5;
        for (std::size_t i = 0; i < 30; ++i) {
            EXPECT_REL(forecast.mean[i] / factor, base.mean[i], exact ? 1e-13 : 1e-3);
            EXPECT_REL(forecast.deviation[i] / factor, base.deviation[i], exact ? 1e-13 : 1e-2);
        }
    }
}

TEST(Ets, AdditiveModelsFollowAShift) {
    std::vector<double> const y = weekly(120);
    std::vector<double> shifted = y;
    for (double &v : shifted) v += 1000;
    for (const char *const letters : {"ANN", "AAdN", "ANA", "AAA"}) {
        ModelForecast const a = forecast_ets(fit_ets(y, 7, *parse_ets(letters)), 14);
        ModelForecast const b = forecast_ets(fit_ets(shifted, 7, *parse_ets(letters)), 14);
        for (std::size_t i = 0; i < 14; ++i) {
            EXPECT_REL(b.mean[i] - 1000, a.mean[i], 2e-3) << letters;
            EXPECT_REL(b.deviation[i], a.deviation[i], 2e-2) << letters;
        }
    }
}

TEST(Ets, EveryModelHasTheMeanAndSpreadOfItsSimulatedPaths) {
    std::vector<double> const y = weekly(90);
    for (const char *const letters : {"ANN", "AAN", "AAdN", "ANA", "AAA", "AAdA", "MNN", "MAN", "MAdN", "MNA", "MAA",
                                      "MAdA", "MNM", "MAM", "MAdM"}) {
        EtsFit fit = fit_ets(y, 7, *parse_ets(letters));
        fit.parameters.alpha = 0.4, fit.parameters.gamma = fit.last.season.empty() ? 0 : 0.3;
        if (fit.model.trend != EtsTrend::none) fit.parameters.beta = 0.05;
        ModelForecast const forecast = forecast_ets(fit, 20);
        std::vector<double> sum(20), squares(20);
        std::uint64_t random = 1;
        auto const uniform = [&] {
            random = random * 6364136223846793005U + 1442695040888963407U;
            return (static_cast<double>(random >> 11) + 0.5) / 9007199254740992.0;
        };
        constexpr int paths = 40'000;
        for (int path = 0; path < paths; ++path) {
            EtsState s = fit.last;
            for (std::size_t i = 0; i < 20; ++i) {
                double const e =
                    fit.sigma * std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform());
                double const carried = fit.parameters.phi * s.slope, q = s.level + carried;
                bool const factors = fit.model.season == EtsSeason::multiplicative;
                double none = factors ? 1 : 0, &season = s.season.empty() ? none : s.season[i % 7];
                double const f = factors ? q * season : q + season;
                double const error = fit.model.multiplicative_error ? f * e : e, v = f + error;
                double const step = factors ? error / season : error;
                sum[i] += v, squares[i] += v * v;
                s.level = q + fit.parameters.alpha * step, s.slope = carried + fit.parameters.beta * step;
                season += fit.parameters.gamma * (factors ? error / q : error);
            }
        }
        for (std::size_t i = 0; i < 20; ++i) {
            double const mean = sum[i] / paths, deviation = std::sqrt(squares[i] / paths - mean * mean);
            EXPECT_NEAR(forecast.mean[i], mean, 5 * deviation / std::sqrt(1.0 * paths)) << letters << i;
            EXPECT_NEAR(forecast.deviation[i] / deviation, 1, 0.03) << letters << i;
        }
    }
}

TEST(Ets, ExtremesGiveFiniteAnswers) {
    constexpr double huge = std::numeric_limits<double>::max();
    std::vector<std::vector<double>> series = {
        {0},
        {5},
        {-3, 4},
        {1, 2, 3},
        {0, 0, 0},
        {huge, huge},
        {huge, -huge, huge, -huge, huge, 0, 1, 2},
        {5e-324, 0, 5e-324, 0, 0, 0, 5e-324},
        std::vector<double>(100, 7.0),
        std::vector<double>(100, 0.0),
    };
    for (std::size_t const n : {2U, 4U, 6U, 7U, 8U, 10U, 13U, 14U, 15U, 20U, 22U}) series.push_back(weekly(n));
    std::vector<double> line, wave, rare(200, 0.0), mixed;
    for (int t = 0; t < 60; ++t)
        line.push_back(3.0 + t), wave.push_back(10 + t % 7), mixed.push_back(std::pow(10, t % 30));
    rare[50] = rare[120] = 3;
    for (std::vector<double> const &y : {line, wave, rare, mixed}) series.push_back(y);
    for (std::vector<double> const &y : series)
        for (int const season : {1, 2, 7, 24, 25, 1000000}) {
            EtsFit const fit = auto_ets(y, season, {EtsSearch::full});
            ModelForecast const forecast = forecast_ets(fit, 40);
            for (std::size_t i = 0; i < 40; ++i) {
                EXPECT_TRUE(std::isfinite(forecast.mean[i])) << y.size() << " " << season << fit.model.name();
                EXPECT_TRUE(std::isfinite(forecast.deviation[i]) && forecast.deviation[i] >= 0) << y.size();
            }
        }
    EXPECT_NEAR(forecast_ets(auto_ets(line, 7), 10).mean[9], 72, 1e-6);
    EXPECT_NEAR(forecast_ets(auto_ets(wave, 7), 10).mean[9], 10 + 69 % 7, 1e-6);
    EXPECT_EQ(forecast_ets(auto_ets(std::vector<double>(9, 7.0), 7), 3).mean, std::vector<double>(3, 7.0));
}

TEST(Ets, SearchesTryWhatTheySay) {
    std::vector<double> line = weekly(150);
    for (std::size_t t = 0; t < line.size(); ++t) line[t] += 0.5 * static_cast<double>(t);
    EXPECT_EQ(auto_ets(line, 7, {EtsSearch::full}).model.trend, EtsTrend::additive);
    EXPECT_EQ(auto_ets(line, 7, {EtsSearch::damped}).model.trend, EtsTrend::damped);
    EXPECT_LE(auto_ets(line, 7, {EtsSearch::full}).aicc, auto_ets(line, 7, {EtsSearch::damped}).aicc);
    EXPECT_LE(auto_ets(line, 7, {EtsSearch::damped}).aicc, auto_ets(line, 7, {EtsSearch::quick}).aicc);
}

TEST(Ets, SpreadIsBoundedWhereMomentsExplode) {
    EtsFit fit;
    fit.model = *parse_ets("MAM");
    fit.season = 7;
    fit.parameters = {0.9, 0.5, 0.05, 1};
    fit.last = {10, 3, std::vector<double>(7, 1.0)};
    fit.sigma = 3, fit.range = 20, fit.n = 50;
    ModelForecast const forecast = forecast_ets(fit, 1000);
    for (std::size_t i = 0; i < 1000; ++i) {
        EXPECT_TRUE(std::isfinite(forecast.mean[i]));
        EXPECT_LE(forecast.deviation[i], 20 * std::sqrt(static_cast<double>(i + 1)) * (1 + 1e-12));
    }
}

TEST(Ets, RefusesWhatMakesNoSense) {
    std::vector<double> const y = weekly(50);
    EXPECT_THROW(auto_ets({}, 7), std::invalid_argument);
    EXPECT_THROW(auto_ets(y, 0), std::invalid_argument);
    EXPECT_THROW(auto_ets(std::vector{1.0, std::nan(""), 2.0}, 1), std::invalid_argument);
    EXPECT_THROW(fit_ets(std::vector{1.0, 0.0, 2.0}, 1, *parse_ets("MNN")), std::invalid_argument);
    EXPECT_THROW(fit_ets(y, 1, *parse_ets("ANA")), std::invalid_argument);
    EXPECT_THROW(fit_ets(y, 50, *parse_ets("ANA")), std::invalid_argument);
    EXPECT_THROW(fit_ets(y, 7, EtsModel{false, EtsTrend::none, EtsSeason::multiplicative}), std::invalid_argument);
    EXPECT_THROW(forecast_ets(auto_ets(y, 7), 0), std::invalid_argument);
    EXPECT_THROW(forecast_ets(auto_ets(y, 7), 10'001), std::invalid_argument);
    for (const char *const letters : {"", "AN", "ANM", "AMN", "XNN", "ANdN", "MAxM", "MAdMM"})
        EXPECT_FALSE(parse_ets(letters));
    EXPECT_EQ(parse_ets("MAdM")->name(), "ETS(M,Ad,M)");
}

TEST(Ets, CanBeStoppedAndTakesLongSeries) {
    std::vector<double> const y = weekly(1'000'000);
    struct Cancelled {};
    int calls = 0;
    EXPECT_THROW(auto_ets(y, 7, {},
                          [&] {
                              if (++calls == 3) throw Cancelled{};
                          }),
                 Cancelled);
    EXPECT_EQ(auto_ets(y, 7, {EtsSearch::quick, 2000}).n, 2000U);
}

}  // namespace
}  // namespace analytics::core
