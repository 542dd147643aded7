#include "core/statistics/distributions.hpp"

#include "golden.hpp"

#include <algorithm>
#include <limits>

namespace analytics::core {
namespace {

/// Relative all the way down: what counts in a tail.
testing::AssertionResult same_digits(double actual, double expected, double tolerance) {
    if (std::abs(actual - expected) <= tolerance * std::abs(expected)) return testing::AssertionSuccess();
    return testing::AssertionFailure() << testing::PrintToString(actual) << " is not " << expected;
}

TEST(Distributions, AgreeWithScipy) {
    nlohmann::json const reference = golden("distributions");
    ASSERT_GT(reference["rows"].size(), 200U);
    for (const auto &row : reference["rows"]) {
        SCOPED_TRACE(row.dump());
        if (row["dist"] == "student_t") {
            double const df = row["df"], p = row["p"];
            EXPECT_REL(student_t_quantile(p, df) / row["quantile"].get<double>(), p == 0.5 ? 0.0 : 1.0,
                       1e-8);  // 0 to scipy is 7e-17
            EXPECT_TRUE(same_digits(student_t_cdf(row["quantile"], df), row["cdf_back"], 1e-8));
            continue;
        }
        double const k = row["k"], mu = row["mu"];
        bool const poisson = row["dist"] == "poisson";
        double const size = poisson ? 0 : double(row["size"]);
        EXPECT_TRUE(same_digits(poisson ? poisson_cdf(k, mu) : negative_binomial_cdf(k, mu, size), row["cdf"], 1e-9));
        EXPECT_TRUE(same_digits(poisson ? poisson_tail(k, mu) : negative_binomial_tail(k, mu, size), row["sf"], 1e-8));
    }
}

TEST(Distributions, KeepTheirDigitsFarOut) {
    EXPECT_TRUE(same_digits(normal_tail(30), 4.906713927148187e-198, 1e-12));
    // Closed forms: Student's t with 2 degrees of freedom, and the first terms of a Poisson tail.
    double const t = 1e100;
    EXPECT_TRUE(same_digits(student_t_tail(t, 2), 0.5 / t / t, 1e-12));
    EXPECT_TRUE(same_digits(student_t_two_sided(-t, 2), 1 / t / t, 1e-12));
    double const factorial_of_60 = 8.320987112741390e81;
    EXPECT_TRUE(
        same_digits(poisson_tail(60, 1e-3), 1e-180 / factorial_of_60 * std::exp(-1e-3) * (1 + 1e-3 / 61), 1e-9));
    EXPECT_TRUE(same_digits(negative_binomial_tail(1000, 1, 1), std::pow(0.5, 1000), 1e-9));  // geometric
}

TEST(Distributions, ACountIsSplitByItsTails) {
    for (double const mu : {0.01, 0.5, 3.0, 80.0, 5e4, 3e6, 1e9, 1e12})
        for (double const size : {0.3, 5.0, 1e3, 5e6, 1e12})
            for (double const z : {-3.0, -1.0, 0.0, 0.7, 2.0, 6.0}) {
                double const k = std::max(0.0, std::floor(mu + z * std::sqrt(mu + mu * mu / size)));
                EXPECT_TRUE(
                    close_to(negative_binomial_cdf(k, mu, size) + negative_binomial_tail(k + 1, mu, size), 1, 1e-9))
                    << mu << ' ' << size << ' ' << k;
            }
    EXPECT_EQ(poisson_cdf(2.5, 3), poisson_cdf(2, 3));
    EXPECT_EQ(poisson_tail(2.5, 3), poisson_tail(3, 3));
}

TEST(Distributions, TheLargeApproximationsJoinTheExactOnes) {
    double const inside = negative_binomial_tail(9.9e5, 9.5e5, 400),
                 outside = negative_binomial_tail(1.1e6, 1.1e6 / 9.9 * 9.5, 400);
    EXPECT_TRUE(same_digits(inside, outside, 1e-3)) << inside << ' ' << outside;
    double const below = poisson_tail(0.9e8 + 4 * std::sqrt(0.9e8), 0.9e8);
    double const above = poisson_tail(1.1e8 + 4 * std::sqrt(1.1e8), 1.1e8);
    EXPECT_TRUE(same_digits(below, above, 1e-2)) << below << ' ' << above;
}

TEST(Distributions, QuantilesOfCountsInvertTheirCdf) {
    for (double const mu : {0.0, 0.2, 4.0, 333.0, 1e5, 2e9})
        for (double const size : {0.5, 7.0, 1e12})
            for (double const p : {0.0, 1e-6, 0.025, 0.5, 0.975, 1 - 1e-9}) {
                double const q = count_quantile(p, mu, size);
                EXPECT_GE(negative_binomial_cdf(q, mu, size), p) << mu << ' ' << size;
                if (q > 0) {
                    EXPECT_LT(negative_binomial_cdf(q - 1, mu, size), p) << mu << ' ' << size << ' ' << p;
                }
            }
}

TEST(Distributions, InverseFunctionsReturn) {
    for (double const p : {1e-9, 0.01, 0.3, 0.9, 0.9999}) {
        EXPECT_REL(normal_cdf(normal_quantile(p)), p, 1e-12);
        EXPECT_REL(gamma_cdf(gamma_quantile(p, 2.5, 3), 2.5, 3), p, 1e-9);
        EXPECT_REL(gamma_cdf(gamma_quantile(p, 2e9, 3), 2e9, 3), p, 1e-6);
    }
    EXPECT_REL(beta_quantile(0.36, 2, 1), 0.6, 1e-12);  // cdf x^2
    EXPECT_REL(chi_squared_tail(2 * std::log(20.0), 2), 0.05, 1e-12);
    EXPECT_REL(normal_quantile(0.975), 1.959963984540054, 1e-14);
    EXPECT_REL(student_t_quantile(0.975, 1e12), 1.959963984540054, 1e-9);
}

TEST(Distributions, RefuseWhatIsNone) {
    double const nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
    EXPECT_THROW(poisson_tail(1, -1), std::domain_error);
    EXPECT_THROW(poisson_tail(nan, 1), std::domain_error);
    EXPECT_THROW(poisson_tail(1, inf), std::domain_error);
    EXPECT_THROW(negative_binomial_cdf(1, 1, 0), std::domain_error);
    EXPECT_THROW(student_t_tail(1, 0), std::domain_error);
    EXPECT_THROW(student_t_tail(nan, 3), std::domain_error);
    EXPECT_THROW(student_t_quantile(1, 3), std::domain_error);
    EXPECT_THROW(normal_quantile(0), std::domain_error);
    EXPECT_THROW(beta_quantile(0.5, 0, 1), std::domain_error);
    EXPECT_EQ(poisson_tail(inf, 1), 0);
    EXPECT_EQ(poisson_cdf(inf, 1), 1);
    EXPECT_EQ(student_t_tail(-inf, 2), 1);
    for (double const huge : {1e20, 1e100, 1e300})
        for (double const k : {0.0, 5.0, 1e300}) {
            EXPECT_TRUE(std::isfinite(poisson_tail(k, huge) + poisson_cdf(k, huge)));
            EXPECT_TRUE(std::isfinite(negative_binomial_tail(k, huge, 3) + negative_binomial_cdf(k, huge, 3)));
            EXPECT_TRUE(std::isfinite(count_quantile(0.9, huge, 3)));
        }
}

}  // namespace
}  // namespace analytics::core
