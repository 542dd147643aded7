// How often drafts are approved as they are: over a trailing period, and between two days.
#include "domains/approvals/drafts.hpp"
#include "engine/periods.hpp"
#include "pg/json.hpp"
#include "pg/rows.hpp"

namespace analytics::approvals {
namespace {

constexpr std::size_t most_buckets = 2000;
constexpr int32 first_day = -730119, last_day = 2921939;  // 0001-01-01, 9999-12-31

/// The answer, made in the caller's memory while SPI is connected.
Datum to_answer(const std::string &text) {
    pg::InContext const in(pg::entry_context);
    return pg::to_jsonb(text);
}

std::string_view bucket_name(const std::string &granularity) {
    return granularity == "hour" ? "1h" : granularity == "day" ? "1d" : granularity == "week" ? "1w" : "1mo";
}

int64 day_argument(const pg::Args &args, int i, std::string_view name) {
    if (args.null(i)) pg::bad_argument(name, "NULL", "given", "Pass a day, such as 2026-03-01.");
    DateADT const date = DatumGetDateADT(args.datum(i));
    if (date < first_day || date > last_day) pg::bad_argument(name, "out of range", "between the years 1 and 9999");
    return date * engine::day;
}

}  // namespace
}  // namespace analytics::approvals

using namespace analytics;
using namespace analytics::approvals;

/// get_approval_accuracy(period, granularity, as_of)
ANALYTICS_FUNCTION(analytics_get_approval_accuracy) {
    pg::Args const args(fcinfo);
    std::string const period = args.one_of(0, "period", {"1h", "24h", "7d", "30d"}, "24h");
    std::string const granularity = args.one_of(1, "granularity", {"hour", "day", "week"}, "hour");
    int64 const as_of = engine::as_of_argument(args, 2);
    int64 const length = std::stoll(period) * (period.back() == 'h' ? engine::hour : engine::day);
    Buckets const buckets = *buckets_of(bucket_name(granularity), as_of - length + 1, as_of + 1, most_buckets);
    std::string const tenant = engine::current_tenant();
    pg::Spi const spi;
    std::vector<Drafts> const slots = read_drafts(spi, tenant, buckets.edges, as_of);
    Drafts sum = slots.front();
    for (std::size_t i = 1; i < slots.size(); ++i) sum += slots[i];
    std::string answer = R"({"period": ")" + period + R"(", "granularity": ")" + granularity + R"(", "data": [)";
    for (std::size_t i = slots.size(); i-- > 0;) {
        const Drafts &d = slots[i];
        answer += R"({"window_start": ")" + instant_text(buckets.starts[i]) + R"(", "total_drafts": )" +
                  std::to_string(d.total) + R"(, "approved_count": )" + std::to_string(d.approved) +
                  R"(, "approval_rate_pct": )" + json(d.approval_rate()) + R"(, "avg_confidence": )" +
                  json(d.mean_confidence()) + (i > 0 ? "}, " : "}");
    }
    return to_answer(answer + R"(], "summary": {"overall_approval_rate": )" + json(sum.approval_rate()) +
                     R"(, "total_drafts": )" + std::to_string(sum.total) + R"(, "avg_confidence": )" +
                     json(sum.mean_confidence()) + "}}");
}

/// get_approval_rate(start_date, end_date, group_by)
ANALYTICS_FUNCTION(analytics_get_approval_rate) {
    pg::Args const args(fcinfo);
    int64 const from = day_argument(args, 0, "start_date"), last = day_argument(args, 1, "end_date");
    std::string const group_by = args.one_of(2, "group_by", {"hour", "day", "week", "month"}, "day");
    if (from > last)
        pg::bad_argument("end_date", date_text(last), "at or after start_date (" + date_text(from) + ")",
                         "Pass a later end_date, or an earlier start_date.");
    auto const buckets = buckets_of(bucket_name(group_by), from, last + engine::day, most_buckets);
    if (!buckets)
        pg::bad_argument("end_date", "more than " + std::to_string(most_buckets) + " buckets after start_date",
                         "at most " + std::to_string(most_buckets) + " buckets of \"" + group_by +
                             "\" after start_date",
                         "Ask for fewer days, or pass a longer group_by.");
    std::string const tenant = engine::current_tenant();
    pg::Spi const spi;
    std::vector<Drafts> const slots = read_drafts(spi, tenant, buckets->edges, GetCurrentTransactionStartTimestamp());
    std::string answer = R"({"start_date": ")" + date_text(from) + R"(", "end_date": ")" + date_text(last) +
                         R"(", "group_by": ")" + group_by + R"(", "data": [)";
    for (std::size_t i = slots.size(); i-- > 0;) {
        const Drafts &d = slots[i];
        int64 const start = buckets->starts[i];
        answer += R"({"date": ")" + (group_by == "hour" ? instant_text(start) : date_text(start)) +
                  R"(", "total_drafts": )" + std::to_string(d.total) + R"(, "approved": )" +
                  std::to_string(d.approved) + R"(, "rejected": )" + std::to_string(d.rejected) + R"(, "edited": )" +
                  std::to_string(d.edited) + R"(, "approval_rate_pct": )" + json(d.approval_rate()) +
                  (i > 0 ? "}, " : "}");
    }
    return to_answer(answer + "]}");
}
