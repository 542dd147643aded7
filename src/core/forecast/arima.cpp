#include "core/forecast/arima.hpp"

#include "core/forecast/arima_fit.hpp"
#include "core/series/scaling.hpp"
#include "core/series/unit_root.hpp"
#include "core/statistics/robust.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace analytics::core {

namespace {

constexpr int longest_season = 350;  // as in R
constexpr double infinity = std::numeric_limits<double>::infinity();

bool constant(std::span<const double> w) {
    return std::all_of(w.begin(), w.end(), [&](double v) { return v == w.front(); });
}

// Per step of the series, not of its differences over a season.
double per_step(const ArimaOrder &order) { return order.seasonal_d > 0 ? order.season : 1; }

ArimaFit finished(const arima::Estimate &estimate, double scale, std::size_t points) {
    const ArimaOrder &o = estimate.order;
    ArimaFit fit;
    fit.order = o;
    auto from = estimate.parameters.begin();
    for (auto [to, count] : {std::pair(&fit.ar, o.p), std::pair(&fit.ma, o.q),
                             std::pair(&fit.seasonal_ar, o.seasonal_p), std::pair(&fit.seasonal_ma, o.seasonal_q)}) {
        to->assign(from, from + count);
        from += count;
    }
    if (o.constant) fit.mean = estimate.parameters.back() / per_step(o) * scale;
    fit.sigma = std::sqrt(estimate.variance) * scale;
    double const shift = static_cast<double>(points) * std::log(scale);
    fit.log_likelihood = estimate.log_likelihood - shift;
    fit.aicc = estimate.aicc + 2 * shift;
    return fit;
}

// Nothing is left to model: only what is added each step.
ArimaFit unchanging(ArimaOrder order, std::span<const double> w, double scale) {
    order.constant = order.d + order.seasonal_d <= 1;
    ArimaFit fit;
    fit.order = order;
    if (order.constant && !w.empty()) fit.mean = w.front() / per_step(order) * scale;
    fit.log_likelihood = infinity, fit.aicc = -infinity;
    return fit;
}

// The walk from model to better model.
class Search {
  public:
    Search(std::vector<double> w, const ArimaOrder &differences, std::size_t points, bool exact, const Stop &stop)
        : estimator_(std::move(w), stop), at_(differences), exact_(exact) {
        int const third = static_cast<int>(points / 3), season = differences.season;
        most_p_ = std::min(5, third), most_seasonal_ = season > 1 ? std::min(2, third / season) : 0;
        if (season > 1) {
            most_p_ = most_seasonal_ > 0 ? std::min(most_p_, season - 1) : most_p_;
        }
        may_be_constant_ = differences.d + differences.seasonal_d <= 1;
    }

    arima::Estimate best() {
        start();
        while (step()) {
        }
        std::stable_sort(seen_.begin(), seen_.end(), [](const auto &a, const auto &b) { return a.aicc < b.aicc; });
        for (const Seen &s : seen_) {
            if (!std::isfinite(s.aicc)) break;
            if (auto const exact = estimator_.exactly(s.order, infinity);
                exact && exact->sound && std::isfinite(exact->aicc))
                return *exact;
        }
        ArimaOrder plain = at_;
        plain.p = plain.q = plain.seasonal_p = plain.seasonal_q = 0, plain.constant = may_be_constant_;
        if (auto const exact = estimator_.exactly(plain, -infinity)) return *exact;
        plain.constant = false;
        return estimator_.exactly(plain, -infinity).value_or(arima::Estimate{plain, {}});
    }

  private:
    struct Seen {
        ArimaOrder order;
        double aicc;
    };

    ArimaOrder with(int p, int q, int seasonal_p, int seasonal_q, bool constant) const {
        ArimaOrder o = at_;
        o.p = p, o.q = q, o.seasonal_p = seasonal_p, o.seasonal_q = seasonal_q, o.constant = constant;
        return o;
    }

    // Goes there if it is better; never a second time.
    bool try_order(const ArimaOrder &o) {
        if (o.p < 0 || o.q < 0 || o.seasonal_p < 0 || o.seasonal_q < 0 || o.p > most_p_ || o.q > most_p_ ||
            o.seasonal_p > most_seasonal_ || o.seasonal_q > most_seasonal_)
            return false;
        for (const Seen &s : seen_)
            if (s.order == o) return false;
        auto const found = exact_ ? estimator_.exactly(o, aicc_) : estimator_.by_least_squares(o, aicc_);
        bool const ruled_out = !found || (found->aicc < aicc_ && !found->sound);
        double aicc = infinity;
        if (!ruled_out) aicc = found->aicc;
        seen_.push_back({o, aicc});
        if (!(aicc < aicc_) && seen_.size() > 1) return false;
        at_ = o, aicc_ = aicc;
        return true;
    }

