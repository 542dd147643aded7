#pragma once
// Whether what a series does now was ever seen in it: by the steps of its levels, and by short shapes.
#include "core/anomaly/rare_tail.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace analytics::core {

/// How surprising the last values are as a sequence of levels: the range seen so far is cut into 16, 8 and 4 levels,
/// and each next level is predicted from the three before it. The idea is that of contextual detectors (Smirnov 2016),
/// the prediction that of Markov models blended by escape (Moffat's PPM-C, 1990, with an escape of 1): what was never
/// followed by this costs decades. What shifts or scales the values changes nothing. About 0.1 us a value, 142 kB.
class Contexts {
  public:
    Contexts();
    /// -log10 of how rare the surprise of the last 5, 5 and 12 values is for 16, 8 and 4 levels, among that of before.
    std::array<double, 3> judge(double x);

  private:
    static constexpr std::size_t longest = 4;  // levels in a context and what follows it

    struct Resolution {
        std::size_t levels, width;                               // width: of the sum of surprises
        std::array<std::vector<std::uint16_t>, longest> seen{};  // occurrences of each sequence of 1 to 4 levels
        std::array<std::size_t, longest> last{};                 // the sequences that end with the newest level
        std::vector<double> surprises{};
        RareTail tail{};
    };
    double surprise(Resolution &, std::size_t level) const;

    double low_ = 0, high_ = 0;
    std::size_t count_ = 0;
    std::array<Resolution, 3> all_{{{16, 5}, {8, 5}, {4, 12}}};
};

/// How far the shape of the last 16 values is from the nearest of those before: 8 means of two values, less the mean of
/// all 16, compared with 32 such shapes, the last ones that do not overlap with it, one for each 4 values. The distance
/// to a nearest neighbour as in conformal detectors (Burnaev & Ishimtsev 2016). About 80 ns a value, 2 kB.
class NearestShape {
  public:
    /// -log10 of how rare the distance is among those of before. x: the newest values, oldest first; 0 for fewer
    /// than 16.
    double judge(std::span<const double> x);

  private:
    static constexpr std::size_t parts = 8, points = 16, every = 4, most = 32, least = 8;
    using Shape = std::array<float, parts>;

    double nearest(const Shape &) const;

    std::vector<Shape> kept_;
    std::size_t oldest_ = 0, count_ = 0;
    std::array<Shape, points / every> young_{};  // they overlap with the newest values
    std::size_t grown_ = 0;
    RareTail tail_;
};

/// How far values are from a slow level: an exponential one with a half-life of 60 points, which learns what is clipped
/// at 3.5 standard deviations.
class SlowLevel {
  public:
    /// -log10 of how rare the sum of the last 24 standardised deviations is among those of before. 60 ns.
    double judge(double x);

  private:
    static constexpr std::size_t points = 24;
    double level_ = 0, variance_ = 0;
    std::array<double, points> last_{};
    std::size_t count_ = 0;
    RareTail tail_;
};

}  // namespace analytics::core
