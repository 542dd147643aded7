// What became of agents' answers and drafts, with the scores of training examples beside: by agent and day, and the
// last day at a glance. The rollups of training examples belong to the domain of training.
#include "domains/approvals/agents.hpp"
#include "domains/approvals/queue.hpp"
#include "engine/periods.hpp"
#include "pg/rows.hpp"

#include <map>

namespace analytics::approvals {
namespace {

struct Examples {
    int64 count = 0, safe = 0;
    Number accuracy, helpfulness, tone;  // means, 1 to 5
};

/// By agent, one entry a slot; those that name none have the key nullopt. From a rollup of training examples.
std::map<std::optional<std::string>, std::vector<Examples>>
read_examples(const pg::Spi &spi, const char *rollup_name, const std::string &tenant, const std::vector<int64> &edges,
              const std::optional<std::string> &agent, bool by_agent) {
    enum : int { examples, safe, accuracy, helpfulness, tone };
    const engine::Rollup &rollup = engine::find_rollup(spi, rollup_name);
    engine::Query query{tenant, edges, {}};
    for (const char *name : {"examples", "safe", "accuracy", "helpfulness", "tone"})
        query.measures.push_back(rollup.measure(name));
    if (agent) query.filters.push_back({"agent", {*agent}});
    if (by_agent) query.group_by = "agent";
    engine::Answer const answer = engine::read(spi, rollup, query);
    std::map<std::optional<std::string>, std::vector<Examples>> all;
    for (const engine::Group &group : answer.groups) {
        std::vector<Examples> &slots = all[group.key];
        for (int slot = 0; slot < answer.slots; ++slot) {
            auto const count = [&](int m) {
                const engine::Cell &cell = answer.cell(group, slot, m);
                return cell.null ? 0 : DatumGetInt64(cell.value);
            };
            auto const mean = [&](int m) {
                const engine::Cell &cell = answer.cell(group, slot, m);
                return cell.count == 0 ? Number() : pg::quotient(cell.value, pg::to_numeric(cell.count), 2);
            };
            slots.push_back({count(examples), count(safe), mean(accuracy), mean(helpfulness), mean(tone)});
        }
    }
    return all;
}

struct AgentDays {
    std::vector<Queries> queries;
    std::vector<Examples> examples;
};

}  // namespace
}  // namespace analytics::approvals

using namespace analytics;
using namespace analytics::approvals;

/// get_agent_accuracy(days, agent, as_of)
ANALYTICS_FUNCTION(analytics_get_agent_accuracy) {
    pg::Args const args(fcinfo);
    int64 const day_count = args.integer(0, "days", 1, 30, 7);
    std::optional<std::string> const agent = args.text(1, "agent");
    int64 const as_of = engine::as_of_argument(args, 2), today = core::floor_div(as_of, engine::day) * engine::day;
    std::string const tenant = engine::current_tenant();
    pg::RowSink<std::string, pg::Date, int64, int64, int64, Number, Number, std::optional<double>,
                std::optional<double>, Number, Number, Number, int64>
        rows(fcinfo);
    pg::Spi const spi;
    std::vector<int64> edges;
    for (int64 i = day_count - 1; i >= 0; --i) edges.push_back(today - i * engine::day);
    edges.push_back(as_of + 1);

    auto const slots = static_cast<std::size_t>(day_count);
    AgentDays const nothing{std::vector<Queries>(slots), std::vector<Examples>(slots)};
    std::map<std::string, AgentDays> agents;
    if (agent) agents.emplace(*agent, nothing);  // asked for by name: its days are shown, whatever is in them
    for (AgentQueries &a : read_queries(spi, tenant, edges, agent, true))
        agents.try_emplace(a.agent, nothing).first->second.queries = std::move(a.slots);
    for (auto &[name, days_of] : read_examples(spi, "training_by_agent", tenant, edges, agent, true))
        if (name) agents.try_emplace(*name, nothing).first->second.examples = std::move(days_of);
    for (std::size_t i = slots; i-- > 0;)
        for (auto const &[name, of] : agents) {
            const Queries &q = of.queries[i];
            const Examples &e = of.examples[i];
            rows.put(name, pg::Date{static_cast<int32>(edges[i] / engine::day)}, q.count, q.approved, q.edited,
                     pg::quotient(q.approved, 100, q.count, 2), pg::quotient(q.edited, 100, q.count, 2),
                     q.mean_latency(), q.latency_max, e.accuracy, e.helpfulness, e.tone, e.safe);
        }
    return 0;
}

/// get_agent_summary(as_of)
ANALYTICS_FUNCTION(analytics_get_agent_summary) {
    pg::Args const args(fcinfo);
    int64 const as_of = engine::as_of_argument(args, 0);
    std::string const tenant = engine::current_tenant();
    pg::Spi const spi;
    std::vector<int64> const day{as_of + 1 - engine::day, as_of + 1};
    Waiting const waiting = waiting_at(spi, tenant, as_of);
    Drafts const drafts = read_drafts(spi, tenant, day, as_of).front();
    Queries const queries = read_queries(spi, tenant, day, std::nullopt, false).front().slots.front();
    Examples const examples =
        read_examples(spi, "training_stats", tenant, day, std::nullopt, false).begin()->second.front();
    return pg::make_row(fcinfo, std::string("last_24h"), waiting.drafts, drafts.total, drafts.mean_confidence(),
                        queries.count, queries.mean_latency(), queries.approved, examples.count, examples.safe,
                        examples.accuracy, pg::Timestamp{as_of});
}
