#pragma once
// Random numbers that repeat: a pure function of (seed, stream, index), the same bytes on every machine.
#include <cmath>
#include <cstdint>

namespace analytics::core {

/// 64 random bits of a counter: the finaliser of SplitMix64 (Steele, Lea & Flood 2014), applied twice so that streams
/// next to each other are unrelated.
constexpr std::uint64_t random_bits(std::uint64_t seed, std::uint64_t stream, std::uint64_t index) {
    constexpr auto mix = [](std::uint64_t z) {
        z += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    };
    return mix(mix(seed ^ mix(stream)) + index * 0x9e3779b97f4a7c15);
}

/// Uniform on (0, 1), never 0 or 1: multiples of 2^-53 moved by half a step.
constexpr double random_uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t index) {
    return (static_cast<double>(random_bits(seed, stream, index) >> 11) + 0.5) * 0x1p-53;
}

/// The quantile of the standard normal, 0 < p < 1: Wichura (1988), algorithm AS 241 (PPND7), 7 digits. 10 ns.
inline double fast_normal_quantile(double p) {
    double const q = p - 0.5;
    if (std::abs(q) <= 0.425) {
        double const r = 0.180625 - q * q;
        return q * (((59.10937472 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179) /
               (((67.1875636 * r + 78.757757664) * r + 17.895169469) * r + 1);
    }
    double r = std::sqrt(-std::log(q < 0 ? p : 1 - p)), z = 0;
    if (r <= 5) {
        r -= 1.6;
        z = (((0.17023821103 * r + 1.3067284816) * r + 2.75681539) * r + 1.4234372777) /
            ((0.12021132975 * r + 0.7370016425) * r + 1);
    } else {
        r -= 5;
        z = (((0.017337203997 * r + 0.42868294337) * r + 3.081226386) * r + 6.657905115) /
            ((0.012258202635 * r + 0.24197894225) * r + 1);
    }
    return q < 0 ? -z : z;
}

}  // namespace analytics::core
