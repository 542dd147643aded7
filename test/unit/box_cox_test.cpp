#include "core/series/box_cox.hpp"

#include "golden.hpp"
#include "random.hpp"

#include <limits>

namespace analytics::core {
namespace {

TEST(BoxCoxGolden, PowerIsThatOfR) {
    nlohmann::json const file = golden("misc");
    int known = 0;
    for (auto const &[name, c] : file["cases"].items()) {
        std::vector<double> const x = numbers(c["x"]);
        std::optional<double> const lambda = guerrero_lambda(x, c["m"]);
        ASSERT_TRUE(lambda) << name;
        if (c["boxcox_lambda"].is_number()) {
            EXPECT_NEAR(*lambda, c["boxcox_lambda"].get<double>(), 2e-4) << name;
            ++known;
        } else {  // the file leaves out what is not positive; R answers with a warning
            EXPECT_EQ(name, "dev_dd0105");
            EXPECT_NEAR(*lambda, 0.319932, 2e-4);
        }
    }
    EXPECT_EQ(known, 12);
}

TEST(BoxCox, FindsThePowerThatMakesTheSpreadEven) {
    Random random(3);
    std::vector<double> logarithmic, even;
    for (int t = 0; t < 4000; ++t) {
        int const step = t / 20;
        double const level = 5 + 4 * std::sin(step / 10.0), noise = random.normal();
        logarithmic.push_back(std::exp(level + 0.1 * noise));
        even.push_back(100 * level + noise);
    }
    EXPECT_NEAR(*guerrero_lambda(logarithmic, 20), 0, 0.1);
    EXPECT_NEAR(*guerrero_lambda(even, 20), 1, 0.1);
    std::vector<double> large = logarithmic;
    for (double &v : large) v *= 0x1p900;
    EXPECT_EQ(guerrero_lambda(large, 20), guerrero_lambda(logarithmic, 20));
}

TEST(BoxCox, SaysWhereThereIsNone) {
    EXPECT_EQ(guerrero_lambda(std::vector{1.0, 2.0, 3.0, 4.0}, 2), 1.0);  // too short to tell
    EXPECT_EQ(guerrero_lambda(std::vector{0.0, 0.0, 3.0, 4.0, 5.0, 9.0}, 2), std::nullopt);
    EXPECT_EQ(guerrero_lambda(std::vector{-1.0, -2.0, 3.0, 4.0, 5.0, 9.0}, 2), std::nullopt);
    EXPECT_THROW(guerrero_lambda(std::vector{1.0, 2.0}, 0), std::invalid_argument);
    EXPECT_THROW(guerrero_lambda({}, 1), std::invalid_argument);
    EXPECT_THROW(guerrero_lambda(std::vector{1.0, std::nan("")}, 1), std::invalid_argument);
}

}  // namespace
}  // namespace analytics::core
