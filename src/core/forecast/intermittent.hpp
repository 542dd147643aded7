#pragma once
// Demand with many zeros: how often it comes, how large it is, and what that makes per period.
//
// Croston (1972), Operational Research Quarterly 23; Syntetos & Boylan (2005), International Journal of Forecasting 21
// (SBA); Syntetos, Boylan & Croston (2005), Journal of the Operational Research Society 56 (kinds); Teunter, Syntetos &
// Babai (2011), European Journal of Operational Research 214 (TSB); Nikolopoulos et al. (2011), Journal of the
// Operational Research Society 62 (ADIDA). Checked against these formulas in test/golden/intermittent.json and R's
// croston (misc.json).
#include <cstdint>
#include <span>

namespace analytics::core {

/// The same forecast for every period to come.
struct DemandRate {
    double rate = 0;         // expected demand per period, in the units of the series
    double probability = 0;  // that a period has demand
    double size = 0;         // expected demand of a period that has some
    double deviation = 0;    // standard error of a period's demand, from probability and the sizes seen
};

/// The p-quantile, 0 < p < 1, of a period's demand: nothing where there is none, else a gamma distribution with the
/// mean and the variance of the sizes.
double demand_quantile(const DemandRate &, double p);

// All of them: y at equal steps, finite, not negative, oldest first; at least 1 value, else std::invalid_argument.
// Zeros only give zeros. alpha, beta in (0, 1]. O(n).

/// Sizes and intervals between demands, smoothed apart; the first interval counts from before the first point.
DemandRate croston(std::span<const double> y, double alpha = 0.1);

/// Croston's rate without its bias: times 1 - alpha / 2.
DemandRate sba(std::span<const double> y, double alpha = 0.1);

/// Sizes smoothed with alpha, the probability of demand with beta in every period: falls while no demand comes, so that
/// what has ended is forecast to end.
DemandRate tsb(std::span<const double> y, double alpha = 0.1, double beta = 0.1);

/// Sums over blocks as long as the mean interval, smoothed, spread over the block. The oldest points that fill no block
/// are left out.
DemandRate adida(std::span<const double> y, double alpha = 0.1);

enum class DemandKind : std::uint8_t { smooth, erratic, intermittent, lumpy };

struct DemandPattern {
    double interval = 0;  // mean periods from demand to demand; 0 without any
    double cv2 = 0;       // squared coefficient of variation of the sizes
    DemandKind kind = DemandKind::smooth;
    bool ending = false;  // no demand for more than three mean intervals and as many as 4 periods
};

/// Intermittent from a mean interval of 1.32 on, erratic from a cv2 of .49 on, lumpy if both.
DemandPattern demand_pattern(std::span<const double> y);

/// The method its pattern asks for: TSB where demand is ending, SBA where it is intermittent or lumpy, else Croston's
/// (which is simple exponential smoothing if every period has demand).
DemandRate intermittent_demand(std::span<const double> y, double alpha = 0.1);

}  // namespace analytics::core