    void start() {
        bool const c = may_be_constant_;
        int const seasonal = std::min(1, most_seasonal_), one = std::min(1, most_p_);
        try_order(with(std::min(2, most_p_), std::min(2, most_p_), seasonal, seasonal, c));
        try_order(with(0, 0, 0, 0, c));
        try_order(with(one, 0, seasonal, 0, c));
        try_order(with(0, one, 0, seasonal, c));
        if (c) try_order(with(0, 0, 0, 0, false));
    }

    // One better neighbour, the seasonal orders changed first, alone before together.
    bool step() {
        constexpr std::array<std::array<int, 2>, 8> moves = {
            {{-1, 0}, {0, -1}, {1, 0}, {0, 1}, {-1, -1}, {-1, 1}, {1, -1}, {1, 1}}};
        constexpr std::size_t most_models = 94;
        auto const [p, q, P, Q, c] = std::tuple(at_.p, at_.q, at_.seasonal_p, at_.seasonal_q, at_.constant);
        for (auto [a, b] : moves)
            if (seen_.size() < most_models && try_order(with(p, q, P + a, Q + b, c))) return true;
        for (auto [a, b] : moves)
            if (seen_.size() < most_models && try_order(with(p + a, q + b, P, Q, c))) return true;
        return may_be_constant_ && seen_.size() < most_models && try_order(with(p, q, P, Q, !c));
    }

    arima::Estimator estimator_;
    ArimaOrder at_;
    bool exact_;
    int most_p_ = 0, most_seasonal_ = 0;
    bool may_be_constant_ = false;
    double aicc_ = infinity;
    std::vector<Seen> seen_;
};

}  // namespace

ArimaFit auto_arima(std::span<const double> y, int season, const ArimaOptions &options, const Stop &stop) {
    if (season < 1) throw std::invalid_argument("the season must be at least 1 point");
    double const scale = size_of(y);
    std::vector<double> const values = divided(y.last(std::min(y.size(), options.most_points)), scale);
    ArimaOrder order;
    order.season = season <= longest_season ? season : 1;
    if (constant(values)) return unchanging(order, values, scale);
    if (order.season > 1 && needs_seasonal_difference(values, order.season, stop)) order.seasonal_d = 1;
    std::vector<double> w = arima::differenced(values, order);
    if (order.seasonal_d > 0 && constant(w)) return unchanging(order, w, scale);
    order.d = first_differences(w);
    w = arima::differenced(values, order);
    if (constant(w)) return unchanging(order, w, scale);
    std::size_t const n = values.size(), left = w.size();
    bool const exact = n <= 3 || (n <= options.exact_points && order.season <= 12);
    return finished(Search(std::move(w), order, n, exact, stop).best(), scale, left);
}

ArimaFit fit_arima(std::span<const double> y, const ArimaOrder &order, const Stop &stop) {
    if (order.p < 0 || order.d < 0 || order.q < 0 || order.seasonal_p < 0 || order.seasonal_d < 0 ||
        order.seasonal_q < 0 || order.season < 1)
        throw std::invalid_argument("orders must not be negative, and a season has at least 1 point");
    if (order.constant && order.d + order.seasonal_d > 1)
        throw std::invalid_argument("a model that differences twice has no constant");
    auto const lags = static_cast<std::size_t>(order.p + order.season * order.seasonal_p);
    if (y.size() < order.lost() + lags + static_cast<std::size_t>(order.parameters()) + 1)
        throw std::invalid_argument("too few points for the model");
    double const scale = size_of(y);
    std::vector<double> w = arima::differenced(divided(y, scale), order);
    if (constant(w)) return unchanging(order, w, scale);
    std::size_t const left = w.size();
    auto const estimate = arima::Estimator(std::move(w), stop).exactly(order, -infinity);
    if (!estimate) throw std::domain_error("no stationary model of these orders was found");
    return finished(*estimate, scale, left);
}

