#include "core/forecast/arma_filter.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>

namespace analytics::core {

std::vector<double> times_seasonal(std::span<const double> near, std::span<const double> seasonal, std::size_t season,
                                   double sign) {
    std::vector<double> product(near.size() + season * seasonal.size());
    std::copy(near.begin(), near.end(), product.begin());
    for (std::size_t s = 0; s < seasonal.size(); ++s) {
        std::size_t const lag = (s + 1) * season;
        product[lag - 1] += seasonal[s];
        for (std::size_t i = 0; i < near.size(); ++i) product[lag + i] += sign * seasonal[s] * near[i];
    }
    return product;
}

std::optional<std::vector<double>> partial_from_ar(std::span<const double> ar) {
    std::vector<double> partial(ar.begin(), ar.end()), shorter(ar.size());
    for (std::size_t k = ar.size(); k-- > 0;) {
        double const last = partial[k];
        if (!(std::abs(last) < 1)) return std::nullopt;
        for (std::size_t i = 0; i < k; ++i) shorter[i] = (partial[i] + last * partial[k - 1 - i]) / (1 - last * last);
        std::copy_n(shorter.begin(), k, partial.begin());
    }
    return partial;
}

std::vector<double> ar_from_partial(std::span<const double> partial) {
    std::vector<double> ar(partial.begin(), partial.end()), longer(partial.size());
    for (std::size_t k = 1; k < ar.size(); ++k) {
        for (std::size_t i = 0; i < k; ++i) longer[i] = ar[i] - partial[k] * ar[k - 1 - i];
        std::copy_n(longer.begin(), k, ar.begin());
    }
    return ar;
}

bool roots_outside(std::span<const double> ar, double radius) {
    std::vector<double> scaled(ar.begin(), ar.end());
    double power = 1;
    for (double &a : scaled) a *= power *= radius;
    return partial_from_ar(scaled).has_value();
}

std::vector<double> invertible(std::span<const double> ma) {
    std::size_t q = ma.size();
    while (q > 0 && ma[q - 1] == 0) --q;
    std::vector<double> negative(ma.begin(), ma.begin() + static_cast<std::ptrdiff_t>(q));
    for (double &v : negative) v = -v;
    if (q == 0 || roots_outside(negative, 1)) return {ma.begin(), ma.end()};

    // Durand-Kerner finds the reciprocals of the roots, z^q + ma[0] z^(q-1) + ... = 0; those too large are inverted.
    using Complex = std::complex<double>;
    std::vector<Complex> roots(q);
    double bound = 1;
    for (double v : ma) bound = std::max(bound, 1 + std::abs(v));
    for (std::size_t i = 0; i < q; ++i)
        roots[i] = std::polar(0.5 * bound, 0.4 + 6.283185307179586 * static_cast<double>(i) / static_cast<double>(q));
    for (int round = 0; round < 500; ++round) {
        double moved = 0;
        for (std::size_t i = 0; i < q; ++i) {
            Complex value = 1, others = 1;
            for (std::size_t k = 0; k < q; ++k) value = value * roots[i] + ma[k];
            for (std::size_t k = 0; k < q; ++k)
                if (k != i) others *= roots[i] - roots[k];
            Complex const step = others == Complex() ? Complex(1e-3, 1e-3) : value / others;
            roots[i] -= step;
            moved = std::max(moved, std::abs(step));
        }
        if (moved < 1e-14 * bound) break;
    }
    std::vector<Complex> polynomial(q + 1);
    polynomial[0] = 1;
    for (std::size_t i = 0; i < q; ++i) {
        Complex const root = std::abs(roots[i]) > 1 ? 1.0 / std::conj(roots[i]) : roots[i];
        for (std::size_t k = i + 1; k > 0; --k) polynomial[k] -= root * polynomial[k - 1];
    }
    std::vector<double> answer(ma.size());
    for (std::size_t k = 0; k < q; ++k) answer[k] = polynomial[k + 1].real();
    return answer;
}

double conditional_variance(const Arma &model, std::span<const double> w, std::vector<double> &work) {
    std::size_t const n = w.size(), first = model.ar.size();
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (n <= first) return infinity;
    work.assign(w.begin(), w.end());
    for (std::size_t k = 0; k < first; ++k) {
        double const a = model.ar[k];
        if (a == 0) continue;
        for (std::size_t t = first; t < n; ++t) work[t] -= a * w[t - 1 - k];
    }
    for (std::size_t t = 0; t < first; ++t) work[t] = 0;
    struct Term {
        std::size_t lag;
        double weight;
    };
    std::vector<Term> terms;
    for (std::size_t k = 0; k < model.ma.size(); ++k)
        if (model.ma[k] != 0) terms.push_back({k + 1, model.ma[k]});
    double squares = 0;
    for (std::size_t t = first; t < n; ++t) {
        double e = work[t];
        for (auto [lag, weight] : terms)
            if (lag <= t) e -= weight * work[t - lag];
        work[t] = e;
        squares += e * e;
    }
    return std::isfinite(squares) ? squares / static_cast<double>(n - first) : infinity;
}

// The stationary covariances of the state with w[t]: those of the autoregression alone from its partial
// autocorrelations, then those of the whole process, then the first column of the state's covariance.
bool ArmaFilter::start(const Arma &model) {
    std::size_t const p = model.ar.size(), q = model.ma.size(), r = std::max(p, q + 1);
    phi_.assign(r, 0), theta_.assign(r, 0);
    std::copy(model.ar.begin(), model.ar.end(), phi_.begin());
    theta_[0] = 1;
    std::copy(model.ma.begin(), model.ma.end(), theta_.begin() + 1);

    levinson_.assign(p * p, 0);  // row k: the autoregression of order k + 1 with the same partial autocorrelations
    double shrunk = 1;
    if (p > 0)
        std::copy(model.ar.begin(), model.ar.end(), levinson_.begin() + static_cast<std::ptrdiff_t>((p - 1) * p));
    for (std::size_t k = p; k-- > 0;) {
        const double *const row = &levinson_[k * p];
        double const last = row[k], left = 1 - last * last;
        if (!(left > 0)) return false;
        shrunk *= left;
        for (std::size_t i = 0; i < k; ++i) levinson_[(k - 1) * p + i] = (row[i] + last * row[k - 1 - i]) / left;
    }
    if (!(shrunk > 0)) return false;
    inner_.assign(p + q + 1, 0);
    inner_[0] = 1 / shrunk;
    double variance = inner_[0];
    for (std::size_t h = 1; h <= p + q; ++h) {
        double sum = 0;
        if (h <= p) {
            double const last = levinson_[(h - 1) * p + h - 1];
            sum = last * variance;
            for (std::size_t i = 0; i + 1 < h; ++i) sum += levinson_[(h - 2) * p + i] * inner_[h - 1 - i];
            variance *= 1 - last * last;
        } else {
            for (std::size_t i = 0; i < p; ++i) sum += model.ar[i] * inner_[h - 1 - i];
        }
        inner_[h] = sum;
    }
    products_.assign(q + 1, 0);
    for (std::size_t s = 0; s <= q; ++s)
        for (std::size_t i = 0; i + s <= q; ++i) products_[s] += theta_[i] * theta_[i + s];
    outer_.assign(p + 1, 0);
    for (std::size_t h = 0; h <= p; ++h) {
        double sum = products_[0] * inner_[h];
        for (std::size_t s = 1; s <= q; ++s) sum += products_[s] * (inner_[h + s] + inner_[h > s ? h - s : s - h]);
        outer_[h] = sum;
    }
    psi_.assign(q + 1, 0);
    for (std::size_t k = 0; k <= q; ++k) {
        psi_[k] = theta_[k];
        for (std::size_t i = 0; i < std::min(p, k); ++i) psi_[k] += model.ar[i] * psi_[k - 1 - i];
    }
    column_.assign(r, 0);
    for (std::size_t j = 0; j < r; ++j) {
        double sum = 0;
        for (std::size_t k = j + 1; k <= p; ++k) sum += model.ar[k - 1] * outer_[k - j];
        for (std::size_t k = j; k <= q; ++k) sum += theta_[k] * psi_[k - j];
        column_[j] = sum;
    }
    column_[0] = outer_[0];
    return std::isfinite(column_[0]) && column_[0] > 0;
}

std::optional<ArmaLikelihood> ArmaFilter::run(const Arma &model, std::span<const double> w, bool keep_covariance) {
    if (!start(model)) return std::nullopt;
    std::size_t const r = phi_.size();
    state_.assign(r + 1, 0), next_.assign(r + 1, 0), gain_.assign(r, 0), low_.assign(r + 1, 0);
    for (std::size_t i = 0; i < r; ++i) gain_[i] = phi_[i] * column_[0] + (i + 1 < r ? column_[i + 1] : 0);
    std::copy(gain_.begin(), gain_.end(), low_.begin());
    if (keep_covariance) {
        covariance_.assign(r * r, 0);
        for (std::size_t i = 0; i < r; ++i) covariance_[i] = covariance_[i * r] = column_[i];
        // A stationary covariance is its own successor; from the last row and column up to the second.
        for (std::size_t i = r; i-- > 1;)
            for (std::size_t j = r; j-- > 1;)
                covariance_[i * r + j] = phi_[i] * phi_[j] * column_[0] + theta_[i] * theta_[j] +
                                         (j + 1 < r ? phi_[i] * column_[j + 1] : 0) +
                                         (i + 1 < r ? phi_[j] * column_[i + 1] : 0) +
                                         (i + 1 < r && j + 1 < r ? covariance_[(i + 1) * r + j + 1] : 0);
    }
    ArmaLikelihood result;
    double variance = column_[0], logarithm = std::log(variance);
    bool settled = false;
    for (double const value : w) {
        double const error = value - state_[0], share = error / variance, first = state_[0];
        result.squares += error * share;
        result.logarithm += logarithm;
        for (std::size_t i = 0; i < r; ++i) next_[i] = state_[i + 1] + phi_[i] * first + gain_[i] * share;
        std::swap(state_, next_);
        if (settled) continue;
        if (keep_covariance)
            for (std::size_t i = 0; i < r; ++i)
                for (std::size_t j = 0; j < r; ++j) covariance_[i * r + j] -= low_[i] * low_[j] / variance;
        double const top = low_[0], part = top / variance;
        double largest = 0;
        for (std::size_t i = 0; i < r; ++i) {
            double const moved = low_[i + 1] + phi_[i] * top, gain = gain_[i];
            gain_[i] = gain - part * moved;
            low_[i] = moved - part * gain;
            largest = std::max(largest, std::abs(low_[i]));
        }
        if (top != 0) {
            variance -= top * part;
            if (!(variance > 0)) return std::nullopt;
            logarithm = std::log(variance);
        }
        settled = largest < 1e-10;
    }
    state_.resize(r);
    if (!std::isfinite(result.squares)) return std::nullopt;
    return result;
}

}  // namespace analytics::core
