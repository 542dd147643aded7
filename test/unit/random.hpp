#pragma once
// Random numbers of the tests: the same on every machine, which std::random's distributions are not.
#include <cmath>
#include <cstdint>

namespace analytics::core {

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    double uniform() {  // splitmix64; in (0, 1)
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return (static_cast<double>((z ^ (z >> 31)) >> 11) + 0.5) / 9007199254740992.0;
    }
    double normal() { return std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform()); }
    double gamma(double shape) {  // Marsaglia & Tsang 2000
        if (shape < 1) return gamma(shape + 1) * std::pow(uniform(), 1 / shape);
        double const d = shape - 1.0 / 3;
        for (;;) {
            double const x = normal(), v = std::pow(1 + x / std::sqrt(9 * d), 3);
            if (v > 0 && std::log(uniform()) < x * x / 2 + d - d * v + d * std::log(v)) return d * v;
        }
    }
    double poisson(double mean) {
        if (mean > 50) {  // split: a gamma waiting time of many events, then the rest
            double const m = std::floor(mean * 7 / 8), waited = gamma(m);
            if (waited <= mean) return m + poisson(mean - waited);
            double hits = 0;  // each of the m - 1 earlier events by chance
            for (double i = 1; i < m; ++i) hits += uniform() < mean / waited;
            return hits;
        }
        double count = -1, product = 1;
        double const limit = std::exp(-mean);
        do product *= uniform(), ++count;
        while (product > limit);
        return count;
    }
    /// Negative binomial with variance mean + mean^2 / size; Poisson when size is above 1e9.
    double count(double mean, double size) { return poisson(size > 1e9 ? mean : mean * gamma(size) / size); }

  private:
    std::uint64_t state_;
};

}  // namespace analytics::core
