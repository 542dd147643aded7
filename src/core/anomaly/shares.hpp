#pragma once
// Whether shares (of orders that are fulfilled, say) are lower than the same shares used to be.
#include <span>
#include <vector>

namespace analytics::core {

/// So many hits among so many trials.
struct Share {
    double hits = 0, trials = 0;
};

struct ShareJudgement {
    double expected = 0, lower = 0, upper = 0;  // shares; the band holds 95 %
    double p_value = 1;                         // of a share as low as this one; NaN where nothing can be said
};

/// Judges each share by its own past: `past[k][i]` is what `now[i]` was on an earlier occasion. Shares vary more than
/// coin tosses from one occasion to the next: by a factor that is estimated from the past of all of them together
/// (Pearson's chi-squared over its degrees of freedom, at least 1; McCullagh & Nelder 1989, 4.5), whence Student's t
/// with these degrees. With 20 trials in the past at least, of at least two occasions.
/// @throws std::invalid_argument when the sizes differ, or hits are not between 0 and trials
std::vector<ShareJudgement> judge_shares(std::span<const Share> now, std::span<const std::vector<Share>> past);

}  // namespace analytics::core
