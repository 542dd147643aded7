#include "core/expression/evaluate.hpp"
#include "core/expression/parser.hpp"

#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <map>
#include <random>

using namespace analytics::core;

namespace {

constexpr MeasureName measures[] = {
    {"orders", MeasureRole::additive},    {"revenue", MeasureRole::additive},
    {"customers", MeasureRole::distinct}, {"avg_latency", MeasureRole::average},
    {"slowest", MeasureRole::extreme},    {"latency", MeasureRole::sketch},
    {"last_seen", MeasureRole::other},    {"Gross \"total\"", MeasureRole::additive},
};

/// Doubles; measures by name, a quantile is its probability times 1000.
struct DoubleMath {
    using Number = double;
    const Program &program;
    std::map<std::string, std::optional<double>> values;

    double constant(int i) const {
        const std::string &text = program.constants[static_cast<std::size_t>(i)];
        double value = 0;
        std::from_chars(text.data(), text.data() + text.size(), value);
        return value;
    }
    std::optional<double> measure(int i) const {
        auto const index = static_cast<std::size_t>(program.measures[static_cast<std::size_t>(i)]);
        return values.at(std::string(measures[index].name));
    }
    std::optional<double> quantile(int i) const {
        return program.quantiles[static_cast<std::size_t>(i)].probability * 1000;
    }
    static double add(double a, double b) { return a + b; }
    static double subtract(double a, double b) { return a - b; }
    static double multiply(double a, double b) { return a * b; }
    static double divide(double a, double b) { return a / b; }
    static double negate(double a) { return -a; }
    static double abs(double a) { return std::fabs(a); }
    static double round(double a, int n) { return std::round(a * std::pow(10, n)) / std::pow(10, n); }
    static int compare(double a, double b) { return a < b ? -1 : a > b ? 1 : 0; }
    static bool is_zero(double a) { return a == 0; }
};

std::optional<double> value(std::string_view text, std::optional<double> orders = 8,
                            std::optional<double> revenue = 100) {
    Program const program = parse_expression(text, measures);
    std::vector<std::optional<double>> stack(static_cast<std::size_t>(program.stack));
    DoubleMath math{program,
                    {{"orders", orders},
                     {"revenue", revenue},
                     {"customers", 3},
                     {"avg_latency", std::nullopt},
                     {"slowest", -2.5},
                     {"Gross \"total\"", 42}}};
    return evaluate(program, math, stack.data());
}

ExpressionError error(std::string_view text) {
    try {
        parse_expression(text, measures);
    } catch (const ExpressionError &e) {
        return e;
    }
    ADD_FAILURE() << text << " was accepted";
    return {"", 0, ""};
}

TEST(Expression, FollowsThePrecedenceOfArithmetic) {
    EXPECT_EQ(value("orders"), 8);
    EXPECT_EQ(value("1 + orders * 2"), 17);
    EXPECT_EQ(value("(1 + orders) * 2"), 18);
    EXPECT_EQ(value("revenue - orders - 2"), 90);
    EXPECT_EQ(value("revenue / orders / 5"), 2.5);
    EXPECT_EQ(value("-orders * -2"), 16);
    EXPECT_EQ(value("2 - -orders"), 10);
    EXPECT_EQ(value("orders--2"), 10);
    EXPECT_EQ(value("\t.5*orders +1.5e1\n"), 19);
    EXPECT_EQ(value("orders * 2e-1"), 1.6);
    EXPECT_EQ(value("\"Gross \"\"total\"\"\" + 1"), 43);
}

TEST(Expression, KnowsItsFunctions) {
    EXPECT_EQ(value("nullif(orders, 8)"), std::nullopt);
    EXPECT_EQ(value("nullif(orders, 9)"), 8);
    EXPECT_EQ(value("revenue / NullIf(orders - 8, 0)"), std::nullopt);
    EXPECT_EQ(value("coalesce(avg_latency, orders, 1)"), 8);
    EXPECT_EQ(value("coalesce(avg_latency)"), std::nullopt);
    EXPECT_EQ(value("greatest(orders, 3, revenue, avg_latency)"), 100);
    EXPECT_EQ(value("least(avg_latency, orders, 3)"), 3);
    EXPECT_EQ(value("greatest(avg_latency, avg_latency)"), std::nullopt);
    EXPECT_EQ(value("abs(slowest)"), 2.5);
    EXPECT_EQ(value("round(revenue / 7, 2)"), 14.29);
    EXPECT_EQ(value("round(revenue / 7)"), 14);
    EXPECT_EQ(value("quantile(latency, 0.95) - quantile(\"latency\", .5)"), 450);
    EXPECT_EQ(value("1 + greatest(1, orders, coalesce(avg_latency, 2)) * 2"), 17);
}

TEST(Expression, NullAndZeroAreCasesNotAccidents) {
    EXPECT_EQ(value("revenue / orders", 0, 100), std::nullopt);
    EXPECT_EQ(value("revenue / (orders - 8)"), std::nullopt);
    EXPECT_EQ(value("avg_latency + 1"), std::nullopt);
    EXPECT_EQ(value("1 - avg_latency"), std::nullopt);
    EXPECT_EQ(value("-avg_latency"), std::nullopt);
    EXPECT_EQ(value("nullif(avg_latency, 1)"), std::nullopt);
    EXPECT_EQ(value("nullif(orders, avg_latency)"), 8);
    EXPECT_EQ(value("coalesce(revenue / orders, 0)", 0, 0), 0);
}

TEST(Expression, KnowsWhatAnEmptySlotIs) {
    auto const zero = [](std::string_view text) { return parse_expression(text, measures).zero_when_empty; };
    EXPECT_TRUE(zero("orders"));
    EXPECT_TRUE(zero("customers"));
    EXPECT_TRUE(zero("revenue - 2 * orders / 100"));
    EXPECT_TRUE(zero("coalesce(revenue / orders, 0)"));
    EXPECT_FALSE(zero("revenue / orders"));
    EXPECT_FALSE(zero("revenue / nullif(orders, 0)"));
    EXPECT_FALSE(zero("avg_latency"));
    EXPECT_FALSE(zero("slowest"));
    EXPECT_FALSE(zero("quantile(latency, 0.5)"));
}

TEST(Expression, KnowsWhatAddsUp) {
    auto const linear = [](std::string_view text) { return parse_expression(text, measures).linear; };
    EXPECT_TRUE(linear("orders"));
    EXPECT_TRUE(linear("revenue - 2 * orders / 100"));
    EXPECT_TRUE(linear("-(revenue + orders) * (1 + 1)"));
    EXPECT_FALSE(linear("customers"));
    EXPECT_FALSE(linear("orders + 1"));
    EXPECT_FALSE(linear("revenue * orders"));
    EXPECT_FALSE(linear("revenue / orders"));
    EXPECT_FALSE(linear("100 / orders"));
    EXPECT_FALSE(linear("greatest(orders, revenue)"));
    EXPECT_FALSE(linear("abs(revenue)"));
    EXPECT_FALSE(linear("slowest"));
}

TEST(Expression, KnowsWhatIsRounded) {
    auto const precision = [](std::string_view text) { return parse_expression(text, measures).precision; };
    EXPECT_EQ(precision("revenue"), Precision::exact);
    EXPECT_EQ(precision("revenue * 1.19 - orders"), Precision::exact);
    EXPECT_EQ(precision("revenue / 100 + orders"), Precision::scaled);
    EXPECT_EQ(precision("revenue / orders"), Precision::derived);
    EXPECT_EQ(precision("100 * revenue / orders"), Precision::derived);
    EXPECT_EQ(precision("avg_latency * 2"), Precision::derived);
    EXPECT_EQ(precision("coalesce(quantile(latency, 0.5), 0)"), Precision::derived);
    EXPECT_EQ(precision("round(revenue / orders, 3)"), Precision::chosen);
    EXPECT_EQ(precision("round(revenue / orders, 3) * 2"), Precision::derived);
}

TEST(Expression, TellsWhereItWentWrong) {
    EXPECT_EQ(error("orders + ").position, 10u);
    EXPECT_STREQ(error("orders + ").what(), "expression ends too early");
    EXPECT_EQ(error("orders + * 2").position, 10u);
    EXPECT_EQ(error("orders ; DROP TABLE x").position, 8u);
    EXPECT_EQ(error("orders orders").position, 8u);
    EXPECT_EQ(error("(orders").position, 8u);
    EXPECT_EQ(error("orders)").position, 7u);
    EXPECT_EQ(error("2 * turnover").position, 5u);
    EXPECT_NE(error("2 * turnover").hint.find("orders, revenue, customers, avg_latency"), std::string::npos);
    EXPECT_EQ(error("2 * turnover").hint.find("last_seen"), std::string::npos);
    EXPECT_EQ(error("1 + latency").position, 5u);
    EXPECT_NE(error("1 + latency").hint.find("quantile(latency, 0.95)"), std::string::npos);
    EXPECT_STREQ(error("1 + last_seen").what(), "measure \"last_seen\" is not a number");
    EXPECT_STREQ(error("sum(orders)").what(), "there is no function sum()");
    EXPECT_STREQ(error("orders § 2").what(), "unexpected \"§\" in expression");
}

TEST(Expression, RefusesWhatItCannotMean) {
    for (std::string_view const text : {"",
                                        "   ",
                                        "1 + 1",
                                        "orders(",
                                        "orders()",
                                        "nullif(orders)",
                                        "nullif(orders, 1, 2)",
                                        "abs(orders, 1)",
                                        "coalesce()",
                                        "round(orders, revenue)",
                                        "round(orders, 1.5)",
                                        "round(orders, 21)",
                                        "round(orders, -1)",
                                        "round(orders, 1, 2)",
                                        "quantile(latency)",
                                        "quantile(latency, 1.5)",
                                        "quantile(latency, -0.5)",
                                        "quantile(latency, orders)",
                                        "quantile(orders, 0.5)",
                                        "quantile(0.5, latency)",
                                        "quantile(latency, 0.5",
                                        "1.2.3 * orders",
                                        "1e orders",
                                        "1e99 * orders",
                                        "0x10 * orders",
                                        "orders % 2",
                                        "orders ^ 2",
                                        "orders = 1",
                                        "\"orders",
                                        "\"\"",
                                        "ORDERS",
                                        ".",
                                        "orders * 12345678901234567890123456789012345678901",
                                        "+orders",
                                        "(), orders",
                                        ",",
                                        "orders,"})
        EXPECT_GT(error(text).position, 0u) << text;
}

TEST(Expression, IsBounded) {
    std::string const deep(40, '(');
    EXPECT_STREQ(error(deep + "orders" + std::string(40, ')')).what(), "expression is nested deeper than 32 levels");
    EXPECT_STREQ(error(std::string(500, '-') + "orders").what(), "expression is nested deeper than 32 levels");
    EXPECT_EQ(value(std::string(20, '(') + "orders" + std::string(20, ')')), 8);
    std::string sum = "orders";
    for (int i = 1; i < 140; ++i) sum += "+orders";
    EXPECT_EQ(value(sum), 140 * 8);
    EXPECT_STREQ(error(sum + sum).what(), "expression is longer than 1000 bytes");
}

TEST(Expression, SurvivesAnyText) {
    std::mt19937 random(1);
    constexpr std::string_view pieces[] = {
        "orders", "revenue", "latency", "(",        ")",        ",", "+",  "-",  "*",    "/", "1",
        "0.5",    "round",   "nullif",  "quantile", "coalesce", " ", "\"", "e5", "\xC3", ".", "least"};
    int good = 0;
    for (int i = 0; i < 50'000; ++i) {
        std::string text;
        for (std::size_t n = 1 + random() % 8; n > 0; --n) text += pieces[random() % std::size(pieces)];
        try {
            (void)value(text);
            ++good;
        } catch (const ExpressionError &e) {
            ASSERT_LE(e.position, text.size() + 1) << text;
            ASSERT_GE(e.position, 1u);
        }
    }
    EXPECT_GT(good, 500);
}

}  // namespace
