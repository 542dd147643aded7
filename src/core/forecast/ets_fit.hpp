#pragma once
// Maximum likelihood of one ETS model on a series of size about 1.
#include "core/forecast/ets_filter.hpp"

#include <optional>

namespace analytics::core::ets {

/// The optimum of a model. cost = -log likelihood; infinite where no start was possible.
struct Optimum {
    EtsModel model;
    EtsParameters parameters;
    States initial, last;
    double cost = 0, squares = 0;
};

/// Errors whose mean square is below this, with values of size about 1, are rounding: the fit is perfect.
inline constexpr double perfect = 1e-24;

/// Sums of one pass with perfect fits kept off log(0), and their -log likelihood.
double cost_of(Sums &sums, std::size_t n);

/// Fits models to one series; keeps what the fits share.
class Fitter {
  public:
    /// @param y  values of size about 1 (see core/series/scaling.hpp), m points per season (1: none), more points than
    /// m
    Fitter(std::span<const double> y, std::size_t m, const Stop &stop);

    /// @param simpler   the optimum of the same model without slope, or without damping: another place to start
    /// @param thorough  searches from both places, not only from the better one, and a hundred times closer
    Optimum fit(const EtsModel &, const Optimum *simpler = nullptr, bool thorough = false);

  private:
    struct Evaluation;
    std::span<const double> y_;
    std::size_t m_;
    const Stop &stop_;
    std::optional<States> start_[2][3];  // by slope and season
    Trace trace_;
    std::vector<double> errors_;

    const States &start(const EtsModel &);
    Optimum search(const EtsModel &, const std::vector<std::vector<double>> &places, double tolerance);
    Sums run(const EtsModel &, const EtsParameters &, States &);
    void guess_inverse_hessian(const EtsModel &, const std::vector<double> &x, std::vector<double> &h);
};

}  // namespace analytics::core::ets
