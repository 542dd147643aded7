#include "core/series/acf.hpp"

#include "golden.hpp"

namespace analytics::core {
namespace {

TEST(AcfGolden, IsR) {
    nlohmann::json const file = golden("misc");
    int cases = 0;
    for (auto const &[name, c] : file["cases"].items()) {
        SCOPED_TRACE(name);
        std::vector<double> const expected = numbers(c["acf"]);
        EXPECT_ALL_REL(autocorrelations(numbers(c["x"]), expected.size() - 1), expected, 1e-12);
        ++cases;
    }
    EXPECT_GE(cases, 10);
}

TEST(Acf, DoesNotDependOnScaleOrShift) {
    std::vector<double> const y = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3};
    std::vector<double> other = y;
    for (double &v : other) v = (v - 7) * 1e300 / 16;
    EXPECT_ALL_REL(autocorrelations(other, 9), autocorrelations(y, 9), 1e-12);
}

TEST(Acf, ConstantAndShortSeries) {
    EXPECT_TRUE(autocorrelations({}, 5).empty());
    EXPECT_EQ(autocorrelations(std::vector{4.0}, 5), std::vector{1.0});
    EXPECT_EQ(autocorrelations(std::vector<double>(4, 0.1), 2), (std::vector{1.0, 0.0, 0.0}));
}

}  // namespace
}  // namespace analytics::core
