#include "domains/quality/scores.hpp"

#include "core/sketch/distinct_set.hpp"
#include "engine/sketch_elements.hpp"
#include "engine/sketch_types.hpp"
#include "pg/settings.hpp"

extern "C" {
#include "catalog/pg_collation.h"
}

namespace analytics::quality {
namespace {

constexpr int64 window = 30 * engine::day;
constexpr std::array<std::string_view, 4> names{"completeness", "accuracy", "timeliness", "consistency"};

/// A set of agents as the rollups keep it: hashes of their names, in the stored form of core::DistinctSet.
using Agents = std::vector<std::byte>;

core::Hash128 hash_of(std::string_view agent) {
    static const engine::ElementType type(TEXTOID, DEFAULT_COLLATION_OID);
    return type.hash(pg::to_text(agent));
}
Agents agents_of(const engine::Cell &cell) {
    if (cell.null || cell.value == 0) return core::DistinctSet().bytes();
    std::span<const std::byte> const stored = engine::stored_bytes(cell.value);
    return {stored.begin(), stored.end()};
}
Agents united(const Agents &a, const Agents &b) {
    core::DistinctSet both;
    both.merge(a), both.merge(b);
    return both.bytes();
}
std::uint64_t size_of(const Agents &agents) { return core::DistinctSet::cardinality(agents); }

/// Sums over the rows of one table, from its rollup.
struct Table {
    int64 rows = 0, missing = 0, fields = 0, invalid = 0, late = 0, referring = 0;
    std::vector<std::pair<std::string, int64>> null_counts, broken;
    Agents agents = core::DistinctSet().bytes();
};

std::string member(std::string_view key, int64 value) {
    return "\"" + std::string(key) + "\": " + std::to_string(value);
}
std::string object(const std::vector<std::pair<std::string, int64>> &members) {
    std::string list;
    for (const auto &[key, value] : members) list += (list.empty() ? "" : ", ") + member(key, value);
    return "{" + list + "}";
}

/// What a table's rollups are: its sums, and by agent the measure that counts its rows.
struct TableSource {
    std::string_view name;
    const char *rollup, *by_agent, *rows_by_agent;
};
constexpr std::array<TableSource, 3> sources{
    {{"agent_approvals", "approval_quality", "approvals_by_agent", "drafts"},
     {"agent_queries", "query_quality", "agent_query_stats", "queries"},
     {"training_examples", "training_quality", "training_by_agent", "examples"}}};

std::vector<int64> slot(int64 as_of) { return {as_of + 1 - window, as_of + 1}; }

Table read_table(const pg::Spi &spi, const std::string &tenant, int64 as_of, const TableSource &source) {
    const engine::Rollup &rollup = engine::find_rollup(spi, source.rollup);
    engine::Query query{tenant, slot(as_of), {}};
    for (std::size_t m = 0; m < rollup.measures.size(); ++m) query.measures.push_back(static_cast<int>(m));
    engine::Answer const answer = engine::read(spi, rollup, query, true);
    Table table;
    for (std::size_t m = 0; m < rollup.measures.size(); ++m) {
        const engine::Measure &measure = rollup.measures[m];
        const engine::Cell &cell = answer.groups.front().cells[m];
        std::string_view const what = measure.name;
        if (what == "agents") {
            table.agents = agents_of(cell);
            continue;
        }
        int64 const count = engine::as_int64(measure, cell);
        if (what == "records") table.rows = count;
        else if (what == "invalid") table.invalid = count;
        else if (what == "late") table.late = count;
        else if (what == "referring") table.referring = count;
        else if (what.starts_with("missing_")) table.null_counts.emplace_back(what.substr(8), count);
        else if (what.starts_with("broken_")) table.broken.emplace_back(what.substr(7), count);
    }
    for (const auto &[field, count] : table.null_counts) table.missing += count;
    table.fields = table.rows * static_cast<int64>(table.null_counts.size());
    return table;
}

std::optional<double> share(int64 good, int64 all) {
    if (all == 0) return std::nullopt;
    return 100.0 * static_cast<double>(good) / static_cast<double>(all);
}

struct Pending {
    int64 total, stale;
};

/// Drafts of the window that were open at as_of, and those of them that had been for more than an hour.
Pending pending_at(const pg::Spi &spi, Datum tenant, int64 as_of) {
    static pg::Statement statement(
        "SELECT count(*), count(*) FILTER (WHERE o.created_at < $3) FROM ("
        "SELECT a.created_at FROM analytics_data.agent_approvals a "
        "WHERE a.tenant_id = $1 AND a.status = 'pending' AND a.created_at <= $2 "
        "UNION ALL SELECT d.created_at FROM analytics_internal.approvals_decided_after($1, $2) d) o "
        "WHERE o.created_at > $4",
        {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID}, pg::PlanFor::by_index);
    pg::Result const row =
        statement.run(spi, std::array{tenant, TimestampTzGetDatum(as_of), TimestampTzGetDatum(as_of - engine::hour),
                                      TimestampTzGetDatum(as_of - window)});
    return {DatumGetInt64(*row.get(0, 0)), DatumGetInt64(*row.get(0, 1))};
}

/// Whom a row may name as its agent: where agents are registered, those; else those that were asked or called a model
/// in the window. Where there are none of these either, nothing: everybody is known.
Agents known_agents(const pg::Spi &spi, const std::string &tenant, int64 as_of, const Table &queries) {
    static pg::Statement registered("SELECT g.agent_id FROM analytics_data.agents g WHERE g.tenant_id = $1", {TEXTOID},
                                    pg::PlanFor::by_index);
    pg::Result const agents = registered.run(spi, std::array{pg::to_text(tenant)});
    if (!agents.empty()) {
        core::DistinctSet known;
        for (uint64 i = 0; i < agents.size(); ++i) known.add_hash(hash_of(pg::to_string(*agents.get(i, 0))));
        return known.bytes();
    }
    const engine::Rollup &calls = engine::find_rollup(spi, "llm_call_stats");
    engine::Answer const callers = engine::read(spi, calls, {tenant, slot(as_of), {calls.measure("agents")}}, true);
    return united(agents_of(callers.groups.front().cells.front()), queries.agents);
}

/// Whether a row may name this agent.
bool knows(const Agents &known, std::string_view agent) {
    return size_of(known) == 0 || core::DistinctSet::holds(known, hash_of(agent));
}

/// Rows of one table whose agent is not known. The sets tell whether there are any, before they are counted by agent.
int64 rows_of_strangers(const pg::Spi &spi, const std::string &tenant, int64 as_of, const TableSource &source,
                        const Table &table, const Agents &known) {
    if (size_of(known) == 0 || size_of(united(known, table.agents)) == size_of(known)) return 0;
    const engine::Rollup &rollup = engine::find_rollup(spi, source.by_agent);
    engine::Query query{tenant, slot(as_of), {rollup.measure(source.rows_by_agent)}};
    query.group_by = "agent";
    int64 count = 0;
    for (const engine::Group &group : engine::read(spi, rollup, query).groups)
        if (group.key && !knows(known, *group.key))
            count += engine::as_int64(rollup.measures[static_cast<std::size_t>(query.measures[0])], group.cells[0]);
    return count;
}

/// Training examples of the window whose conversation no approval has, by agent. What is stored holds but for the
/// conversations with a note; under a policy of the user's own nothing that is stored does.
pg::Result orphan_examples(const pg::Spi &spi, const std::string &tenant, int64 as_of) {
    static pg::Statement restricted("SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid IN ("
                                    "'analytics_data.training_examples'::pg_catalog.regclass, "
                                    "'analytics_data.agent_approvals'::pg_catalog.regclass) "
                                    "AND p.polname <> 'tenant_isolation' LIMIT 1",
                                    {}, pg::PlanFor::by_index);
    // Notes and orphans may be many when the plan was made for few: both are looked up one by one, by their index.
    static pg::Statement stored(
        "SELECT o.agent, count(*) FROM ("
        "SELECT s.agent FROM analytics_store.orphan_examples s "
        "WHERE s.tenant_id = $1 AND s.created_at >= $2 AND s.created_at < $3 AND ("
        "SELECT true FROM analytics_store.conversation_notes n WHERE n.tenant_id = $1 "
        "AND n.conversation_id = s.conversation_id LIMIT 1) IS NULL "
        "UNION ALL SELECT e.agent FROM (SELECT DISTINCT n.conversation_id FROM analytics_store.conversation_notes n "
        "WHERE n.tenant_id = $1 OFFSET 0) n, LATERAL (SELECT e.agent FROM analytics_data.training_examples e "
        "WHERE e.tenant_id = $1 AND e.conversation_id = n.conversation_id AND e.created_at >= $2 AND e.created_at < $3 "
        "OFFSET 0) e WHERE (SELECT true FROM analytics_data.agent_approvals a WHERE a.tenant_id = $1 "
        "AND a.conversation_id = n.conversation_id LIMIT 1) IS NULL) o GROUP BY o.agent",
        {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID}, pg::PlanFor::by_index);
    static pg::Statement seen("SELECT e.agent, count(*) FROM analytics_data.training_examples e "
                              "WHERE e.tenant_id = $1 AND e.created_at >= $2 AND e.created_at < $3 "
                              "AND e.conversation_id IS NOT NULL AND ("
                              "SELECT true FROM analytics_data.agent_approvals a WHERE a.tenant_id = $1 "
                              "AND a.conversation_id = e.conversation_id LIMIT 1) IS NULL GROUP BY e.agent",
                              {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID}, pg::PlanFor::by_index);
    bool const all_seen = restricted.run(spi, {}).empty();
    return (all_seen ? stored : seen)
        .run(spi,
             std::array{pg::to_text(tenant), TimestampTzGetDatum(as_of + 1 - window), TimestampTzGetDatum(as_of + 1)});
}

struct References {
    int64 records = 0, orphans = 0, unknown_agents = 0, unknown_conversations = 0;
};

/// A row that refers to an unknown agent and to an unknown conversation is one orphan.
References references(const pg::Spi &spi, const std::string &tenant, int64 as_of, const std::array<Table, 3> &tables) {
    static pg::Statement approvals("SELECT FROM analytics_data.agent_approvals a WHERE a.tenant_id = $1 LIMIT 1",
                                   {TEXTOID}, pg::PlanFor::by_index);
    Agents const known = known_agents(spi, tenant, as_of, tables[1]);
    References found;
    for (std::size_t i = 0; i < tables.size(); ++i) {
        found.records += tables[i].referring;
        found.unknown_agents += rows_of_strangers(spi, tenant, as_of, sources[i], tables[i], known);
    }
    found.orphans = found.unknown_agents;
    if (approvals.run(spi, std::array{pg::to_text(tenant)}).empty()) return found;
    pg::Result const rows = orphan_examples(spi, tenant, as_of);
    for (uint64 i = 0; i < rows.size(); ++i) {
        auto const agent = rows.get(i, 0);
        int64 const count = DatumGetInt64(*rows.get(i, 1));
        found.unknown_conversations += count;
        if (!agent || knows(known, pg::to_string(*agent))) found.orphans += count;
    }
    return found;
}

/// The mean of what is built in, which weighs 1, and of the tenant's own rules.
void add_checks(Dimension &dimension, std::vector<Check> checks) {
    double sum = dimension.score.value_or(0), weights = dimension.score ? 1 : 0;
    for (const Check &check : checks) {
        auto const passed = check.error ? std::nullopt : share(check.rows - check.failed, check.rows);
        if (!passed) continue;
        sum += check.weight * *passed, weights += check.weight;
    }
    if (weights > 0) dimension.score = sum / weights;
    dimension.checks = std::move(checks);
}

}  // namespace

std::optional<pg::NumericValue> shown(const std::optional<double> &score) {
    if (!score) return std::nullopt;
    return pg::rounded(pg::from_double(*score), 2);
}

Scores read_scores(const pg::Spi &spi, const std::string &tenant, int64 as_of, bool details) {
    std::array<Table, 3> tables;
    for (std::size_t i = 0; i < tables.size(); ++i) tables[i] = read_table(spi, tenant, as_of, sources[i]);
    Pending const pending = pending_at(spi, pg::to_text(tenant), as_of);
    References const refers = references(spi, tenant, as_of, tables);
    int64 rows = 0, missing = 0, fields = 0, invalid = 0, late = 0;
    for (const Table &t : tables)
        rows += t.rows, missing += t.missing, fields += t.fields, invalid += t.invalid, late += t.late;

    Scores scores;
    for (std::size_t i = 0; i < names.size(); ++i) scores.dimensions[i].name = names[i];
    auto &[complete, accurate, timely, consistent] = scores.dimensions;
    complete.score = share(fields - missing, fields);
    accurate.score = share(rows - invalid, rows);
    // Half for drafts that do not wait too long, half for rows that do not come too late; the whole where one is empty.
    auto const fresh = share(pending.total - pending.stale, pending.total), prompt = share(rows - late, rows);
    timely.score = fresh && prompt ? std::optional((*fresh + *prompt) / 2) : fresh ? fresh : prompt;
    consistent.score = share(refers.records - refers.orphans, refers.records);
    if (details) {
        std::string nulls, broken;
        for (std::size_t i = 0; i < tables.size(); ++i) {
            std::string const key = (i > 0 ? ", \"" : "\"") + std::string(sources[i].name) + "\": ";
            nulls += key + object(tables[i].null_counts);
            broken += key + object(tables[i].broken);
        }
        complete.details = member("total_rows", rows) + ", \"null_counts\": {" + nulls + "}";
        accurate.details = member("total_rows", rows) + ", " + member("invalid_rows", invalid) +
                           ", \"broken_rules\": {" + broken + "}";
        timely.details = member("stale_pending", pending.stale) + ", " + member("total_pending", pending.total) + ", " +
                         member("late_rows", late) + ", " + member("total_rows", rows);
        consistent.details = member("orphan_records", refers.orphans) + ", " +
                             member("referring_records", refers.records) + ", " +
                             member("unknown_agents", refers.unknown_agents) + ", " +
                             member("unknown_conversations", refers.unknown_conversations);
    }
    auto checks = run_checks(spi, tenant, as_of + 1 - window, as_of + 1);
    for (std::size_t i = 0; i < checks.size(); ++i) add_checks(scores.dimensions[i], std::move(checks[i]));

    std::array<double, 4> const weights{pg::quality_weight_completeness, pg::quality_weight_accuracy,
                                        pg::quality_weight_timeliness, pg::quality_weight_consistency};
    double sum = 0, weight = 0;
    for (std::size_t i = 0; i < weights.size(); ++i)
        if (const auto &score = scores.dimensions[i].score) sum += weights[i] * *score, weight += weights[i];
    if (weight > 0) scores.overall = sum / weight;
    return scores;
}

}  // namespace analytics::quality
