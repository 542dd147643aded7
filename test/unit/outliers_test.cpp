#include "core/series/outliers.hpp"

#include "golden.hpp"
#include "median_of_r.hpp"
#include "random.hpp"

#include "core/series/super_smoother.hpp"

namespace analytics::core {
namespace {

TEST(OutliersGolden, AreThoseOfR) {
    nlohmann::json const file = golden("misc");
    std::size_t found = 0;
    for (auto const &[name, c] : file["cases"].items()) {
        SeriesOutliers const outliers = find_outliers(numbers(c["x"]), c["m"].get<std::size_t>(), {}, middle_sum_of_r);
        std::vector<double> index;
        for (std::size_t t : outliers.index) index.push_back(static_cast<double>(t + 1));
        EXPECT_EQ(index, numbers(c["tsoutliers_index"])) << name;
        EXPECT_ALL_REL(outliers.replacements, numbers(c["tsoutliers_replacements"]), 1e-8) << name;
        found += index.size();
    }
    EXPECT_GE(found, 20U);
}

// R forecast 8.20: x <- ts(10 + 3 * sin(2 * pi * (1:60) / 7), frequency = 7); x[c(5, 6, 30)] <- NA; na.interp(x).
TEST(OutliersGolden, GapsAreFilledAsInR) {
    std::vector<double> x(60);
    for (std::size_t t = 0; t < x.size(); ++t)
        x[t] = 10 + 3 * std::sin(6.283185307179586 * static_cast<double>(t + 1) / 7);
    std::vector<double> gaps = x;
    for (std::size_t t : {4U, 5U, 29U}) gaps[t] = std::nan("");
    EXPECT_ALL_REL(filled_by_season(gaps, 7), x, 1e-8);
    std::vector<double> const line = filled_by_season(gaps, 1);
    EXPECT_NEAR(line[4], (2 * x[3] + x[6]) / 3, 1e-12);
    EXPECT_NEAR(line[5], (x[3] + 2 * x[6]) / 3, 1e-12);
}

TEST(Outliers, APlantedOneIsFoundAndReplaced) {
    Random random(11);
    std::vector<double> y;
    for (int t = 0; t < 140; ++t) y.push_back(100 + 20 * std::sin(t * 6.283185307179586 / 7) + random.normal());
    std::vector<double> const clean = y;
    EXPECT_TRUE(find_outliers(clean, 7).index.empty());
    EXPECT_EQ(find_outliers(clean, 7).cleaned, clean);
    y[40] += 60, y[90] = std::nan(""), y[100] -= 60;
    SeriesOutliers const found = find_outliers(y, 7);
    EXPECT_EQ(found.index, (std::vector<std::size_t>{40, 100}));
    for (std::size_t t = 0; t < y.size(); ++t)
        EXPECT_NEAR(found.cleaned[t], clean[t], t == 40 || t == 90 || t == 100 ? 4 : 0);
    for (double &v : y) v *= 0x1p900;
    EXPECT_EQ(find_outliers(y, 7).index, found.index);
    EXPECT_EQ(find_outliers(y, 7).cleaned[40], found.cleaned[40] * 0x1p900);
}

TEST(Outliers, ShortAndConstantSeriesHaveNone) {
    for (std::size_t n = 1; n < 20; ++n) {
        EXPECT_TRUE(find_outliers(std::vector<double>(n, 3.0), 7).index.empty());
        EXPECT_EQ(find_outliers(std::vector<double>(n, 3.0), 1).cleaned, std::vector<double>(n, 3.0));
    }
    std::vector<double> const gap = {std::nan(""), 2, std::nan("")};
    EXPECT_EQ(find_outliers(gap, 1).cleaned, (std::vector<double>{2, 2, 2}));
    EXPECT_THROW(find_outliers({}, 1), std::invalid_argument);
    EXPECT_THROW(find_outliers(std::vector{std::nan("")}, 1), std::invalid_argument);
    EXPECT_THROW(find_outliers(std::vector{1.0}, 0), std::invalid_argument);
}

TEST(SuperSmoother, LinesStayLinesAndStepsAreFollowed) {
    std::vector<double> line, step;
    for (int t = 0; t < 100; ++t) line.push_back(3 - 0.5 * t), step.push_back(t < 50 ? 0 : 10);
    EXPECT_ALL_REL(super_smooth(line), line, 1e-10);
    std::vector<double> const smooth = super_smooth(step);
    EXPECT_NEAR(smooth[40], 0, 0.01);
    EXPECT_NEAR(smooth[60], 10, 0.01);
    for (std::size_t n = 1; n < 8; ++n)
        EXPECT_ALL_REL(super_smooth(std::span(line).first(n)), std::span(line).first(n), 1e-10);
}

}  // namespace
}  // namespace analytics::core
