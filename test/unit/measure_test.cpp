#include "core/rollup/measure.hpp"

#include <gtest/gtest.h>

namespace analytics::core {
namespace {

TEST(Measure, TakesApartAFilteredSum) {
    MeasureText const m = parse_measure("sum(total_amount) FILTER (WHERE status <> 'cancelled')");
    EXPECT_EQ(m.function, "sum");
    EXPECT_EQ(m.argument, "total_amount");
    EXPECT_EQ(m.filter, " status <> 'cancelled'");
}

TEST(Measure, BracketsAndQuotesInsideAreTheArguments) {
    EXPECT_EQ(parse_measure("max( coalesce(a, (b)) )").argument, " coalesce(a, (b)) ");
    EXPECT_EQ(parse_measure("sum(length(')''('))").argument, "length(')''(')");
    EXPECT_EQ(parse_measure("MIN(\"odd)name\")").argument, "\"odd)name\"");
    EXPECT_EQ(parse_measure("count( * )").argument, "*");
}

TEST(Measure, RefusesWhatIsNoMeasure) {
    for (const char *text : {"",
                             "count",
                             "count(",
                             "count()",
                             "median(x)",
                             "sum(*)",
                             "sum(x))",
                             "sum(x) FILTER",
                             "sum(x) FILTER (x)",
                             "sum(x) FILTER (WHERE )",
                             "sum(x) FILTER (WHERE y) z",
                             "sum(x",
                             "sum('x)",
                             "sum(x -- )\n)",
                             "sum(x /* ) */)",
                             "sum(x;)",
                             "count(DISTINCT x)",
                             "sum(distinct(x))",
                             "sum(DISTINCT\f-x)",
                             "count( distinct\"x\")",
                             "sum($1)",
                             "sum(x) OVER ()"})
        EXPECT_THROW(parse_measure(text), std::invalid_argument) << text;
}

// PostgreSQL reads E'\') FILTER (WHERE ' as one literal.
TEST(Measure, ABackslashMayNotHideTheEndOfALiteral) {
    EXPECT_THROW(parse_measure("sum(E'\\') FILTER (WHERE '), count('')"), std::invalid_argument);
    EXPECT_THROW(parse_measure("sum(length(E'\\''))"), std::invalid_argument);
    EXPECT_EQ(parse_measure("sum(distinctness)").argument, "distinctness");
    EXPECT_EQ(parse_measure("sum(\"a\\b\")").argument, "\"a\\b\"");
}

}  // namespace
}  // namespace analytics::core
