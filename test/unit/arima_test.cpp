#include "core/forecast/arima.hpp"

#include "core/forecast/arma_filter.hpp"
#include "golden.hpp"
#include "random.hpp"

#include <numeric>

namespace analytics::core {
namespace {

TEST(ArimaGolden, ChoosesTheModelsOfR) {
    nlohmann::json const file = golden("arima");
    for (auto const &[name, c] : file["cases"].items()) {
        std::vector<double> const x = numbers(c["x"]);
        ArimaFit const fit = auto_arima(x, c["m"]);
        ArimaOrder const &o = fit.order;
        std::vector<int> order = {o.p, o.d, o.q};
        if (c["order"].size() > 3) order.insert(order.end(), {o.seasonal_p, o.seasonal_d, o.seasonal_q, o.season});
        EXPECT_EQ(order, c["order"].get<std::vector<int>>()) << name;
        std::vector<double> own, expected;
        for (const auto *const some : {&fit.ar, &fit.ma, &fit.seasonal_ar, &fit.seasonal_ma})
            own.insert(own.end(), some->begin(), some->end());
        if (o.constant) own.push_back(fit.mean);
        for (const char *const kind : {"ar", "ma", "sar", "sma"})
            for (int i = 1; c["coef"].contains(kind + std::to_string(i)); ++i)
                expected.push_back(c["coef"][kind + std::to_string(i)]);
        for (const char *const kind : {"intercept", "drift"})
            if (c["coef"].contains(kind)) expected.push_back(c["coef"][kind]);
        // R's optimiser stops early (dev_dd0027 goes to .0091 with reltol = 1e-14), and takes what differences lose for
        // nearly, not wholly, unknown (USAccDeaths).
        EXPECT_ALL_REL(own, expected, 4e-3) << name;
        EXPECT_REL(fit.log_likelihood, c["loglik"].get<double>(), 3e-6) << name;
        EXPECT_REL(fit.aicc, c["aicc"].get<double>(), 3e-6) << name;
        EXPECT_REL(fit.sigma * fit.sigma, c["sigma2"].get<double>(), 1e-3) << name;
        ModelForecast const forecast = forecast_arima(fit, x, file["h"]);
        EXPECT_ALL_REL(forecast.mean, numbers(c["forecast"]["mean"]), 2e-3) << name;
        for (auto [kind, z] : {std::pair("lo80", -1.2815515655446004), std::pair("hi95", 1.959963984540054)}) {
            std::vector<double> bound;
            for (std::size_t i = 0; i < forecast.mean.size(); ++i)
                bound.push_back(forecast.mean[i] + z * forecast.deviation[i]);
            EXPECT_ALL_REL(bound, numbers(c["forecast"][kind]), 4e-3) << name << " " << kind;
        }
    }
    EXPECT_GE(file["cases"].size(), 13U);
}

std::vector<double> process(const Arma &model, std::size_t n, std::uint64_t seed) {
    Random random(seed);
    std::size_t const warm = 500;
    std::vector<double> w, e;
    for (std::size_t t = 0; t < n + warm; ++t) {
        e.push_back(random.normal());
        w.push_back(e.back());
        for (std::size_t k = 0; k < std::min(t, model.ar.size()); ++k) w.back() += model.ar[k] * w[t - 1 - k];
        for (std::size_t k = 0; k < std::min(t, model.ma.size()); ++k) w.back() += model.ma[k] * e[t - 1 - k];
    }
    return {w.end() - static_cast<std::ptrdiff_t>(n), w.end()};
}

// Autocovariances from the infinite moving average, then the Cholesky factor of the whole covariance matrix.
ArmaLikelihood dense(const Arma &model, const std::vector<double> &w) {
    std::size_t const n = w.size(), terms = 4000;
    std::vector<double> psi(terms), gamma(n), factor(n * n), z(n);
    for (std::size_t k = 0; k < terms; ++k) {
        psi[k] = k == 0 ? 1 : k <= model.ma.size() ? model.ma[k - 1] : 0;
        for (std::size_t i = 0; i < std::min(k, model.ar.size()); ++i) psi[k] += model.ar[i] * psi[k - 1 - i];
    }
    for (std::size_t h = 0; h < n; ++h)
        for (std::size_t k = 0; k + h < terms; ++k) gamma[h] += psi[k] * psi[k + h];
    ArmaLikelihood result;
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
            double sum = gamma[i - j];
            for (std::size_t k = 0; k < j; ++k) sum -= factor[i * n + k] * factor[j * n + k];
            factor[i * n + j] = i == j ? std::sqrt(sum) : sum / factor[j * n + j];
        }
        z[i] = w[i];
        for (std::size_t k = 0; k < i; ++k) z[i] -= factor[i * n + k] * z[k];
        z[i] /= factor[i * n + i];
        result.squares += z[i] * z[i], result.logarithm += 2 * std::log(factor[i * n + i]);
    }
    return result;
}

