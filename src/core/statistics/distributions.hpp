#pragma once
// Tails and quantiles of the distributions the statistics core uses, over Boost.Math with one policy.
//
// Upper tails are computed as such, never as 1 - cdf, so that they keep their digits down to 1e-300. Every function
// throws std::domain_error on a parameter out of range or NaN, and gives a finite answer for any other.
#include <boost/math/policies/policy.hpp>

namespace analytics::core {

/// double is not promoted to long double (Student's t is 7 times faster so). A bad parameter throws std::domain_error;
/// a series that stops early gives its last sum, and what overflows is infinite, for the functions below to refuse.
using MathPolicy =
    boost::math::policies::policy<boost::math::policies::promote_double<false>,
                                  boost::math::policies::promote_float<false>,
                                  boost::math::policies::overflow_error<boost::math::policies::ignore_error>,
                                  boost::math::policies::evaluation_error<boost::math::policies::ignore_error>>;

/// P(X <= k) and P(X >= k) of a Poisson count with mean mu >= 0. k is any number: a count is compared with it, so
/// P(X <= 2.5) is P(X <= 2). 0.5 us. Above 1e8 by Wilson and Hilferty's cube root (1931).
double poisson_cdf(double k, double mu);
double poisson_tail(double k, double mu);

/// P(X <= k) and P(X >= k) of a negative binomial count with mean mu >= 0 and size > 0: variance mu + mu^2 / size.
/// A size above 1e9 is the Poisson. 0.6 us. Above 1e6 (k, mu or size) by the gamma distribution of the same mean and
/// variance.
double negative_binomial_cdf(double k, double mu, double size);
double negative_binomial_tail(double k, double mu, double size);

/// The least count q with P(X <= q) >= p of a negative binomial (of a Poisson when size is above 1e9), 0 <= p < 1.
/// About 10 us.
double count_quantile(double p, double mu, double size);

/// Student's t with df > 0 degrees of freedom: P(T <= t), P(T >= t), P(|T| >= |t|) and the quantile of 0 < p < 1.
/// A df above 1e9 is the normal. 0.7 us, the quantile 6 us.
double student_t_cdf(double t, double df);
double student_t_tail(double t, double df);
double student_t_two_sided(double t, double df);
double student_t_quantile(double p, double df);

/// The standard normal, likewise; normal_tail keeps its digits to z = 37. 0.05 us.
double normal_cdf(double z);
double normal_tail(double z);
double normal_quantile(double p);

/// P(X >= x) of chi-squared with df > 0.
double chi_squared_tail(double x, double df);

/// P(X <= x) of the gamma distribution with shape > 0 and scale > 0, and its quantile of 0 <= p < 1.
double gamma_cdf(double x, double shape, double scale);
double gamma_quantile(double p, double shape, double scale);

/// The quantile of the beta distribution with a > 0 and b > 0 of 0 <= p <= 1.
double beta_quantile(double p, double a, double b);

}  // namespace analytics::core
