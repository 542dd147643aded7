// decompose: a series as trend, seasons and remainder.
#include "core/series/gaps.hpp"
#include "core/series/mstl.hpp"
#include "domains/statistics/series.hpp"
#include "pg/arrays.hpp"
#include "pg/rows.hpp"

#include <algorithm>

using namespace analytics;

namespace {

std::vector<int> lengths_argument(const pg::Args &args, int i) {
    constexpr const char *allowed = "an array of one to five different lengths of at least 2";
    if (args.null(i))
        pg::bad_argument("season_lengths", "NULL", allowed, "Pass ARRAY[7] for days, ARRAY[24, 168] for hours.");
    pg::ArrayElements const e = pg::elements_of(args.datum(i), INT4OID);
    if (e.dimensions > 1)
        pg::bad_argument("season_lengths", "an array of " + std::to_string(e.dimensions) + " dimensions", allowed);
    std::vector<int> lengths;
    for (int k = 0; k < e.count; ++k) {
        int const length = e.nulls[k] ? 0 : DatumGetInt32(e.values[k]);
        if (length < 2 || std::find(lengths.begin(), lengths.end(), length) != lengths.end())
            pg::bad_argument("season_lengths",
                             "an array with " + (e.nulls[k] ? std::string("NULL") : std::to_string(length)) +
                                 (length < 2 ? "" : " twice"),
                             allowed);
        lengths.push_back(length);
    }
    if (lengths.empty() || lengths.size() > 5)
        pg::bad_argument("season_lengths", std::to_string(lengths.size()) + " long", allowed);
    return lengths;
}

}  // namespace

ANALYTICS_FUNCTION(analytics_decompose) {
    pg::Args const args(fcinfo);
    std::vector<double> const series = statistics::series_argument(args, 0);
    std::vector<int> const lengths = lengths_argument(args, 1);
    using Array = pg::Raw<FLOAT8ARRAYOID>;
    using Number = std::optional<double>;
    pg::RowSink<int32, Number, double, Array, Number> rows(fcinfo);
    core::MstlParts const parts = core::mstl(core::without_gaps(series), lengths, false, pg::check_for_interrupts);
    MemoryContext const scratch = pg::call(
        [] { return AllocSetContextCreate(CurrentMemoryContext, "analytics decompose", ALLOCSET_SMALL_SIZES); });
    pg::InContext const in(scratch);
    std::vector<double> seasons(lengths.size());
    for (std::size_t i = 0; i < series.size(); ++i) {
        for (std::size_t s = 0; s < seasons.size(); ++s) seasons[s] = parts.seasons[s][i];
        bool const missing = std::isnan(series[i]);
        rows.put(static_cast<int32>(i) + 1, missing ? Number() : series[i], parts.trend[i],
                 Array{statistics::to_array(seasons)}, missing ? Number() : parts.remainder[i]);
        pg::call([&] { MemoryContextReset(scratch); });
        if ((i & 1023) == 1023) pg::check_for_interrupts();
    }
    return 0;
}
