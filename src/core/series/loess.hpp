#pragma once
// Locally weighted regression on equally spaced points, as Cleveland's STL uses it.
//
// Cleveland (1979), Journal of the American Statistical Association 74; Cleveland, Cleveland, McRae & Terpenning
// (1990), Journal of Official Statistics 6(1).
#include "core/statistics/stop.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace analytics::core {

/// How a loess curve is drawn.
struct Loess {
    std::size_t window = 7;  // points that a value is fitted to, odd; more than there are widens the weights further
    int degree = 1;          // of the local polynomial: 0 or 1
    std::size_t jump = 1;    // fitted at every jump-th point, straight lines between
};

/// Smooths one series after the other, keeping its working space.
class LoessSmoother {
  public:
    explicit LoessSmoother(const Stop &stop) : stop_(stop) {}

    /// The curve at the points 1 to n of y, n = y.size() = smooth.size(). O(n * window / jump).
    /// @param weights  robustness weights, one for each point, or none
    void smooth(std::span<const double> y, const Loess &, std::span<const double> weights, std::span<double> smooth);

    /// The same, and `curve`, with n + 2 elements, begins at point 0 and ends at n + 1.
    void smooth_beyond(std::span<const double> y, const Loess &, std::span<const double> weights,
                       std::span<double> curve);

  private:
    bool fit(std::span<const double> y, const Loess &, std::span<const double> weights, double at, std::size_t left,
             std::size_t right, double &value);

    const Stop &stop_;
    std::vector<double> local_;  // weights of a fit
    std::size_t work_ = 0;       // since Stop was called
};

}  // namespace analytics::core
