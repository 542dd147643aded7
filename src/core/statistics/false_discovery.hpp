#pragma once
// p-values of many tests at once, adjusted so that a limit on them holds for all together.
#include <span>
#include <vector>

namespace analytics::core {

// Each returns adjusted p-values in the order given: reject where they are at most alpha. A NaN (nothing to test) stays
// NaN and does not count as a test. Values outside [0, 1] throw std::invalid_argument. O(k log k). Checked against R's
// p.adjust.

/// q-values of Benjamini & Hochberg (1995): of what is reported at q <= alpha, at most alpha is false in the mean, when
/// the tests are independent or positively dependent.
std::vector<double> benjamini_hochberg(std::span<const double> p);

/// Benjamini & Yekutieli (2001): the same under any dependence, at the price of a factor of about ln k.
std::vector<double> benjamini_yekutieli(std::span<const double> p);

/// Holm (1979): the chance of any false report is at most alpha, under any dependence.
std::vector<double> holm(std::span<const double> p);

}  // namespace analytics::core
