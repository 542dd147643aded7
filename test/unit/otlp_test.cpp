// The values of OTLP's JSON encoding, with cases from the protocol's specification and its traps.
#include "core/spans/otlp.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace analytics::spans {
namespace {

TEST(Otlp, IdsAreHexadecimalInEitherCase) {
    EXPECT_EQ(hex_id("5B8EFFF798038103D269B633813FC60C", trace_id_digits), "5b8efff798038103d269b633813fc60c");
    EXPECT_EQ(hex_id("eee19b7ec3c1b174", span_id_digits), "eee19b7ec3c1b174");
}

TEST(Otlp, OtherIdsAreNone) {
    EXPECT_FALSE(hex_id("", span_id_digits));
    EXPECT_FALSE(hex_id("eee19b7ec3c1b17", span_id_digits));
    EXPECT_FALSE(hex_id("eee19b7ec3c1b1744", span_id_digits));
    EXPECT_FALSE(hex_id("eee19b7ec3c1b17g", span_id_digits));
    EXPECT_FALSE(hex_id("eee19b7ec3c1b17 ", span_id_digits));
    EXPECT_FALSE(hex_id("7uGbfsPBsXQ=", span_id_digits)) << "the base64 of plain protobuf JSON";
    EXPECT_FALSE(hex_id("0000000000000000", span_id_digits)) << "all zeros are invalid";
    EXPECT_TRUE(hex_id("0000000000000001", span_id_digits));
    EXPECT_FALSE(hex_id("5b8efff798038103d269b633813fc60c", span_id_digits));
}

TEST(Otlp, ARootHasNoParentInEitherWriting) {
    EXPECT_TRUE(is_no_id(""));
    EXPECT_TRUE(is_no_id("0000000000000000"));
    EXPECT_FALSE(is_no_id("0000000000000010"));
}

TEST(Otlp, NanosecondsBecomeMicroseconds) {
    EXPECT_EQ(unix_microseconds("1544712660300000999"), 1544712660300000);
    EXPECT_EQ(unix_microseconds("0"), 0);
    EXPECT_EQ(unix_microseconds("999"), 0);
    EXPECT_EQ(unix_microseconds("18446744073709551615"), 18446744073709551) << "the largest unsigned 64-bit integer";
    EXPECT_FALSE(unix_microseconds("18446744073709551616"));
    EXPECT_FALSE(unix_microseconds("-1"));
    EXPECT_FALSE(unix_microseconds("1.5"));
    EXPECT_FALSE(unix_microseconds("1544712660e9"));
    EXPECT_FALSE(unix_microseconds(" 1"));
    EXPECT_FALSE(unix_microseconds(""));
}

TEST(Otlp, IntegersAreWholeAndFit) {
    EXPECT_EQ(integer("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
    EXPECT_FALSE(integer("9223372036854775808"));
    EXPECT_FALSE(integer("+1"));
    EXPECT_FALSE(integer("1 "));
    EXPECT_FALSE(integer("0x1"));
    EXPECT_FALSE(integer(""));
}

TEST(Otlp, DecimalsAreFinite) {
    for (const char *const good : {"0", "-0", "1.5", "-1.5e3", ".5", "5.", "1e-300"})
        EXPECT_TRUE(is_decimal(good)) << good;
    for (const char *const bad :
         {"", "-", ".", "inf", "-inf", "nan", "NaN", "Infinity", "1e400", "0x10", "1,5", " 1", "1 ", "--1"})
        EXPECT_FALSE(is_decimal(bad)) << bad;
}

TEST(Otlp, KindsByNumberAndName) {
    EXPECT_EQ(span_kind("1").text, "internal");
    EXPECT_EQ(span_kind("2").text, "server");
    EXPECT_EQ(span_kind("3").text, "client");
    EXPECT_EQ(span_kind("4").text, "producer");
    EXPECT_EQ(span_kind("5").text, "consumer");
    EXPECT_EQ(span_kind("SPAN_KIND_CLIENT").text, "client");
    for (const char *const silent : {"", "0", "6", "-1", "99999999999", "SPAN_KIND_UNSPECIFIED"}) {
        EXPECT_TRUE(span_kind(silent).known) << silent;
        EXPECT_EQ(span_kind(silent).text, "") << silent;
    }
    for (const char *const wrong : {"client", "SPAN_KIND_client", "1.5", "99999999999999999999"})
        EXPECT_FALSE(span_kind(wrong).known) << wrong;
}

TEST(Otlp, StatusByNumberAndName) {
    EXPECT_EQ(status_code("1").text, "ok");
    EXPECT_EQ(status_code("2").text, "error");
    EXPECT_EQ(status_code("STATUS_CODE_ERROR").text, "error");
    EXPECT_EQ(status_code("STATUS_CODE_OK").text, "ok");
    EXPECT_EQ(status_code("0").text, "");
    EXPECT_EQ(status_code("STATUS_CODE_UNSET").text, "");
    EXPECT_FALSE(status_code("ERROR").known);
}

}  // namespace
}  // namespace analytics::spans
