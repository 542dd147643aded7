#pragma once
// The median as R's stl takes it, for tests against what R computes with a robust one: see stl() in series/stl.hpp.
#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

namespace analytics::core {

/// The partial sort of Cleveland's program: a quicksort (Singleton, CACM algorithm 347) that leaves parts alone in
/// which no wanted index lies. Sorts x[i..j], all counted from 1, as far as the indices wanted[from..to], which it
/// takes to rise.
inline void sort_partly(std::span<double> x, std::size_t i, std::size_t j, std::span<const std::size_t> wanted) {
    auto const at = [&](std::size_t k) -> double & { return x[k - 1]; };
    while (!wanted.empty()) {
        if (i == 1 ? i >= j : j - i <= 10) {
            std::sort(x.begin() + static_cast<std::ptrdiff_t>(i - 1), x.begin() + static_cast<std::ptrdiff_t>(j));
            return;
        }
        std::size_t const middle = (i + j) / 2;
        if (at(i) > at(middle)) std::swap(at(i), at(middle));
        if (at(j) < at(middle)) {
            std::swap(at(j), at(middle));
            if (at(i) > at(middle)) std::swap(at(i), at(middle));
        }
        double const pivot = at(middle);
        std::size_t low = i, high = j;
        while (true) {
            do --high;
            while (at(high) > pivot);
            do ++low;
            while (at(low) < pivot);
            if (low > high) break;
            std::swap(at(low), at(high));
        }
        if (high - i <= j - low) {
            std::size_t left = wanted.size();
            while (left > 0 && wanted[left - 1] > high) --left;
            sort_partly(x, low, j, wanted.subspan(left));
            j = high, wanted = wanted.first(left);
        } else {
            std::size_t left = 0;
            while (left < wanted.size() && wanted[left] < low) ++left;
            sort_partly(x, i, high, wanted.first(left));
            i = low, wanted = wanted.subspan(left);
        }
    }
}

inline double middle_sum_of_r(std::span<double> x) {
    std::size_t const n = x.size(), upper = n / 2 + 1;
    std::size_t const wanted[] = {upper, n - upper + 1};  // falling: the lower one may be lost
    sort_partly(x, 1, n, wanted);
    return x[wanted[0] - 1] + x[wanted[1] - 1];
}

}  // namespace analytics::core
