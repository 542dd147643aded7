#pragma once
// Figures that a few wild values do not move.
#include <span>
#include <vector>

namespace analytics::core {

// All of them: x finite, in any order, not changed; an empty x throws std::invalid_argument. O(n) on average.

/// The middle value; of an even number, the mean of the two.
double median(std::span<const double> x);

/// The same, and x is left in another order: for callers that made x for this.
double median_in_place(std::span<double> x);

/// The p-quantile, 0 <= p <= 1, interpolated between order statistics at p * (n - 1): type 7 of Hyndman & Fan (1996),
/// the default of R and numpy. p outside throws std::invalid_argument.
double quantile7(std::span<const double> x, double p);
double quantile7_in_place(std::span<double> x, double p);

/// The same of an x that is sorted. O(1).
double quantile7_sorted(std::span<const double> x, double p);

/// Median absolute deviation from the median, times 1.4826: the standard deviation where x is normal.
double mad(std::span<const double> x);

/// The same about a given centre.
double mad_about(std::span<const double> x, double centre);

/// The mean without the floor(n * share) smallest and as many of the largest values, 0 <= share < 0.5; O(n log n).
double trimmed_mean(std::span<const double> x, double share);

/// The mean of x with what lies beyond centre +- reach moved there (Huber's one-step mean when centre is the median).
double clipped_mean(std::span<const double> x, double centre, double reach);

/// The mean, without overflow for values up to the largest double, by pairwise sums.
double mean(std::span<const double> x);

}  // namespace analytics::core