ModelForecast forecast_arima(const ArimaFit &fit, std::span<const double> y, int horizon, const Stop &stop) {
    if (horizon < 1 || horizon > 10'000) throw std::invalid_argument("the horizon must be 1 to 10,000 steps");
    const ArimaOrder &o = fit.order;
    double const scale = size_of(y), drift = fit.mean * per_step(o) / scale;
    std::vector<double> const values = divided(y, scale);
    std::vector<double> w = arima::differenced(values, o);
    for (double &v : w) v -= drift;
    std::vector<double> parameters;
    for (const auto *const some : {&fit.ar, &fit.ma, &fit.seasonal_ar, &fit.seasonal_ma})
        parameters.insert(parameters.end(), some->begin(), some->end());
    Arma const model = arima::expand(o, parameters);
    ArmaFilter filter;
    if (!filter.run(model, w, true)) throw std::domain_error("the model is not stationary");
    std::span<const double> const state = filter.state(), covariance = filter.covariance();
    std::size_t const r = state.size(), steps = static_cast<std::size_t>(horizon), n = values.size();

    // What differencing takes away: (1 - B)^d (1 - B^season)^D as a sum of earlier values.
    std::vector<double> sums(o.lost());
    {
        std::vector<double> polynomial = {1};
        auto const multiply = [&](std::size_t lag) {
            polynomial.resize(polynomial.size() + lag);
            for (std::size_t i = polynomial.size(); i-- > lag;) polynomial[i] -= polynomial[i - lag];
        };
        for (int i = 0; i < o.d; ++i) multiply(1);
        for (int i = 0; i < o.seasonal_d; ++i) multiply(static_cast<std::size_t>(o.season));
        for (std::size_t k = 0; k < sums.size(); ++k) sums[k] = -polynomial[k + 1];
    }
    auto const coefficient = [](const std::vector<double> &of, std::size_t i) { return i < of.size() ? of[i] : 0.0; };

    // The state runs on by itself. An error of it reaches step k through `reach`, one of e through the weights psi.
    std::vector<double> now(state.begin(), state.end()), row(r), level = values, psi(steps);
    std::vector<std::vector<double>> reaches;
    std::vector<double> excess(covariance.begin(), covariance.end());  // beyond that of the first error to come
    double most = 0;
    for (std::size_t i = 0; i < r; ++i)
        for (std::size_t k = 0; k < r; ++k) {
            double const own =
                (i == 0 ? 1 : coefficient(model.ma, i - 1)) * (k == 0 ? 1 : coefficient(model.ma, k - 1));
            excess[i * r + k] -= own;
            most = std::max(most, std::abs(excess[i * r + k]));
        }
    bool const settled = most < 1e-9;
    row[0] = 1;
    ModelForecast forecast;
    double squares = 0;
    constexpr double largest = std::numeric_limits<double>::max();
    for (std::size_t h = 0; h < steps; ++h) {
        if (stop) stop();
        double next = now[0] + drift;
        for (std::size_t k = 0; k < sums.size(); ++k) next += sums[k] * level[n + h - 1 - k];
        level.push_back(next);
        double const first = now[0];
        for (std::size_t i = 0; i < r; ++i) now[i] = coefficient(model.ar, i) * first + (i + 1 < r ? now[i + 1] : 0);

        psi[h] = h == 0 ? 1 : coefficient(model.ma, h - 1);
        for (std::size_t k = 0; k < std::min(h, model.ar.size()); ++k) psi[h] += model.ar[k] * psi[h - 1 - k];
        forecast.mean.push_back(std::clamp(next * scale, -largest, largest));
        double variance = 0;
        if (!settled) {
            std::vector<double> &reach = reaches.emplace_back(row);
            for (std::size_t k = 0; k < std::min(h, sums.size()); ++k)
                if (sums[k] != 0)
                    for (std::size_t i = 0; i < r; ++i) reach[i] += sums[k] * reaches[h - 1 - k][i];
            for (std::size_t i = 0; i < r; ++i)
                for (std::size_t k = 0; k < r; ++k) variance += reach[i] * excess[i * r + k] * reach[k];
            double sum = 0;
            for (std::size_t i = 0; i < model.ar.size(); ++i) sum += row[i] * model.ar[i];
            std::rotate(row.begin(), row.end() - 1, row.end());
            row[0] = sum;
        }
        forecast.deviation.push_back(variance);
    }
    std::vector<double> total = psi;
    for (std::size_t h = 0; h < steps; ++h) {
        for (std::size_t k = 0; k < std::min(h, sums.size()); ++k) total[h] += sums[k] * total[h - 1 - k];
        squares += total[h] * total[h];
        forecast.deviation[h] =
            std::min(fit.sigma * std::sqrt(std::max(0.0, forecast.deviation[h] + squares)), largest);
    }
    return forecast;
}

}  // namespace analytics::core
