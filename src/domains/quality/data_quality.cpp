// get_data_quality, its trend over days, and what run_maintenance keeps of a day.
#include "core/rollup/cover.hpp"
#include "core/statistics/theil_sen.hpp"
#include "core/text/json_text.hpp"
#include "domains/quality/scores.hpp"
#include "engine/periods.hpp"
#include "pg/json.hpp"
#include "pg/rows.hpp"

#include <cmath>
#include <map>

namespace analytics::quality {
namespace {

constexpr double dead_band = 0.5;  // points over the period

std::string json(const std::optional<pg::NumericValue> &value) {
    if (!value) return "null";
    return pg::call([&] { return DatumGetCString(DirectFunctionCall1(numeric_out, value->datum)); });
}

const char *status(const std::optional<double> &score) {
    if (!score) return "null";
    double const seen = std::round(*score * 100) / 100;  // what is shown decides: no 95.00 is a warning
    return seen >= 95 ? "\"pass\"" : seen >= 80 ? "\"warn\"" : "\"fail\"";
}

std::string json(const Check &check) {
    auto const pass =
        check.error || check.rows == 0
            ? std::nullopt
            : std::optional(100.0 * static_cast<double>(check.rows - check.failed) / static_cast<double>(check.rows));
    return "{\"name\": " + core::json_string(check.name) + ", \"table\": " + core::json_string(check.table) +
           ", \"weight\": " + json(pg::NumericValue{pg::from_double(check.weight)}) +
           ", \"judged_rows\": " + std::to_string(check.rows) + ", \"failed_rows\": " + std::to_string(check.failed) +
           ", \"pass_pct\": " + json(shown(pass)) +
           ", \"error\": " + (check.error ? core::json_string(*check.error) : "null") + "}";
}

std::string json(const Dimension &dimension) {
    std::string checks;
    for (const Check &check : dimension.checks) checks += (checks.empty() ? "" : ", ") + json(check);
    return "{\"name\": \"" + std::string(dimension.name) + "\", \"score\": " + json(shown(dimension.score)) +
           ", \"status\": " + status(dimension.score) + ", \"details\": {" + dimension.details +
           (checks.empty() ? "" : ", \"checks\": [" + checks + "]") + "}}";
}

std::string instant_text(int64 at) {
    Datum const written = pg::call([&] {
        Datum const utc = DirectFunctionCall2(timestamptz_zone, CStringGetTextDatum("UTC"), TimestampTzGetDatum(at));
        return DirectFunctionCall2(timestamp_to_char, utc, CStringGetTextDatum("YYYY-MM-DD\"T\"HH24:MI:SS.US+00:00"));
    });
    return pg::to_string(written);
}

/// Overall and the four dimensions, rounded.
using Row = std::array<std::optional<pg::NumericValue>, 5>;

Row row_of(const Scores &scores) {
    Row row{shown(scores.overall)};
    for (std::size_t i = 0; i < scores.dimensions.size(); ++i) row[i + 1] = shown(scores.dimensions[i].score);
    return row;
}

/// Scores of the days that are kept, by the day's number since 2000.
std::map<int64, Row> kept_days(const pg::Spi &spi, const std::string &tenant, int64 first, int64 last) {
    static pg::Statement statement(
        "SELECT d.day, d.overall_score, d.completeness, d.accuracy, d.timeliness, d.consistency "
        "FROM analytics_store.data_quality_days d WHERE d.tenant_id = $1 AND d.day >= $2 AND d.day <= $3",
        {TEXTOID, DATEOID, DATEOID}, pg::PlanFor::by_index);
    pg::Result const rows =
        statement.run(spi, std::array{pg::to_text(tenant), DateADTGetDatum(static_cast<DateADT>(first)),
                                      DateADTGetDatum(static_cast<DateADT>(last))});
    std::map<int64, Row> found;
    for (uint64 i = 0; i < rows.size(); ++i) {
        Row &row = found[DatumGetDateADT(*rows.get(i, 0))];
        for (std::size_t c = 0; c < row.size(); ++c)
            if (auto const value = rows.get(i, static_cast<int>(c) + 1)) row[c] = pg::NumericValue{*value};
    }
    return found;
}

/// What most pairs of days say: {"direction", "change_pct"}.
std::string trend(const std::vector<double> &x, const std::vector<double> &y) {
    if (x.size() < 2) return R"({"direction": "stable", "change_pct": null})";
    core::Line const line = core::theil_sen(y, x, pg::check_for_interrupts);
    double const begin = line.intercept + line.slope * x.front(), change = line.slope * (x.back() - x.front());
    const char *const direction = std::abs(change) <= dead_band ? "stable" : change > 0 ? "improving" : "declining";
    std::optional<double> const percent = begin == 0 ? std::nullopt : std::optional(100 * change / std::abs(begin));
    return std::string("{\"direction\": \"") + direction + "\", \"change_pct\": " + json(shown(percent)) + "}";
}

}  // namespace
}  // namespace analytics::quality

