#include "core/forecast/ets.hpp"

#include "core/forecast/ets_result.hpp"
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

constexpr double infinity = std::numeric_limits<double>::infinity();

void check(int season) {
    if (season < 1) throw std::invalid_argument("a season must have at least one point");
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
            if (search == EtsSearch::full) consider(optimum, {f.relative, EtsTrend::additive, f.season});
            consider(optimum, {f.relative, EtsTrend::damped, f.season});
        }
        if (search == EtsSearch::damped && best_.model.trend == EtsTrend::damped) release();
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

    /// Gives the damped winner an undamped slope where that explains so much more that the series is nearly straight.
    void release() {
        EtsModel const model{best_.model.multiplicative_error, EtsTrend::additive, best_.model.season};
        Optimum optimum = fitter_.fit(model, &best_);
        double const aicc = ets::aicc_of(optimum.cost, n_, ets::parameter_count(model, m_));
        if (aicc < best_aicc_ - 5 - static_cast<double>(n_) / 2) best_ = std::move(optimum), best_aicc_ = aicc;
    }

    /// Fits the model from `simpler` if that is one, puts the optimum there, and returns its AICc.
    double consider(Optimum &simpler, const EtsModel &model) {
        std::size_t const k = ets::parameter_count(model, m_);
        bool const first = !std::isfinite(best_.cost);
        if (n_ < k + 2 && !first) return infinity;
        simpler = fitter_.fit(model, model.trend == EtsTrend::none ? nullptr : &simpler);
        double const aicc = ets::aicc_of(simpler.cost, n_, k);
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
    if (seasonal && !ets::season_fits(season, y.size()))
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
    if (!std::isfinite(optimum.cost)) throw std::domain_error("the model's forecasts pass through zero");
    return ets::finish(optimum, values, m, scale);
}

EtsFit auto_ets(std::span<const double> y, int season, const EtsOptions &options, const Stop &stop) {
    check(season);
    if (y.size() > options.most_points) y = y.last(std::max<std::size_t>(options.most_points, 1));
    double const scale = size_of(y);
    std::vector<double> const values = divided(y, scale);
    auto const [low, high] = std::minmax_element(values.begin(), values.end());
    bool const seasonal = ets::season_fits(season, y.size());
    std::size_t const m = seasonal ? static_cast<std::size_t>(season) : 1;
    if (*low == *high || y.size() < 3) return ets::finish(ets::level_only(values), values, 1, scale);
    Candidates candidates(values, m, *low > 0, options.search, stop);
    return ets::finish(candidates.best(), values, m, scale);
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
    return ets::finish(given, values, m, scale);
}

}  // namespace analytics::core
