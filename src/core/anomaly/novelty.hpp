#pragma once
// Whether what a series does now was ever seen in it: by the steps of its levels, and by short shapes.
#include "core/anomaly/rare_tail.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace analytics::core {

/// How surprising the last values are as a sequence of levels: the range seen so far is cut into levels, and each next
/// one is predicted from the three before it. The idea is that of contextual detectors (Smirnov 2016), the prediction
/// that of Markov models blended by escape (Moffat's PPM-C, 1990, with an escape of 1): what was never followed by this
/// costs decades. What shifts or scales the values changes nothing. About 40 ns a value; levels^4 numbers of two bytes.
class Context {
  public:
    /// @param levels  1 to 16
    /// @param width   values whose surprises are added up
    Context(std::size_t levels, std::size_t width);
    /// -log10 of how rare the surprise of the last `width` values is among that of before.
    double judge(double x);

  private:
    static constexpr std::size_t longest = 4;  // levels in a context and what follows it

    double surprise(std::size_t level);

    std::size_t levels_;
    std::array<std::vector<std::uint16_t>, longest> seen_;  // occurrences of each sequence of 1 to 4 levels
    std::array<std::size_t, longest> last_{};               // the sequences that end with the newest level
    std::vector<double> surprises_;
    double low_ = 0, high_ = 0;
    std::size_t count_ = 0;
    RareTail tail_;
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

/// How far the sum of the last 12 values is from that of the medians of what was 24, 48 and 72 points before each.
class Change {
  public:
    /// -log10 of how rare the distance is among those of before. x: the newest values, oldest first; 0 for fewer
    /// than 84. 60 ns.
    double judge(std::span<const double> x);

  private:
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
