#include "domains/approvals/drafts.hpp"

#include "pg/rows.hpp"

#include <algorithm>
#include <chrono>

namespace analytics::approvals {
namespace {

enum Measure : int {
    drafts,
    pending,
    approved,
    rejected,
    edited,
    confidence,
    resolution_s,
    urgent,
    high,
    normal,
    low,
    least_confidence,
    greatest_confidence,
    measure_count
};
constexpr std::array<const char *, measure_count> names{
    "drafts", "pending", "approved", "rejected", "edited",           "confidence",         "resolution_s",
    "urgent", "high",    "normal",   "low",      "least_confidence", "greatest_confidence"};

Datum subtract(Datum a, Datum b) { return pg::numeric_call(numeric_sub, a, b); }

/// Takes back what was decided after as_of.
void reopen(const pg::Spi &spi, const std::string &tenant, const std::vector<int64> &edges, int64 as_of,
            std::vector<Drafts> &slots) {
    static pg::Statement statement("SELECT d.created_at, d.status, extract(epoch FROM d.resolved_at - d.created_at) "
                                   "FROM analytics_internal.approvals_decided_after($1, $2) d "
                                   "WHERE d.created_at >= $3 AND d.created_at < $4",
                                   {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID}, pg::PlanFor::by_index);
    std::array const values{pg::to_text(tenant), TimestampTzGetDatum(as_of), TimestampTzGetDatum(edges.front()),
                            TimestampTzGetDatum(edges.back())};
    pg::Result const rows = statement.run(spi, values);
    for (uint64 i = 0; i < rows.size(); ++i) {
        int64 const at = DatumGetTimestampTz(*rows.get(i, 0));
        auto const slot = std::upper_bound(edges.begin(), edges.end(), at) - edges.begin() - 1;
        Drafts &d = slots[static_cast<std::size_t>(slot)];
        std::string const status = pg::to_string(*rows.get(i, 1));
        --(status == "approved" ? d.approved : status == "rejected" ? d.rejected : d.edited);
        ++d.pending, --d.resolved;
        d.resolution_s = subtract(d.resolution_s, *rows.get(i, 2));
    }
}

}  // namespace

Drafts &Drafts::operator+=(const Drafts &d) {
    total += d.total, pending += d.pending, approved += d.approved, rejected += d.rejected, edited += d.edited;
    urgent += d.urgent, high += d.high, normal += d.normal, low += d.low;
    confidence = pg::add(confidence, d.confidence), with_confidence += d.with_confidence;
    resolution_s = pg::add(resolution_s, d.resolution_s), resolved += d.resolved;
    return *this;
}

std::vector<Drafts> read_drafts(const pg::Spi &spi, const std::string &tenant, const std::vector<int64> &edges,
                                int64 as_of) {
    const engine::Rollup &rollup = engine::find_rollup(spi, "approval_stats");
    engine::Query query{tenant, edges, {}};
    for (const char *name : names) query.measures.push_back(rollup.measure(name));
    engine::Answer const answer = engine::read(spi, rollup, query);
    std::vector<Drafts> slots;
    for (int slot = 0; slot < answer.slots; ++slot) {
        auto const cell = [&](int m) -> const engine::Cell & { return answer.cell(answer.groups.front(), slot, m); };
        auto const measure = [&](int m) -> const engine::Measure & {
            return rollup.measures[static_cast<std::size_t>(query.measures[static_cast<std::size_t>(m)])];
        };
        auto const count = [&](int m) { return engine::as_int64(measure(m), cell(m)); };
        auto const number = [&](int m) { return engine::as_numeric(measure(m), cell(m)); };
        auto const number_or_none = [&](int m) {
            return cell(m).null ? Number() : Number(pg::NumericValue{number(m)});
        };
        Drafts d;
        d.total = count(drafts), d.pending = count(pending), d.approved = count(approved);
        d.rejected = count(rejected), d.edited = count(edited);
        d.urgent = count(urgent), d.high = count(high), d.normal = count(normal), d.low = count(low);
        d.confidence = number(confidence), d.with_confidence = cell(confidence).count;
        d.resolution_s = number(resolution_s), d.resolved = cell(resolution_s).count;
        d.least_confidence = number_or_none(least_confidence);
        d.greatest_confidence = number_or_none(greatest_confidence);
        slots.push_back(d);
    }
    reopen(spi, tenant, edges, as_of, slots);
    return slots;
}

std::optional<Buckets> buckets_of(std::string_view bucket_name, int64 from, int64 to, std::size_t most) {
    core::Zone const utc = core::Zone::utc();
    core::Bucket const bucket = *core::parse_bucket(bucket_name);
    Buckets buckets;
    for (int64 at = core::bucket_start(utc, bucket, from); at < to; at = core::next_bucket(utc, bucket, at)) {
        if (buckets.starts.size() == most) return std::nullopt;
        buckets.starts.push_back(at);
        buckets.edges.push_back(std::max(at, from));
    }
    buckets.edges.push_back(to);
    return buckets;
}

std::string date_text(int64 at) {
    using namespace std::chrono_literals;
    std::chrono::days const since(core::floor_div(at, core::micros_per_day));
    std::chrono::year_month_day const date(std::chrono::sys_days(2000y / 1 / 1) + since);
    char buffer[32];
    snprintf(buffer, sizeof buffer, "%04d-%02u-%02u", static_cast<int>(date.year()),
             static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    return buffer;
}

std::string instant_text(int64 at) {
    auto const second = static_cast<int>(core::floor_mod(at, core::micros_per_day) / core::micros_per_second);
    char buffer[40];
    snprintf(buffer, sizeof buffer, "T%02d:%02d:%02d+00:00", second / 3600, second / 60 % 60, second % 60);
    return date_text(at) + buffer;
}

std::string json(const Number &number) {
    if (!number) return "null";
    Datum const value = number->datum;
    return pg::call([&] { return DatumGetCString(DirectFunctionCall1(numeric_out, value)); });
}

}  // namespace analytics::approvals
