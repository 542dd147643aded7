#include "engine/filters.hpp"

#include <algorithm>

extern "C" {
#include "utils/jsonb.h"
}

namespace analytics::engine {
namespace {

constexpr std::size_t most_values = 100, longest_value = 1000;
constexpr const char *shape = "an object of dimensions, each with a text or an array of texts";
constexpr const char *example =
    "Example: {\"model\": [\"a\", \"b\"]}; {} filters nothing. Rows without a value match no filter.";

std::string dimension_list(const Rollup &rollup) {
    std::string list;
    for (const std::string &d : rollup.dimensions) list += (list.empty() ? "" : ", ") + d;
    return list;
}

[[noreturn]] void unknown_dimension(std::string_view argument, const std::string &given, const Rollup &rollup) {
    bool const grouping = argument == "group_by";
    if (rollup.dimensions.empty())
        pg::bad_argument(argument, "\"" + given + "\"", grouping ? "NULL" : "{}",
                         "The rollup \"" + rollup.name + "\" has no dimensions.");
    pg::bad_argument(argument, grouping ? "\"" + given + "\"" : "by \"" + given + "\"",
                     std::string(grouping ? "a dimension" : "by dimensions") + " of the rollup \"" + rollup.name + "\"",
                     "Its dimensions: " + dimension_list(rollup) + ".");
}

/// A scalar as the text that a dimension is compared with.
std::string scalar_text(const std::string &dimension, const JsonbValue &value) {
    std::string text;
    switch (value.type) {
    case jbvString:
        text.assign(value.val.string.val, static_cast<std::size_t>(value.val.string.len));
        break;
    case jbvBool:
        text = value.val.boolean ? "true" : "false";
        break;
    case jbvNumeric:
        text = pg::call(
            [&] { return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value.val.numeric))); });
        break;
    default:
        pg::bad_argument("filters", "null at \"" + dimension + "\"", shape, example);
    }
    if (text.size() > longest_value)
        pg::bad_argument("filters", std::to_string(text.size()) + " bytes long at \"" + dimension + "\"",
                         "values of at most " + std::to_string(longest_value) + " bytes");
    return text;
}

}  // namespace

std::vector<Filter> filters_argument(const pg::Args &args, int i, const Rollup &rollup) {
    std::vector<Filter> filters;
    if (args.null(i)) return filters;
    Datum const argument = args.datum(i);
    Jsonb *const json = pg::call([&] { return DatumGetJsonbP(argument); });
    if (!JB_ROOT_IS_OBJECT(json)) pg::bad_argument("filters", "not an object", shape, example);
    if (JB_ROOT_COUNT(json) == 0) return filters;
    // Keys come before their values; the object and its arrays announce their beginning and end.
    int depth = 0;
    JsonbIterator *iterator = pg::call([&] { return JsonbIteratorInit(&json->root); });
    JsonbValue token;
    for (;;) {
        JsonbIteratorToken const kind = pg::call([&] { return JsonbIteratorNext(&iterator, &token, false); });
        if (kind == WJB_DONE) break;
        if (kind == WJB_KEY) {
            std::string name(token.val.string.val, static_cast<std::size_t>(token.val.string.len));
            if (!rollup.has_dimension(name)) unknown_dimension("filters", name, rollup);
            filters.push_back({std::move(name), {}});
        } else if (kind == WJB_VALUE || kind == WJB_ELEM) {
            Filter &filter = filters.back();
            if (filter.values.size() == most_values)
                pg::bad_argument(
                    "filters", "longer than " + std::to_string(most_values) + " values at \"" + filter.dimension + "\"",
                    "at most " + std::to_string(most_values) + " values a dimension");
            filter.values.push_back(scalar_text(filter.dimension, token));
        } else if (kind == WJB_BEGIN_OBJECT || kind == WJB_BEGIN_ARRAY) {
            if (++depth > (kind == WJB_BEGIN_OBJECT ? 1 : 2))
                pg::bad_argument("filters", "nested at \"" + filters.back().dimension + "\"", shape, example);
        } else if (kind == WJB_END_OBJECT || kind == WJB_END_ARRAY) {
            --depth;
            if (!filters.back().values.empty()) continue;
            pg::bad_argument("filters", "an empty array at \"" + filters.back().dimension + "\"",
                             "an object of dimensions, each with at least one value",
                             "Leave a dimension out to see all of its values.");
        }
    }
    return filters;
}

std::optional<std::string> group_by_argument(const pg::Args &args, int i, const Rollup &rollup) {
    std::optional<std::string> name = args.text(i, "group_by");
    if (name && !rollup.has_dimension(*name)) unknown_dimension("group_by", *name, rollup);
    return name;
}

}  // namespace analytics::engine
