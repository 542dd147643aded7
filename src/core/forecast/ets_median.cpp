// The median of a few ETS models' forecasts.
#include "core/forecast/ets_result.hpp"
#include "core/series/scaling.hpp"
#include "core/statistics/robust.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace analytics::core {

ModelForecast forecast_ets_median(std::span<const double> y, int season, int horizon, const EtsOptions &options,
                                  const Stop &stop) {
    if (season < 1) throw std::invalid_argument("a season must have at least one point");
    if (y.size() > options.most_points) y = y.last(std::max<std::size_t>(options.most_points, 1));
    double const scale = size_of(y);
    std::vector<double> const values = divided(y, scale);
    auto const [low, high] = std::minmax_element(values.begin(), values.end());
    if (*low == *high || y.size() < 3)
        return forecast_ets(ets::finish(ets::level_only(values), values, 1, scale), horizon);

    bool const positive = *low > 0, seasonal = ets::season_fits(season, y.size());
    std::size_t const m = seasonal ? static_cast<std::size_t>(season) : 1, n = y.size();
    ets::Fitter fitter(values, m, stop);
    std::vector<ModelForecast> forecasts;
    auto const add = [&](EtsModel model, const ets::Optimum *simpler = nullptr) {
        ets::Optimum optimum;
        bool const enough = n >= ets::parameter_count(model, m) + 2;
        if ((enough || forecasts.empty()) && (positive || !model.multiplicative_error)) {
            optimum = fitter.fit(model, simpler);
            if (std::isfinite(optimum.cost))
                forecasts.push_back(forecast_ets(ets::finish(optimum, values, m, scale), horizon));
        }
        return optimum;
    };
    ets::Optimum const level = add({false, EtsTrend::none, EtsSeason::none});
    if (seasonal) {
        ets::Optimum const additive = add({false, EtsTrend::none, EtsSeason::additive});
        add({true, EtsTrend::none, EtsSeason::additive});
        add({true, EtsTrend::none, EtsSeason::multiplicative});
        add({false, EtsTrend::damped, EtsSeason::additive}, &additive);
    } else if (positive) {
        add({true, EtsTrend::none, EtsSeason::none});
        add({false, EtsTrend::damped, EtsSeason::none}, &level);
    }

    ModelForecast result;
    std::vector<double> at(forecasts.size());
    auto const middle = [&](std::vector<double> ModelForecast::*part, std::size_t step) {
        for (std::size_t i = 0; i < forecasts.size(); ++i) at[i] = (forecasts[i].*part)[step];
        return median(at);
    };
    for (std::size_t i = 0; i < static_cast<std::size_t>(horizon); ++i) {
        result.mean.push_back(middle(&ModelForecast::mean, i));
        result.deviation.push_back(middle(&ModelForecast::deviation, i));
    }
    return result;
}

}  // namespace analytics::core
