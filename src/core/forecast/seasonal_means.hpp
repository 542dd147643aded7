#pragma once
// Seasonal figures (the shape of a week or of a day) of short and noisy series: robust means, shrunk to no season at
// all as far as they could be chance.
#include <cstdint>
#include <span>
#include <vector>

namespace analytics::core {

enum class SeasonKind : std::uint8_t { additive, multiplicative };
enum class SeasonCentre : std::uint8_t { clipped_mean, median };

struct SeasonOptions {
    SeasonKind kind = SeasonKind::additive;
    SeasonCentre centre = SeasonCentre::clipped_mean;  // of the deviations of one phase
    double decay = 0.9;                                // weight of a season against the one after it, (0, 1]
    double one_season = 0.8;                           // share believed of a pattern seen less than twice
};

/// The mean of the `width` values around each point; at the ends, of the first or last `width` values. All of them if
/// they are fewer. O(n).
std::vector<double> local_mean(std::span<const double> y, std::size_t width);

/// The figures of the phases 0 .. season - 1, where phase = index % season: deviations that sum to 0 (additive) or
/// factors with mean 1 (multiplicative).
///
/// Deviations from the local mean over one season are averaged per phase, values beyond 2.5 robust standard deviations
/// moved in, older seasons decayed. The averages are then multiplied by the James-Stein factor
/// max(0, 1 - noise / variance between the phases) (Miller & Williams 2003), noise from the spread within the phases.
/// Of less than two seasons the share `one_season` of the deviations is believed; of less than one, and for a season
/// of 1, there are no figures (0s or 1s). Multiplicative figures leave out points whose local mean is not positive.
/// @param y   finite values, oldest first
/// O(n) time and memory.
std::vector<double> seasonal_means(std::span<const double> y, std::size_t season, const SeasonOptions &);

/// y without its figures: y - figure, or y / figure (y itself where the figure is next to nothing).
std::vector<double> deseasonalise(std::span<const double> y, std::span<const double> figures, SeasonKind);

}  // namespace analytics::core
