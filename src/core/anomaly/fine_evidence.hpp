#pragma once
// What is added up into a score where there are many points a season.
#include "core/anomaly/evidence.hpp"
#include "core/anomaly/novelty.hpp"

#include <array>
#include <vector>

namespace analytics::core {

/// How rare, among those before, are: the deviation within 12, 24 and 48 points, too small a one within 96 and 288; the
/// total variation of 48, how little neighbours there resemble each other, its mean, high or low; the change of mean
/// between 24 points and the 24 before, and of 12 to the median of those 24, 48 and 72 points ago; the distance of 24
/// from a slow level (SlowLevel); the sequence of levels (Context); the shape of 16 (NearestShape); and a single drop.
/// All weigh the same: weights chosen on half of the developers' series did worse on their other half. But for the drop
/// none asks for the season: most fine series are long before three seasons of them are known. There is no score in the
/// first 192 points.
class FineEvidence {
  public:
    /// About 1 us. Memory: 160 kB.
    Evidence judge(const PointView &);

  private:
    static constexpr double allowance = 1.5, kept = 0.944;  // decades; a half-life of 12 points
    static constexpr std::size_t block = 48, blocks = 6;
    static constexpr std::size_t silent = 4 * block;  // points in which a quarter of all figures is new

    /// A detector: how rare a figure is, beyond the allowance, held.
    struct Rare {
        explicit Rare(double allowed = allowance) : held(1, allowed, kept) {}
        double add(double figure) { return held.add(tail.judge(figure)); }
        RareTail tail;
        Held held;
    };
    struct Moments {
        double mean = 0, squares = 0;  // squares: of the deviations from it
    };
    /// Standard deviation of the last n blocks.
    double deviation(std::size_t n) const;

    Rare deviation12_, deviation24_, deviation48_, variation48_, uneven48_, high48_, low48_, change24_,
        calm96_{allowance + 1}, calm288_{allowance + 1};
    std::vector<Moments> moments_;  // of the blocks that ended with each of the last 288 points
    std::size_t ended_ = 0, judged_ = 0;
    SlowLevel slow_;
    std::array<Context, 3> contexts_{Context{16, 5}, Context{8, 5}, Context{4, 12}};
    NearestShape shapes_;
    Change change12_;
    Calibrated drop_scale_;
    Held held_slow_{1, allowance, kept}, held_shape_{1, allowance, kept}, held_change_{1, allowance, kept},
        drop_{1, allowance + 0.5, kept};
    std::array<Held, 3> held_contexts_{Held{1, allowance, kept}, Held{1, allowance, kept}, Held{1, allowance, kept}};
};

}  // namespace analytics::core
