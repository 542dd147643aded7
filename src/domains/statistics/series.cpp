#include "domains/statistics/series.hpp"

#include "pg/arrays.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace analytics::statistics {
namespace {

std::vector<double> read(const pg::Args &args, int i, std::string_view name) {
    pg::ArrayElements const e = pg::elements_of(args.datum(i), FLOAT8OID);
    if (e.dimensions > 1)
        pg::bad_argument(name, "an array of " + std::to_string(e.dimensions) + " dimensions",
                         "a one-dimensional array");
    std::vector<double> numbers(static_cast<std::size_t>(e.count));
    for (int k = 0; k < e.count; ++k) {
        double const value = e.nulls[k] ? std::numeric_limits<double>::quiet_NaN() : DatumGetFloat8(e.values[k]);
        if (!e.nulls[k] && !std::isfinite(value))
            throw pg::Error(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, std::string(name) + " must hold finite numbers",
                            "Element " + std::to_string(k + 1) + " is " + (std::isnan(value) ? "NaN" : "infinite") +
                                ".",
                            "Pass NULL for a missing observation.");
        numbers[static_cast<std::size_t>(k)] = value;
    }
    return numbers;
}

bool is_missing(double value) { return std::isnan(value); }

}  // namespace

std::vector<double> series_argument(const pg::Args &args, int i) {
    if (args.null(i)) pg::bad_argument("series", "NULL", "an array of numbers, oldest first");
    std::vector<double> series = read(args, i, "series");
    if (std::all_of(series.begin(), series.end(), is_missing))
        pg::bad_argument("series", series.empty() ? "empty" : "nothing but NULL", "an array with at least one number");
    return series;
}

std::vector<double> numbers_argument(const pg::Args &args, int i, std::string_view name,
                                     std::vector<double> otherwise) {
    if (args.null(i)) return otherwise;
    std::vector<double> numbers = read(args, i, name);
    if (std::any_of(numbers.begin(), numbers.end(), is_missing))
        pg::bad_argument(name, "an array with NULL", "an array without NULL");
    return numbers;
}

int season_argument(const pg::Args &args, int i) { return args.integer(i, "season_length", 1, 100'000, 0); }

Datum to_array(std::span<const double> numbers) {
    std::vector<Datum> elements;
    elements.reserve(numbers.size());
    for (double const v : numbers) elements.push_back(Float8GetDatum(v));
    return pg::to_array(elements, FLOAT8OID);
}

}  // namespace analytics::statistics
