#include "core/forecast/ets.hpp"

#include "core/forecast/ets_fit.hpp"
#include "core/series/scaling.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace analytics::core {
namespace {

using ets::Fitter;
using ets::Optimum;
using ets::States;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int longest_season = 24;
constexpr double most_alpha = 0.9999;

std::size_t parameter_count(const EtsModel &model, std::size_t m) {  // with the variance, as R counts
    return 3 + (model.trend == EtsTrend::none ? 0 : 2) + (model.trend == EtsTrend::damped ? 1 : 0) +
           (model.season == EtsSeason::none ? 0 : m);
}

double aicc_of(double cost, std::size_t n, std::size_t k) {
    if (n < k + 2) return infinity;
    auto const points = static_cast<double>(n), count = static_cast<double>(k);
    return 2 * cost + 2 * count + 2 * count * (count + 1) / (points - count - 1);
}

/// What of the season belongs to the level: an additive season is to sum to nothing, factors to have mean 1.
double surplus(const States &states, EtsSeason season) {
    double sum = 0;
    for (double const s : states.season) sum += s;
    if (season == EtsSeason::none) return 0;
    return sum / static_cast<double>(states.season.size());
}

/// The state with `moved` put from the season into level and slope, which changes no forecast; units restored.
EtsState public_state(const States &states, std::size_t first, EtsSeason season, double moved, double scale) {
    bool const factors = season == EtsSeason::multiplicative;
    double const unit = factors ? scale * moved : scale;
    EtsState result{(factors ? states.level * moved : states.level + moved) * scale, states.slope * unit, {}};
    std::size_t const m = states.season.size();
    for (std::size_t i = 0; i < m; ++i) {
        double const s = states.season[(first + i) % m];
        result.season.push_back(factors ? s / moved : (s - moved) * scale);
    }
    return result;
}

EtsFit finish(const Optimum &optimum, std::span<const double> y, std::size_t m, double scale) {
    EtsFit fit;
    std::size_t const n = y.size();
    fit.model = optimum.model;
    fit.season = optimum.model.season == EtsSeason::none ? 1 : static_cast<int>(m);
    fit.parameters = optimum.parameters;
    double const moved = surplus(optimum.initial, optimum.model.season);
    fit.initial = public_state(optimum.initial, 0, optimum.model.season, moved, scale);
    fit.last = public_state(optimum.last, n, optimum.model.season, moved, scale);
    fit.n = n;
    auto const count = static_cast<double>(n);
    double const cost = optimum.cost + count * std::log(scale);
    std::size_t const k = parameter_count(optimum.model, m);
    fit.log_likelihood = -cost;
    fit.aicc = aicc_of(cost, n, k);
    double const squares = optimum.squares <= count * ets::perfect ? 0.0 : optimum.squares;
    double const variance = squares / (n > k - 1 ? count - static_cast<double>(k - 1) : 1.0);
    fit.sigma = std::sqrt(variance) * (optimum.model.multiplicative_error ? 1 : scale);
    auto const [low, high] = std::minmax_element(y.begin(), y.end());
    fit.range = std::min((*high - *low) * scale, std::numeric_limits<double>::max());
    return fit;
}

void check(int season) {
    if (season < 1) throw std::invalid_argument("a season must have at least one point");
}

/// The only model for a constant series and for one or two points: the newest value goes on.
Optimum level_only(std::span<const double> y) {
    Optimum optimum{EtsModel{}, {most_alpha, 0, 0, 1}, {y[0], 0, {}}, {y[0], 0, {}}, 0, 0};
    for (double const v : y) {
        double const e = v - optimum.last.level;
        optimum.squares += e * e;
        optimum.last.level += most_alpha * e;
    }
    ets::Sums sums{optimum.squares, 0};
    optimum.cost = ets::cost_of(sums, y.size());
    return optimum;
}

/// Fits one model after the other, those without slope first, and keeps the best by AICc.
class Candidates {
  public:
    Candidates(std::span<const double> y, std::size_t m, bool positive, EtsSearch search, const Stop &stop)
        : fitter_(y, m, stop), n_(y.size()), m_(m) {
        std::vector<Family> families;
        for (EtsSeason const season : {EtsSeason::none, EtsSeason::additive, EtsSeason::multiplicative})
            for (bool const relative : {false, true}) {
                if (season != EtsSeason::none && m < 2) continue;
                if (season == EtsSeason::multiplicative && !relative) continue;
                if (relative && (!positive || (search == EtsSearch::quick && season != EtsSeason::multiplicative)))
                    continue;
                families.push_back({relative, season, {}, infinity});
            }
        for (Family &f : families) f.aicc = consider(f.flat = {}, {f.relative, EtsTrend::none, f.season});
        double const limit = best_aicc_ + hopeless;
        for (Family const &f : families) {
            if (search != EtsSearch::full && f.aicc > limit) continue;
            if (search == EtsSearch::quick && f.relative) continue;
            Optimum optimum = f.flat;
            if (search != EtsSearch::quick) consider(optimum, {f.relative, EtsTrend::additive, f.season});
            consider(optimum, {f.relative, EtsTrend::damped, f.season});
        }
    }
    const Optimum &best() const { return best_; }

  private:
    struct Family {  // models with the same errors and season
        bool relative;
        EtsSeason season;
        Optimum flat;  // without slope
        double aicc;
    };

    /// A family whose model without slope is this far behind the best without slope is not tried with one.
    static constexpr double hopeless = 20;

