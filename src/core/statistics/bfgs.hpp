#pragma once
// Minimum of a smooth function of several variables within bounds: projected BFGS.
//
// Nocedal & Wright (2006), Numerical Optimization, chapter 6, with the projection of Bertsekas (1982), SIAM Journal on
// Control and Optimization 20(2): variables that press against a bound are held there, the others take a quasi-Newton
// step, and what leaves the bounds is put back on them. For tens of variables with a cheap gradient; O(d^2) per step.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace analytics::core {

/// Where the search is at home: bounds (infinite for none), and the first guess of the inverse Hessian, row by row,
/// positive definite. All of the same dimension d; inverse_hessian has d * d elements and is used up.
struct BfgsSpace {
    std::vector<double> lower, upper, inverse_hessian;
};

struct BfgsOptions {
    double tolerance = 1e-5;  // ends when two steps in a row gain less than this, in units of the function
    int most_steps = 200;
};

/// Minimises from x, which goes in within the bounds and comes out as the best point seen.
/// @param value     double(std::span<const double>): the function; infinity where it is not defined
/// @param gradient  void(std::span<double>): the derivatives at the point `value` was called with last
/// @returns         the least value; what `value` gave for the first x if that is not finite
template <class Value, class Gradient>
double minimise_bfgs(Value &&value, Gradient &&gradient, std::vector<double> &x, BfgsSpace &space,
                     const BfgsOptions &options = {}) {
    std::size_t const d = x.size();
    std::vector<double> &h = space.inverse_hessian;
    double best = value(x);
    if (!std::isfinite(best)) return best;
    std::vector<double> slopes(d), direction(d), trial(d), next(d), step(d), change(d), image(d);
    std::vector<char> held(d);
    gradient(std::span(slopes));
    bool scaled = false, slow = false;
    for (int i = 0; i < options.most_steps; ++i) {
        for (std::size_t a = 0; a < d; ++a)
            held[a] = (x[a] <= space.lower[a] && slopes[a] > 0) || (x[a] >= space.upper[a] && slopes[a] < 0) ? 1 : 0;
        double downhill = 0;
        for (std::size_t a = 0; a < d; ++a) {
            direction[a] = 0;
            if (held[a]) continue;
            double sum = 0;
            for (std::size_t b = 0; b < d; ++b) sum += held[b] ? 0.0 : h[a * d + b] * slopes[b];
            direction[a] = -sum;
            downhill += direction[a] * slopes[a];
        }
        if (!(downhill < -options.tolerance * 1e-2)) break;

        // Halving until the gain is in proportion; after a failure the parabola through both ends and the slope.
        double length = 1, reached = best, promised = 0;
        bool found = false;
        for (int attempt = 0; attempt < 25 && !found; ++attempt) {
            promised = 0;
            for (std::size_t a = 0; a < d; ++a) {
                trial[a] = std::clamp(x[a] + length * direction[a], space.lower[a], space.upper[a]);
                promised += (trial[a] - x[a]) * slopes[a];
            }
            reached = value(trial);
            found = reached <= best + 1e-4 * promised && promised < 0;
            if (found) break;
            double const parabola = std::isfinite(reached) ? -0.5 * length * promised / (reached - best - promised) : 0;
            length = std::clamp(std::isfinite(parabola) ? parabola : 0.0, 0.1 * length, 0.5 * length);
        }
        if (!found) break;
        gradient(std::span(next));
        double along = 0, size = 0;
        for (std::size_t a = 0; a < d; ++a) {
            step[a] = trial[a] - x[a], change[a] = next[a] - slopes[a];
            along += step[a] * change[a], size += change[a] * change[a];
        }
        double const gain = best - reached;
        best = reached, x = trial, slopes = next;
        if (gain < options.tolerance) {
            if (slow) break;
            slow = true;
        } else {
            slow = false;
        }
        if (!(along > 1e-12 * size) || !std::isfinite(size)) continue;  // no curvature to learn from
        for (std::size_t a = 0; a < d; ++a) {
            double sum = 0;
            for (std::size_t b = 0; b < d; ++b) sum += h[a * d + b] * change[b];
            image[a] = sum;
        }
        double curved = 0;
        for (std::size_t a = 0; a < d; ++a) curved += change[a] * image[a];
        if (!scaled) {  // the size of the first guess is the least certain thing about it
            double const factor = std::clamp(along / curved, 0.05, 20.0);
            for (double &v : h) v *= factor;
            for (double &v : image) v *= factor;
            curved *= factor, scaled = true;
        }
        double const one = (1 + curved / along) / along, two = 1 / along;
        for (std::size_t a = 0; a < d; ++a)
            for (std::size_t b = 0; b < d; ++b)
                h[a * d + b] += one * step[a] * step[b] - two * (step[a] * image[b] + image[a] * step[b]);
    }
    return best;
}

}  // namespace analytics::core