TEST(ArmaFilter, IsTheGaussianLikelihood) {
    std::vector<double> const near = {0.5, -0.3}, far = {0.6}, moving = {0.4, 0.7, -0.2}, none;
    for (Arma const &model : {Arma{none, none}, Arma{near, none}, Arma{none, moving}, Arma{near, moving},
                              Arma{times_seasonal(near, far, 7, -1), times_seasonal(moving, far, 7, 1)}}) {
        std::vector<double> const w = process(model, 60, 9);
        ArmaFilter filter;
        std::optional<ArmaLikelihood> const fast = filter.run(model, w, true);
        ArmaLikelihood const slow = dense(model, w);
        ASSERT_TRUE(fast);
        EXPECT_REL(fast->squares, slow.squares, 1e-9);
        EXPECT_REL(fast->logarithm, slow.logarithm, 1e-9);
        // The covariance of what comes next is the ratio of the next determinant to this one.
        std::vector<double> longer = w;
        longer.push_back(0);
        EXPECT_REL(filter.covariance()[0], std::exp(dense(model, longer).logarithm - slow.logarithm), 1e-9);
        longer.back() = filter.state()[0];  // the expected value adds nothing to the squares
        EXPECT_REL(dense(model, longer).squares, slow.squares, 1e-9);
    }
    EXPECT_FALSE(ArmaFilter().run({{1.2}, {}}, std::vector{1.0, 2.0}));
}

TEST(ArmaFilter, ConditionalErrorsAreTheRecursion) {
    std::vector<double> const w = {1, 4, 2, 8, 5};
    std::vector<double> work;
    double const e1 = 4 - 0.5 * 1, e2 = 2 - 0.5 * 4 - 0.3 * e1, e3 = 8 - 0.5 * 2 - 0.3 * e2,
                 e4 = 5 - 0.5 * 8 - 0.3 * e3;
    EXPECT_NEAR(conditional_variance({{0.5}, {0.3}}, w, work), (e1 * e1 + e2 * e2 + e3 * e3 + e4 * e4) / 4, 1e-12);
    EXPECT_TRUE(std::isinf(conditional_variance({{0.1, 0.1, 0.1, 0.1, 0.1}, {}}, w, work)));
    EXPECT_TRUE(std::isinf(conditional_variance({{}, {1e200}}, w, work)));
}

TEST(ArmaFilter, PartialAutocorrelationsAndRoots) {
    std::vector<double> const partial = {0.9, -0.5, 0.3, -0.99};
    EXPECT_ALL_REL(*partial_from_ar(ar_from_partial(partial)), partial, 1e-9);
    EXPECT_EQ(partial_from_ar(std::vector{0.5, 0.6}), std::nullopt);
    EXPECT_TRUE(roots_outside(std::vector{0.98}, 1.01));
    EXPECT_FALSE(roots_outside(std::vector{0.995}, 1.01));
    EXPECT_FALSE(roots_outside(std::vector{0.0, -0.995}, 1.01));  // a pair of complex roots
    EXPECT_TRUE(roots_outside({}, 1.01));
    EXPECT_EQ(times_seasonal(std::vector{0.5}, std::vector{0.2}, 3, -1), (std::vector{0.5, 0.0, 0.2, -0.1}));
}

TEST(ArmaFilter, InvertedMovingAveragesHaveTheSameAutocorrelations) {
    for (std::vector<double> const &ma : {std::vector{2.0}, {0.3, 4.0}, {-3.0, 2.5, 0.7}, {0.5, 0.0, 3.0, 0.0, 2.0}}) {
        std::vector<double> const turned = invertible(ma);
        std::vector<double> negative = turned;
        for (double &v : negative) v = -v;
        EXPECT_TRUE(roots_outside(negative, 1));
        auto const correlation = [](const std::vector<double> &of, std::size_t lag) {
            std::vector<double> all = of;
            all.insert(all.begin(), 1);
            return std::inner_product(all.begin() + static_cast<std::ptrdiff_t>(lag), all.end(), all.begin(), 0.0) /
                   std::inner_product(all.begin(), all.end(), all.begin(), 0.0);
        };
        for (std::size_t lag = 1; lag <= ma.size(); ++lag)
            EXPECT_NEAR(correlation(turned, lag), correlation(ma, lag), 1e-9);
    }
    EXPECT_EQ(invertible(std::vector{0.5, 0.2}), (std::vector{0.5, 0.2}));
    EXPECT_EQ(invertible(std::vector{0.0, 0.0}), (std::vector{0.0, 0.0}));
}

TEST(Arima, FindsWhatMadeTheSeries) {
    std::vector<double> const w = process({{0.7}, {0.4}}, 2000, 4);
    ArimaFit const fit = fit_arima(w, {.p = 1, .q = 1, .constant = true});
    EXPECT_NEAR(fit.ar[0], 0.7, 0.06);
    EXPECT_NEAR(fit.ma[0], 0.4, 0.08);
    EXPECT_NEAR(fit.mean, 0, 0.4);
    EXPECT_NEAR(fit.sigma, 1, 0.05);
    std::vector<double> walk = process({{0.2}, {}}, 300, 4);
    std::partial_sum(walk.begin(), walk.end(), walk.begin());
    EXPECT_EQ(auto_arima(walk, 1).order.d, 1);
}