ANALYTICS_FUNCTION(analytics_get_data_quality) {
    using namespace analytics;
    using namespace analytics::quality;
    pg::Args const args(fcinfo);
    int64 const as_of = engine::as_of_argument(args, 0);
    std::string answer;
    {
        pg::Spi const spi;
        Scores const scores = read_scores(spi, engine::current_tenant(), as_of, true);
        answer = "{\"overall_score\": " + json(shown(scores.overall)) + ", \"dimensions\": [";
        for (const Dimension &dimension : scores.dimensions)
            answer += (&dimension == &scores.dimensions.front() ? "" : ", ") + json(dimension);
        answer += "], \"checked_at\": \"" + instant_text(as_of) + "\"}";
    }
    return pg::to_jsonb(answer);
}

ANALYTICS_FUNCTION(analytics_get_data_quality_trend) {
    using namespace analytics;
    using namespace analytics::quality;
    pg::Args const args(fcinfo);
    int32 const length = args.integer(0, "days", 1, 90, 30);
    int64 const as_of = engine::as_of_argument(args, 1), today = core::floor_div(as_of, engine::day);
    std::string const tenant = engine::current_tenant();
    std::string data;
    std::vector<double> x, y;
    std::string fitted;
    {
        pg::Spi const spi;
        std::map<int64, Row> rows = kept_days(spi, tenant, today - length + 1, today - 1);
        for (int64 day = today - length + 1; day <= today; ++day) {
            if (!rows.contains(day))
                rows[day] = row_of(read_scores(spi, tenant, std::min(as_of, (day + 1) * engine::day - 1), false));
            const Row &row = rows[day];
            data += std::string(data.empty() ? "" : ", ") + "{\"date\": \"" +
                    instant_text(day * engine::day).substr(0, 10) + "\", \"overall_score\": " + json(row[0]);
            for (std::size_t i = 0; i < 4; ++i)
                data += ", \"" + std::string(std::array{"completeness", "accuracy", "timeliness", "consistency"}[i]) +
                        "\": " + json(row[i + 1]);
            data += "}";
            if (row[0]) x.push_back(static_cast<double>(day)), y.push_back(pg::to_double(row[0]->datum));
        }
        fitted = trend(x, y);
    }
    return pg::to_jsonb("{\"period_days\": " + std::to_string(length) + ", \"data\": [" + data +
                        "], \"trend\": " + fitted + "}");
}

/// data_quality_of(tenant, as_of)
ANALYTICS_FUNCTION(analytics_data_quality_of) {
    using namespace analytics;
    using namespace analytics::quality;
    pg::Args const args(fcinfo);
    std::string const tenant = args.required_text(0, "tenant");
    int64 const as_of = engine::as_of_argument(args, 1);
    pg::Spi const spi;
    Row const row = row_of(read_scores(spi, tenant, as_of, false));
    return pg::make_row(fcinfo, row[0], row[1], row[2], row[3], row[4]);
}
