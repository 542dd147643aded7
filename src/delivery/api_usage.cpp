// get_api_usage: what is written, from the rollup, and what is noted and not written yet.
#include "delivery/request_log.hpp"
#include "engine/periods.hpp"
#include "engine/reader.hpp"
#include "engine/sketch_elements.hpp"
#include "engine/sketch_types.hpp"
#include "pg/rows.hpp"

#include <algorithm>
#include <map>

extern "C" {
#include "catalog/pg_collation.h"
}

namespace analytics::delivery {
namespace {

struct Usage {
    int64 requests = 0, errors = 0, rate_limited = 0, auth_failures = 0;
    core::QuantileSketch latency;
    core::DistinctSet users;
};
using UsageByEndpoint = std::map<std::string, Usage>;

void add_written(const pg::Spi &spi, const std::string &tenant, int64 from, int64 to, UsageByEndpoint &usage) {
    const engine::Rollup &rollup = engine::find_rollup(spi, "request_stats");
    enum { requests, errors, rate_limited, auth_failures, latency, users, count };
    constexpr std::array<const char *, count> names{"requests",      "errors",  "rate_limited",
                                                    "auth_failures", "latency", "users"};
    engine::Query query{tenant, {from, to}, {}, {}, "endpoint"};
    for (const char *name : names) query.measures.push_back(rollup.measure(name));
    engine::Answer const answer = engine::read(spi, rollup, query, true);
    for (const engine::Group &group : answer.groups) {
        auto const whole = [&](int m) {
            auto const measure = static_cast<std::size_t>(query.measures[static_cast<std::size_t>(m)]);
            return engine::as_int64(rollup.measures[measure], answer.cell(group, 0, m));
        };
        if (whole(requests) == 0) continue;
        Usage &of = usage[group.key.value_or("")];
        of.requests += whole(requests);
        of.errors += whole(errors);
        of.rate_limited += whole(rate_limited);
        of.auth_failures += whole(auth_failures);
        if (const engine::Cell &cell = answer.cell(group, 0, latency); !cell.null)
            of.latency.merge(engine::stored_bytes(cell.value));
        if (const engine::Cell &cell = answer.cell(group, 0, users); !cell.null && cell.value != 0)
            of.users.merge(engine::stored_bytes(cell.value));
    }
}

void add_noted(SharedState &state, const std::string &tenant, int64 from, int64 to, UsageByEndpoint &usage) {
    engine::ElementType const text(TEXTOID, DEFAULT_COLLATION_OID);
    for (const NotedRequest &r : noted_requests(state)) {
        if (tenant != r.tenant || r.started_at < from || r.started_at >= to) continue;
        Usage &of = usage[r.endpoint];
        ++of.requests;
        of.errors += r.status >= 400;
        of.rate_limited += r.status == 429;
        of.auth_failures += r.status == 401 || r.status == 403;
        of.latency.add(std::max(r.duration_ms, 0.0));
        if (*r.user != '\0') of.users.add_hash(text.hash(pg::to_text(r.user)));
    }
}

}  // namespace
}  // namespace analytics::delivery

ANALYTICS_FUNCTION(analytics_get_api_usage) {
    using namespace analytics;
    using namespace analytics::delivery;
    pg::Args const args(fcinfo);
    int64 const hours = args.integer(0, "hours", 1, 8760, 24), as_of = engine::as_of_argument(args, 1);
    int64 const from = as_of - hours * USECS_PER_HOUR + 1, to = as_of + 1;
    std::string const tenant = engine::current_tenant();
    UsageByEndpoint usage;
    {
        pg::Spi const spi;
        add_written(spi, tenant, from, to, usage);
    }
    if (auto *const state = static_cast<SharedState *>(pg::shared_memory()); state != nullptr)
        add_noted(*state, tenant, from, to, usage);
    std::vector<UsageByEndpoint::value_type *> lines;
    for (auto &line : usage) lines.push_back(&line);
    std::stable_sort(lines.begin(), lines.end(),
                     [](const auto *a, const auto *b) { return a->second.requests > b->second.requests; });
    using Number = std::optional<double>;
    pg::RowSink<std::string, int64, Number, Number, Number, int64, int64, int64, int64> rows(fcinfo);
    for (auto *const line : lines) {
        Usage &of = line->second;
        auto const milliseconds = [&](double p) {
            Number const value = of.latency.quantile(p);
            return value ? Number(std::round(*value * 1000) / 1000) : Number();
        };
        rows.put(line->first, of.requests, milliseconds(0.5), milliseconds(0.95), milliseconds(0.99), of.errors,
                 of.rate_limited, static_cast<int64>(of.users.cardinality()), of.auth_failures);
    }
    return 0;
}
