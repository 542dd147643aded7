#pragma once
// How rare a figure is among those seen before it, without storing them.
#include <array>

namespace analytics::core {

/// A running quantile in constant memory: the P-square algorithm of Jain & Chlamtac (1985). About 20 ns a value.
class RunningQuantile {
  public:
    explicit RunningQuantile(double p) : p_(p) {}
    void add(double x);
    /// Of fewer than five values the largest, of none 0.
    double value() const;

  private:
    double p_;
    int held_ = 0;
    std::array<double, 5> height_{}, position_{}, wanted_{};
};

/// The tail of a stream of figures, to say how far out a new one is: peaks over the running 98 % quantile as a
/// generalised Pareto (Siffer et al. 2017, SPOT), its shape by moments, shrunk to 0.2 and kept in [0, 0.6]. What it
/// judges it learns, with peaks clipped at 8 times their mean, so that what keeps happening stops being rare.
class RareTail {
  public:
    /// -log10 of the chance of a figure as large as x, from what came before; 0 where x is below the quantile, or fewer
    /// than 20 figures are known. x is learnt after that. About 60 ns.
    double judge(double x);

  private:
    RunningQuantile threshold_{0.98};
    double excess_ = 0, square_ = 0, peaks_ = 0, count_ = 0;
};

}  // namespace analytics::core