    Fitter fitter_;
    std::size_t n_, m_;
    Optimum best_{{}, {}, {}, {}, infinity, infinity};
    double best_aicc_ = infinity;

    /// Fits the model from `simpler` if that is one, puts the optimum there, and returns its AICc.
    double consider(Optimum &simpler, const EtsModel &model) {
        std::size_t const k = parameter_count(model, m_);
        bool const first = !std::isfinite(best_.cost);
        if (n_ < k + 2 && !first) return infinity;
        simpler = fitter_.fit(model, model.trend == EtsTrend::none ? nullptr : &simpler);
        double const aicc = aicc_of(simpler.cost, n_, k);
        if (aicc < best_aicc_ || first) best_ = simpler, best_aicc_ = aicc;
        return aicc;
    }
};

}  // namespace

std::string EtsModel::name() const {
    static constexpr std::array trends = {"N", "A", "Ad"};
    static constexpr std::array seasons = {"N", "A", "M"};
    return std::string("ETS(") + (multiplicative_error ? "M" : "A") + "," + trends[static_cast<std::size_t>(trend)] +
           "," + seasons[static_cast<std::size_t>(season)] + ")";
}

std::optional<EtsModel> parse_ets(std::string_view letters) {
    EtsModel model;
    if (letters.size() < 3 || letters.size() > 4 || (letters.size() == 4 && letters[2] != 'd')) return std::nullopt;
    if (letters[0] != 'A' && letters[0] != 'M') return std::nullopt;
    model.multiplicative_error = letters[0] == 'M';
    bool const damped = letters.size() == 4;
    if (letters[1] == 'A') model.trend = damped ? EtsTrend::damped : EtsTrend::additive;
    else if (letters[1] != 'N' || damped) return std::nullopt;
    if (letters.back() == 'A') model.season = EtsSeason::additive;
    else if (letters.back() == 'M') model.season = EtsSeason::multiplicative;
    else if (letters.back() != 'N') return std::nullopt;
    if (model.season == EtsSeason::multiplicative && !model.multiplicative_error) return std::nullopt;
    return model;
}

EtsFit fit_ets(std::span<const double> y, int season, EtsModel model, const Stop &stop) {
    check(season);
    double const scale = size_of(y);
    bool const seasonal = model.season != EtsSeason::none;
    if (seasonal && (season < 2 || season > longest_season || y.size() <= static_cast<std::size_t>(season)))
        throw std::invalid_argument("a season in ets needs 2 to 24 points and a longer series");
    if (model.season == EtsSeason::multiplicative && !model.multiplicative_error)
        throw std::invalid_argument("a multiplicative season needs multiplicative errors");
    if (model.multiplicative_error && *std::min_element(y.begin(), y.end()) <= 0)
        throw std::invalid_argument("a multiplicative model needs positive values");
    std::vector<double> const values = divided(y, scale);
    std::size_t const m = seasonal ? static_cast<std::size_t>(season) : 1;
    Fitter fitter(values, m, stop);
    Optimum optimum = fitter.fit({model.multiplicative_error, EtsTrend::none, model.season});
    for (EtsTrend const trend : {EtsTrend::additive, EtsTrend::damped})
        if (trend <= model.trend)
            optimum = fitter.fit({model.multiplicative_error, trend, model.season}, &optimum, true);
    return finish(optimum, values, m, scale);
}

EtsFit auto_ets(std::span<const double> y, int season, const EtsOptions &options, const Stop &stop) {
    check(season);
    if (y.size() > options.most_points) y = y.last(std::max<std::size_t>(options.most_points, 1));
    double const scale = size_of(y);
    std::vector<double> const values = divided(y, scale);
    auto const [low, high] = std::minmax_element(values.begin(), values.end());
    bool const seasonal = season > 1 && season <= longest_season && y.size() > static_cast<std::size_t>(season);
    std::size_t const m = seasonal ? static_cast<std::size_t>(season) : 1;
    if (*low == *high || y.size() < 3) return finish(level_only(values), values, 1, scale);
    Candidates candidates(values, m, *low > 0, options.search, stop);
    return finish(candidates.best(), values, m, scale);
}

EtsFit filter_ets(std::span<const double> y, int season, EtsModel model, const EtsParameters &parameters,
                  const EtsState &initial, std::vector<double> *fitted) {
    check(season);
    bool const factors = model.season == EtsSeason::multiplicative;
    std::size_t const m = model.season == EtsSeason::none ? 1 : static_cast<std::size_t>(season);
    if (initial.season.size() != (model.season == EtsSeason::none ? 0 : m))
        throw std::invalid_argument("the initial state does not have the model's season");
    double const scale = size_of(y);
    std::vector<double> const values = divided(y, scale);
    Optimum given{model, parameters, {initial.level / scale, initial.slope / scale, initial.season}, {}, 0, 0};
    if (!factors)
        for (double &s : given.initial.season) s /= scale;
    given.last = given.initial;
    ets::Trace trace;
    trace.resize(y.size());
    ets::Sums sums = ets::with_model(model, [&]<bool error, bool trend, EtsSeason kind>() {
        return ets::forward<error, trend, kind>(values, parameters, given.last, trace);
    });
    given.cost = ets::cost_of(sums, y.size());
    given.squares = sums.squares;
    if (!std::isfinite(given.cost)) throw std::domain_error("the model's forecasts pass through zero");
    if (fitted != nullptr) {
        fitted->clear();
        for (std::size_t t = 0; t < y.size(); ++t) fitted->push_back((values[t] - trace.error[t]) * scale);
    }
    return finish(given, values, m, scale);
}

}  // namespace analytics::core
