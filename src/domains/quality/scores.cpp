#include "domains/quality/scores.hpp"

#include "pg/json.hpp"
#include "pg/settings.hpp"

#include <cmath>
#include <set>

namespace analytics::quality {
namespace {

constexpr int64 window = 30 * engine::day;
constexpr std::array<std::string_view, 4> names{"completeness", "accuracy", "timeliness", "consistency"};

/// Sums over the rows of one table, from its rollup, and by agent what refers to somebody.
struct Table {
    std::string_view name;
    int64 rows = 0, missing = 0, fields = 0, invalid = 0, late = 0, referring = 0;
    std::vector<std::pair<std::string, int64>> null_counts, broken;
    std::vector<std::pair<std::string, int64>> by_agent;  // those with an agent
};

std::string member(std::string_view key, int64 value) {
    return "\"" + std::string(key) + "\": " + std::to_string(value);
}
std::string object(const std::vector<std::pair<std::string, int64>> &members) {
    std::string list;
    for (const auto &[key, value] : members) list += (list.empty() ? "" : ", ") + member(key, value);
    return "{" + list + "}";
}

Table read_table(const pg::Spi &spi, const std::string &tenant, int64 as_of, std::string_view name,
                 const char *rollup_name) {
    const engine::Rollup &rollup = engine::find_rollup(spi, rollup_name);
    engine::Query query{tenant, {as_of + 1 - window, as_of + 1}, {}};
    for (std::size_t m = 0; m < rollup.measures.size(); ++m) query.measures.push_back(static_cast<int>(m));
    query.group_by = "agent";
    engine::Answer const answer = engine::read(spi, rollup, query);
    Table table;
    table.name = name;
    for (std::size_t m = 0; m < rollup.measures.size(); ++m) {
        const engine::Measure &measure = rollup.measures[m];
        int64 sum = 0;
        for (const engine::Group &group : answer.groups) {
            int64 const count = engine::as_int64(measure, answer.cell(group, 0, static_cast<int>(m)));
            sum += count;
            if (measure.name == "records" && group.key && count > 0) table.by_agent.emplace_back(*group.key, count);
        }
        std::string_view const what = measure.name;
        if (what == "records") table.rows = sum;
        else if (what == "invalid") table.invalid = sum;
        else if (what == "late") table.late = sum;
        else if (what == "referring") table.referring = sum;
        else if (what.starts_with("missing_")) {
            table.null_counts.emplace_back(what.substr(8), sum);
            table.missing += sum;
        } else if (what.starts_with("broken_")) {
            table.broken.emplace_back(what.substr(7), sum);
        }
    }
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

/// Whom a row may name as its agent. Where agents are registered, those; else those that were asked or called a model
/// in the window; where there are none of these either, everybody.
class KnownAgents {
  public:
    KnownAgents(const pg::Spi &spi, const std::string &tenant, int64 as_of, const Table &queries) {
        static pg::Statement registered("SELECT g.agent_id FROM analytics_data.agents g WHERE g.tenant_id = $1",
                                        {TEXTOID}, pg::PlanFor::by_index);
        pg::Result const agents = registered.run(spi, std::array{pg::to_text(tenant)});
        for (uint64 i = 0; i < agents.size(); ++i) known_.insert(pg::to_string(*agents.get(i, 0)));
        if (!known_.empty()) return;
        for (const auto &[agent, rows] : queries.by_agent) known_.insert(agent);
        const engine::Rollup &rollup = engine::find_rollup(spi, "llm_calls_by_agent");
        engine::Query query{tenant, {as_of + 1 - window, as_of + 1}, {rollup.measure("calls")}};
        query.group_by = "agent_id";
        for (const engine::Group &group : engine::read(spi, rollup, query).groups)
            if (group.key) known_.insert(*group.key);
    }
    bool knows(const std::string &agent) const { return known_.empty() || known_.contains(agent); }

  private:
    std::set<std::string> known_;
};

struct References {
    int64 records = 0, orphans = 0, unknown_agents = 0, unknown_conversations = 0;
};

/// A row that refers to an unknown agent and to an unknown conversation is one orphan.
References references(const pg::Spi &spi, const std::string &tenant, int64 as_of, const std::array<Table, 3> &tables) {
    static pg::Statement statement("SELECT o.agent, o.examples FROM analytics_internal.orphan_examples($1, $2, $3) o",
                                   {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID}, pg::PlanFor::by_index);
    KnownAgents const agents(spi, tenant, as_of, tables[1]);
    References found;
    for (const Table &table : tables) {
        found.records += table.referring;
        for (const auto &[agent, rows] : table.by_agent)
            if (!agents.knows(agent)) found.unknown_agents += rows;
    }
    found.orphans = found.unknown_agents;
    pg::Result const rows = statement.run(
        spi, std::array{pg::to_text(tenant), TimestampTzGetDatum(as_of + 1 - window), TimestampTzGetDatum(as_of + 1)});
    for (uint64 i = 0; i < rows.size(); ++i) {
        auto const agent = rows.get(i, 0);
        int64 const count = DatumGetInt64(*rows.get(i, 1));
        found.unknown_conversations += count;
        if (!agent || agents.knows(pg::to_string(*agent))) found.orphans += count;
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
    std::array<Table, 3> const tables{read_table(spi, tenant, as_of, "agent_approvals", "approval_quality"),
                                      read_table(spi, tenant, as_of, "agent_queries", "query_quality"),
                                      read_table(spi, tenant, as_of, "training_examples", "training_quality")};
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
        for (const Table &t : tables) {
            std::string const separator = nulls.empty() ? "" : ", ";
            nulls += separator + "\"" + std::string(t.name) + "\": " + object(t.null_counts);
            broken += separator + "\"" + std::string(t.name) + "\": " + object(t.broken);
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
