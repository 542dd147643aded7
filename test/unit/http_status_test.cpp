#include "core/text/http_status.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace analytics::core {
namespace {

// shared/postgrest.md's table, read from PostgREST 16.
TEST(HttpStatus, IsPostgRESTs) {
    std::map<std::string, int> const expected{
        {"22023", 400}, {"22P02", 400}, {"P0001", 400}, {"0A000", 400}, {"42703", 400}, {"23502", 400},
        {"23514", 400}, {"TW001", 400}, {"42501", 403}, {"28000", 403}, {"0LP01", 403}, {"0P000", 403},
        {"42883", 404}, {"42P01", 404}, {"25006", 405}, {"23503", 409}, {"23505", 409}, {"08006", 503},
        {"53300", 503}, {"57P01", 503}, {"53400", 500}, {"21000", 500}, {"25001", 500}, {"38000", 500},
        {"40001", 500}, {"42P17", 500}, {"54001", 500}, {"55P03", 500}, {"57014", 500}, {"58030", 500},
        {"P0002", 500}, {"XX000", 500}, {"PT404", 404}, {"PT429", 429}, {"PT4x9", 400}, {"", 500},
    };
    for (const auto &[state, status] : expected) EXPECT_EQ(http_status(state, true), status) << state;
    EXPECT_EQ(http_status("42501", false), 401);
}

TEST(HttpStatus, OfAFullRefusalStandsInItsDetail) {
    EXPECT_EQ(status_in_detail(R"({"status":429,"headers":{}})"), 429);
    EXPECT_EQ(status_in_detail(R"({"headers": {}, "status": 401})"), 401);
    for (const char *bad : {"", "{}", R"({"status":"429"})", R"({"status":99999999999999999999})", R"({"status":)"})
        EXPECT_EQ(status_in_detail(bad), 500) << bad;
}

}  // namespace
}  // namespace analytics::core
