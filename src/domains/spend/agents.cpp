#include "domains/spend/agents.hpp"

#include "engine/sketch_elements.hpp"
#include "engine/sketch_types.hpp"
#include "pg/values.hpp"

#include <algorithm>
#include <array>

extern "C" {
#include "catalog/pg_collation.h"
}

namespace analytics::spend {
namespace {

constexpr int64 half_hour = 30 * engine::minute;  // the predicate of the index task_records_long
constexpr int64 recently = 15 * engine::minute;   // how long an observation makes an agent active
constexpr int64 first_instant = MIN_TIMESTAMP;

Datum interval(int64 microseconds) {
    return pg::call([&] {
        auto *const value = static_cast<Interval *>(palloc0(sizeof(Interval)));
        value->time = microseconds;
        return IntervalPGetDatum(value);
    });
}

/// One read for all slots, with the sets of one measure united into them.
void add_sets(const pg::Spi &spi, const std::string &tenant, const std::vector<int64> &edges, const char *rollup_name,
              const char *measure, std::span<AgentSet> slots) {
    const engine::Rollup &rollup = engine::find_rollup(spi, rollup_name);
    engine::Answer const answer = engine::read(spi, rollup, {tenant, edges, {rollup.measure(measure)}}, true);
    for (std::size_t i = 0; i < slots.size(); ++i)
        slots[i].add(answer.cell(answer.groups.front(), static_cast<int>(i), 0));
}

void add_work(const pg::Result &rows, std::vector<Work> &work) {
    for (uint64 i = 0; i < rows.size(); ++i) {
        auto const from = rows.get(i, 1), to = rows.get(i, 2);
        work.push_back({pg::to_string(*rows.get(i, 0)), from ? DatumGetTimestampTz(*from) : DT_NOBEGIN,
                        to ? DatumGetTimestampTz(*to) : DT_NOEND});
    }
}

}  // namespace

void AgentSet::add(std::string_view agent) {
    static const engine::ElementType type(TEXTOID, DEFAULT_COLLATION_OID);
    set_.add_hash(type.hash(pg::to_text(agent)));
}

void AgentSet::add(const engine::Cell &cell) {
    if (!cell.null && cell.value != 0) set_.merge(engine::stored_bytes(cell.value));
}

std::vector<Work> work_across(const pg::Spi &spi, Datum tenant, int64 from, int64 to, int64 longest) {
    static pg::Statement open(
        "SELECT t.agent_id, coalesce(t.started_at, $2 - interval '1 microsecond'), NULL::timestamptz "
        "FROM analytics_data.task_records t WHERE t.tenant_id = $1 AND t.completed_at IS NULL AND t.status = 'running' "
        "AND (t.started_at < $2 OR t.started_at IS NULL)",
        {TEXTOID, TIMESTAMPTZOID}, pg::PlanFor::by_index);
    static pg::Statement lasting(
        "SELECT t.agent_id, t.started_at, t.completed_at FROM analytics_data.task_records t "
        "WHERE t.tenant_id = $1 AND t.completed_at >= $2 AND t.started_at < $3 "
        "AND t.completed_at - t.started_at >= interval '30 minutes' AND t.completed_at - t.started_at >= $4",
        {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INTERVALOID}, pg::PlanFor::by_index);
    static pg::Statement going_on(
        "SELECT t.agent_id, t.started_at, t.completed_at FROM analytics_data.task_records t "
        "WHERE t.tenant_id = $1 AND t.completed_at >= $2 AND t.completed_at < $2 + $3 AND t.started_at < $2 "
        "AND t.completed_at - t.started_at < $3",
        {TEXTOID, TIMESTAMPTZOID, INTERVALOID}, pg::PlanFor::by_index);
    longest = std::max(longest, half_hour);
    Datum const start = TimestampTzGetDatum(from), end = TimestampTzGetDatum(to), length = interval(longest);
    std::vector<Work> work;
    add_work(open.run(spi, std::array{tenant, end}), work);
    add_work(lasting.run(spi, std::array{tenant, start, end, length}), work);
    add_work(going_on.run(spi, std::array{tenant, end, length}), work);
    return work;
}

std::vector<int64> active_agents(const pg::Spi &spi, const std::string &tenant, const std::vector<int64> &edges,
                                 int64 shortest_slot) {
    std::vector<AgentSet> slots(edges.size() - 1);
    add_sets(spi, tenant, edges, "llm_call_stats", "agents", slots);
    add_sets(spi, tenant, edges, "task_stats", "agents", slots);
    add_sets(spi, tenant, edges, "task_starts", "agents", slots);
    add_sets(spi, tenant, edges, "agent_status_stats", "active_agents", slots);
    for (const Work &work : work_across(spi, pg::to_text(tenant), edges.front(), edges.back(), shortest_slot))
        for (std::size_t i = 0; i < slots.size(); ++i)
            if (work.from < edges[i + 1] && work.to >= edges[i]) slots[i].add(work.agent);
    std::vector<int64> counts;
    counts.reserve(slots.size());
    for (AgentSet &slot : slots) counts.push_back(slot.size());
    return counts;
}

AgentCounts agents_at(const pg::Spi &spi, const std::string &tenant, int64 as_of) {
    // Each agent's last observation, found by jumping from agent to agent in the primary key: the log may be long.
    static pg::Statement last_observed(
        "WITH RECURSIVE agents(agent_id) AS ("
        "(SELECT l.agent_id FROM analytics_data.agent_status_log l WHERE l.tenant_id = $1 ORDER BY l.agent_id LIMIT 1) "
        "UNION ALL SELECT (SELECT l.agent_id FROM analytics_data.agent_status_log l "
        "WHERE l.tenant_id = $1 AND l.agent_id > a.agent_id ORDER BY l.agent_id LIMIT 1) "
        "FROM agents a WHERE a.agent_id IS NOT NULL) "
        "SELECT a.agent_id, o.status, o.observed_at FROM agents a, LATERAL (SELECT l.status, l.observed_at "
        "FROM analytics_data.agent_status_log l WHERE l.tenant_id = $1 AND l.agent_id = a.agent_id "
        "AND l.observed_at <= $2 ORDER BY l.observed_at DESC LIMIT 1) o WHERE a.agent_id IS NOT NULL",
        {TEXTOID, TIMESTAMPTZOID}, pg::PlanFor::by_index);
    static pg::Statement registered("SELECT g.agent_id, g.enabled FROM analytics_data.agents g WHERE g.tenant_id = $1",
                                    {TEXTOID}, pg::PlanFor::by_index);
    static pg::Statement waiting("SELECT DISTINCT t.agent_id FROM analytics_data.task_records t "
                                 "WHERE t.tenant_id = $1 AND t.completed_at IS NULL AND t.started_at IS NULL",
                                 {TEXTOID}, pg::PlanFor::by_index);
    Datum const tenant_text = pg::to_text(tenant);
    std::set<std::string> active, offline, disabled;
    AgentSet not_idle, known;
    for (const Work &work : work_across(spi, tenant_text, as_of, as_of + 1, half_hour))
        if (work.from <= as_of && work.to > as_of) active.insert(work.agent);

    pg::Result const observations = last_observed.run(spi, std::array{tenant_text, TimestampTzGetDatum(as_of)});
    for (uint64 i = 0; i < observations.size(); ++i) {
        std::string const agent = pg::to_string(*observations.get(i, 0)),
                          status = pg::to_string(*observations.get(i, 1));
        known.add(agent);
        if (status == "offline") offline.insert(agent);
        if (status == "active" && as_of - DatumGetTimestampTz(*observations.get(i, 2)) <= recently)
            active.insert(agent);
    }
    for (const std::string &agent : offline) active.erase(agent);
    pg::Result const agents = registered.run(spi, std::array{tenant_text});
    for (uint64 i = 0; i < agents.size(); ++i) {
        std::string const agent = pg::to_string(*agents.get(i, 0));
        known.add(agent);
        if (!DatumGetBool(*agents.get(i, 1))) disabled.insert(agent);
    }
    pg::Result const tasks = waiting.run(spi, std::array{tenant_text});
    for (uint64 i = 0; i < tasks.size(); ++i) known.add(pg::to_string(*tasks.get(i, 0)));

    std::vector<int64> const all_time{first_instant, as_of + 1};
    for (const char *rollup : {"llm_call_stats", "task_stats", "task_starts"})
        add_sets(spi, tenant, all_time, rollup, "agents", std::span(&known, 1));
    // |known without those| = |known and those| - |those|, and those need not be known
    for (const auto *names : {&active, &offline, &disabled})
        for (const std::string &agent : *names) not_idle.add(agent), known.add(agent);
    return {static_cast<int64>(active.size()), known.size() - not_idle.size()};
}

}  // namespace analytics::spend