TEST(Arima, ForecastsAreTheirFormulas) {
    std::vector<double> const y = {3, 5, 4, 6, 7, 6, 8};
    ArimaFit walk;
    walk.order = {.d = 1, .constant = true};
    walk.mean = 0.5, walk.sigma = 2;
    ModelForecast const straight = forecast_arima(walk, y, 9);
    ArimaFit memory;
    memory.order = {.p = 1, .constant = true};
    memory.ar = {0.6}, memory.mean = 5, memory.sigma = 2;
    ModelForecast const back = forecast_arima(memory, y, 9);
    ArimaFit weekly;
    weekly.order = {.seasonal_d = 1, .season = 3};
    weekly.sigma = 1;
    ModelForecast const repeated = forecast_arima(weekly, y, 9);
    for (int h = 1; h <= 9; ++h) {
        auto const i = static_cast<std::size_t>(h - 1);
        EXPECT_NEAR(straight.mean[i], 8 + 0.5 * h, 1e-12);
        EXPECT_NEAR(straight.deviation[i], 2 * std::sqrt(h), 1e-12);
        EXPECT_NEAR(back.mean[i], 5 + 3 * std::pow(0.6, h), 1e-12);
        EXPECT_NEAR(back.deviation[i], 2 * std::sqrt((1 - std::pow(0.36, h)) / (1 - 0.36)), 1e-12);
        EXPECT_NEAR(repeated.mean[i], y[4 + i % 3], 1e-12);
        EXPECT_NEAR(repeated.deviation[i], std::sqrt(1 + (h - 1) / 3), 1e-12);
    }
}

TEST(Arima, ScalesWithTheSeries) {
    std::vector<double> y = process({{0.5}, {}}, 120, 8);
    for (std::size_t t = 0; t < y.size(); ++t) y[t] += 50 + (t % 7 < 5 ? 6 : 0);
    ArimaFit const one = auto_arima(y, 7);
    ModelForecast const forecast = forecast_arima(one, y, 20);
    for (double factor : {0x1p-900, 0x1p900}) {
        std::vector<double> scaled = y;
        for (double &v : scaled) v *= factor;
        ArimaFit const other = auto_arima(scaled, 7);
        EXPECT_EQ(other.order, one.order);
        ModelForecast const its = forecast_arima(other, scaled, 20);
        for (std::size_t i = 0; i < 20; ++i) {
            EXPECT_EQ(its.mean[i], forecast.mean[i] * factor);
            EXPECT_EQ(its.deviation[i], forecast.deviation[i] * factor);
        }
    }
}

TEST(Arima, ShortConstantAndStraightSeries) {
    for (std::size_t n = 1; n < 40; ++n) {
        std::vector<double> const level(n, 4.0), noise = process({{}, {}}, n, n);
        std::vector<double> line(n);
        std::iota(line.begin(), line.end(), 1.0);
        for (int season : {1, 2, 7, 12}) {
            ModelForecast const still = forecast_arima(auto_arima(level, season), level, 3);
            EXPECT_EQ(still.mean, std::vector(3, 4.0));
            EXPECT_EQ(still.deviation, std::vector(3, 0.0));
            for (std::vector<double> const &y : {noise, line})
                for (double v : forecast_arima(auto_arima(y, season), y, 3).mean) EXPECT_TRUE(std::isfinite(v)) << n;
        }
        if (n > 12) {
            EXPECT_NEAR(forecast_arima(auto_arima(line, 1), line, 3).mean[2], static_cast<double>(n) + 3, 1e-6);
        }
    }
}

TEST(Arima, RefusesWhatItCannotFit) {
    std::vector<double> const y = {1, 3, 2, 5, 4, 6};
    EXPECT_THROW(auto_arima({}, 7), std::invalid_argument);
    EXPECT_THROW(auto_arima(y, 0), std::invalid_argument);
    EXPECT_THROW(auto_arima(std::vector{1.0, std::nan("")}, 1), std::invalid_argument);
    EXPECT_THROW(fit_arima(y, {.p = -1}), std::invalid_argument);
    EXPECT_THROW(fit_arima(y, {.p = 5}), std::invalid_argument);
    EXPECT_THROW(fit_arima(y, {.d = 2, .constant = true}), std::invalid_argument);
    EXPECT_THROW(forecast_arima(auto_arima(y, 1), y, 0), std::invalid_argument);
    struct Stopped {};
    EXPECT_THROW(auto_arima(process({{0.9}, {}}, 500, 1), 24, {}, [] { throw Stopped(); }), Stopped);
}

}  // namespace
}  // namespace analytics::core
