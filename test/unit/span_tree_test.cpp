#include "core/spans/span_tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <string>

namespace analytics::core {
namespace {

struct Fact {
    std::string trace, id, parent;
    std::int64_t start;
    std::optional<std::int64_t> end;
};

std::vector<SpanFact> views(const std::vector<Fact> &facts) {
    std::vector<SpanFact> out;
    for (const Fact &f : facts) out.push_back({f.trace, f.id, f.parent, f.start, f.end});
    return out;
}

/// A forest and what it was made of, asked by span id.
struct Trees {
    std::vector<Fact> facts;
    SpanForest forest;
    std::vector<PathPiece> path;

    explicit Trees(std::vector<Fact> f, std::int64_t as_of = 1000)
        : facts(std::move(f)), forest(build_span_forest(views(facts), as_of)), path(critical_path(forest)) {}

    const SpanNode &operator[](const std::string &id) const {
        for (const SpanNode &n : forest.nodes)
            if (facts[n.fact].id == id) return n;
        throw std::out_of_range(id);
    }
    const std::string &id(std::size_t node) const { return facts[forest.nodes[node].fact].id; }
    std::string order() const {
        std::string ids;
        for (std::size_t i = 0; i < forest.nodes.size(); ++i) ids += id(i);
        return ids;
    }
    std::string path_text() const {
        std::string text;
        for (const PathPiece &p : path)
            text += id(p.node) + std::to_string(p.from_us) + "-" + std::to_string(p.to_us) + " ";
        return text;
    }
};

TEST(SpanTree, NoSpansAreNoRun) {
    SpanForest const forest = build_span_forest({}, 0);
    EXPECT_TRUE(forest.nodes.empty());
    EXPECT_EQ(forest.root, no_span);
    EXPECT_TRUE(critical_path(forest).empty());
}

TEST(SpanTree, OrderDepthAndSelfTime) {
    Trees const run({{"t", "r", "", 0, 100},
                     {"t", "b", "r", 50, 90},
                     {"t", "a", "r", 10, 60},
                     {"t", "c", "a", 20, 30},
                     {"t", "d", "b", 50, 50}});
    EXPECT_EQ(run.order(), "racbd");
    EXPECT_EQ(run["r"].depth, 0u);
    EXPECT_EQ(run["c"].depth, 2u);
    EXPECT_EQ(run["r"].descendants, 4u);
    EXPECT_EQ(run["r"].self_us, 20);  // 0-10 and 90-100: a and b overlap
    EXPECT_EQ(run["a"].self_us, 40);
    EXPECT_EQ(run["d"].self_us, 0);
    EXPECT_EQ(run.path_text(), "r0-10 a10-20 c20-30 a30-50 b50-90 r90-100 ");
    EXPECT_EQ(run.forest.duration_us(), 100);
}

TEST(SpanTree, ChildrenOutsideTheirParentAreClipped) {
    Trees const run({{"t", "r", "", 10, 50}, {"t", "early", "r", 0, 20}, {"t", "late", "r", 40, 90}});
    EXPECT_EQ(run["r"].self_us, 20);
    EXPECT_EQ(run["late"].self_us, 50);
    EXPECT_EQ(run.forest.from_us, 0);
    EXPECT_EQ(run.forest.to_us, 90);
    EXPECT_EQ(run.path_text(), "early10-20 r20-40 late40-50 ");
}

TEST(SpanTree, AParentThatOnlyWaitsIsNotOnThePath) {
    Trees const run({{"t", "r", "", 0, 10}, {"t", "a", "r", 0, 10}, {"t", "b", "a", 0, 10}});
    EXPECT_EQ(run["a"].self_us, 0);
    EXPECT_EQ(run.path_text(), "b0-10 ");
}

TEST(SpanTree, OfParallelChildrenTheLastToFinishIsOnThePath) {
    // b finishes last and is cut by c, which had started before b did
    Trees const run({{"t", "r", "", 0, 100}, {"t", "a", "r", 0, 30}, {"t", "c", "r", 20, 60}, {"t", "b", "r", 40, 80}});
    EXPECT_EQ(run.path_text(), "a0-20 c20-40 b40-80 r80-100 ");
}

TEST(SpanTree, ChildrenThatFinishTogether) {
    Trees const run({{"t", "r", "", 0, 10}, {"t", "a", "r", 4, 10}, {"t", "c", "r", 2, 10}, {"t", "b", "r", 2, 10}});
    EXPECT_EQ(run.path_text(), "r0-2 b2-10 ");  // the one that started first, then the least id
}

TEST(SpanTree, OpenSpansRunUpToAsOf) {
    Trees const run({{"t", "r", "", 0, {}}, {"t", "a", "r", 10, 500}, {"t", "b", "r", 5, 8}, {"t", "f", "r", 200, {}}},
                    100);
    EXPECT_TRUE(run["r"].open);
    EXPECT_EQ(run["r"].to_us, 100);
    EXPECT_TRUE(run["a"].open);  // its end is later than as_of
    EXPECT_EQ(run["a"].to_us, 100);
    EXPECT_FALSE(run["b"].open);
    EXPECT_EQ(run["f"].duration_us(), 0);
    EXPECT_FALSE(Trees({{"t", "r", "", 0, 100}}, 100)["r"].open);
}

TEST(SpanTree, ALostEndDoesNotKeepARunGoing) {
    std::vector<Fact> facts{
        {"t", "r", "", 0, 50}, {"t", "a", "r", 10, {}}, {"t", "b", "r", 40, 70}, {"t", "c", "a", 90, {}}};
    Trees const ended(facts);
    EXPECT_TRUE(ended["a"].open);
    EXPECT_EQ(ended["a"].to_us, 70);
    EXPECT_EQ(ended["c"].to_us, 90);
    facts[0].end.reset();
    EXPECT_EQ(Trees(facts)["a"].to_us, 1000);
}

TEST(SpanTree, AnEndBeforeTheStartIsNoTime) {
    Trees const run({{"t", "r", "", 0, 100}, {"t", "a", "r", 50, 20}});
    EXPECT_EQ(run["a"].duration_us(), 0);
    EXPECT_EQ(run["a"].from_us, 50);
    EXPECT_EQ(run["r"].self_us, 100);
    EXPECT_EQ(run.path_text(), "r0-100 ");
}

TEST(SpanTree, AMissingParentMakesARoot) {
    Trees const run({{"t", "r", "", 0, 100}, {"t", "a", "lost", 20, 130}, {"t", "b", "a", 30, 40}});
    EXPECT_EQ(run["r"].place, SpanPlace::root);
    EXPECT_EQ(run["a"].place, SpanPlace::missing_parent);
    EXPECT_EQ(run["b"].depth, 1u);
    EXPECT_EQ(run.id(run.forest.root), "a");
    EXPECT_EQ(run.path_text(), "r0-20 a20-30 b30-40 a40-130 ");
}

TEST(SpanTree, BetweenRootsNobodyIsOnThePath) {
    Trees const run({{"t", "a", "", 0, 10}, {"t", "b", "", 30, 50}, {"t", "c", "b", 60, 70}});
    EXPECT_EQ(run.path_text(), "a0-10 b30-50 ");
    EXPECT_EQ(run.id(run.forest.root), "b");
    EXPECT_EQ(run.forest.duration_us(), 70);
}

TEST(SpanTree, TheRunsRootEndsLastAndThenStartsFirst) {
    Trees const run({{"t", "a", "", 20, 50}, {"t", "b", "", 10, 50}, {"t", "c", "", 0, 40}});
    EXPECT_EQ(run.id(run.forest.root), "b");
}

TEST(SpanTree, CyclesBreakAtTheSpanThatStartsFirst) {
    Trees const run({{"t", "a", "c", 30, 40},
                     {"t", "b", "a", 10, 50},
                     {"t", "c", "b", 20, 45},
                     {"t", "d", "c", 5, 6},
                     {"t", "self", "self", 60, 70}});
    EXPECT_EQ(run["b"].place, SpanPlace::cycle);
    EXPECT_TRUE(run["b"].is_root());
    EXPECT_EQ(run["c"].depth, 1u);
    EXPECT_EQ(run["a"].depth, 2u);
    EXPECT_EQ(run["d"].depth, 2u);  // hangs on the cycle, though it starts before it
    EXPECT_EQ(run["self"].place, SpanPlace::cycle);
}

TEST(SpanTree, ParentsAreOfTheSameTrace) {
    Trees const run({{"t", "a", "", 0, 10}, {"u", "a", "", 20, 30}, {"u", "b", "a", 22, 25}, {"v", "c", "a", 1, 2}});
    EXPECT_EQ(run["b"].parent, 2u);
    EXPECT_EQ(run.order(), "acab");
    EXPECT_EQ(run["c"].place, SpanPlace::missing_parent);
}

TEST(SpanTree, ChildrenOfDuplicatesHangOnTheFirst) {
    Trees const run({{"t", "a", "", 10, 30}, {"t", "a", "", 0, 5}, {"t", "b", "a", 12, 20}});
    EXPECT_EQ(run.order(), "aba");
    EXPECT_EQ(run.forest.nodes[0].from_us, 0);
    EXPECT_EQ(run["b"].parent, 0u);
    EXPECT_EQ(run.forest.nodes[2].self_us, 20);
}

TEST(SpanTree, ALongChainNeedsNoStack) {
    std::int64_t const n = 100'000;
    std::vector<Fact> facts;
    for (std::int64_t i = 0; i < n; ++i)
        facts.push_back({"t", std::to_string(i), i == 0 ? "" : std::to_string(i - 1), i, 2 * n - i});
    Trees const run(facts, 2 * n);
    EXPECT_EQ(run.forest.nodes.back().depth, static_cast<std::size_t>(n - 1));
    EXPECT_EQ(run.path.size(), static_cast<std::size_t>(2 * n - 1));
    for (const SpanNode &node : run.forest.nodes)
        ASSERT_EQ(node.self_us, node.depth + 1 == static_cast<std::size_t>(n) ? node.duration_us() : 2);
    facts[0].parent = std::to_string(n - 1);
    EXPECT_EQ(Trees(facts, 2 * n)["0"].place, SpanPlace::cycle);
}

TEST(SpanTree, CanBeStopped) {
    std::vector<Fact> facts(10'000, {"t", "a", "", 0, 1});
    for (std::size_t i = 0; i < facts.size(); ++i) facts[i].id = std::to_string(i);
    Stop const stop = [] { throw std::runtime_error("stopped"); };
    EXPECT_THROW(build_span_forest(views(facts), 10, stop), std::runtime_error);
    SpanForest const forest = build_span_forest(views(facts), 10);
    EXPECT_THROW(critical_path(forest, stop), std::runtime_error);
}

TEST(SpanTree, SharesAreSumsInOrderOfTime) {
    PathPiece const pieces[] = {{0, 0, 5}, {2, 5, 7}, {0, 7, 8}, {1, 8, 18}, {2, 18, 19}};
    std::vector<PathShare> const shares = path_shares(pieces);
    ASSERT_EQ(shares.size(), 3u);
    EXPECT_EQ(shares[0].node, 0u);
    EXPECT_EQ(shares[0].duration_us, 6);
    EXPECT_EQ(shares[1].node, 2u);
    EXPECT_EQ(shares[1].duration_us, 3);
    EXPECT_EQ(shares[2].duration_us, 10);
}

// Random runs: below, everything is computed once more from the facts alone, moment by moment.

constexpr std::int64_t moments = 60, as_of_random = 50;

std::vector<Fact> random_facts(std::mt19937_64 &random) {
    auto const pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    std::size_t const n = 1 + pick(14);
    std::size_t const breakage = pick(3);  // none; lost parents and odd times; cycles too
    std::vector<Fact> facts;
    for (std::size_t i = 0; i < n; ++i) {
        Fact f{pick(4) == 0 ? "u" : "t", std::string(1, static_cast<char>('a' + i)), "", 0, {}};
        if (breakage > 0 && i > 0 && pick(12) == 0) f.id = facts[pick(i)].id;
        if (i > 0) f.parent = std::string(1, static_cast<char>('a' + pick(breakage == 2 ? n : i)));
        if (breakage > 0 && pick(8) == 0) f.parent = pick(2) == 0 ? "" : "?";
        f.start = static_cast<std::int64_t>(pick(moments - 10));
        f.end = f.start + static_cast<std::int64_t>(pick(25));
        if (pick(6) == 0) f.end.reset();
        if (breakage > 0 && pick(10) == 0) f.end = f.start - 3;
        facts.push_back(f);
    }
    return facts;
}

struct Plain {
    std::vector<std::int64_t> from, to;
    std::vector<std::size_t> parent;
    std::vector<std::size_t> order;  // by start, id, trace
    const std::vector<Fact> &facts;

    explicit Plain(const std::vector<Fact> &f) : facts(f) {
        for (std::size_t i = 0; i < f.size(); ++i) order.push_back(i);
        auto const key = [&](std::size_t i) {
            return std::tuple(f[i].start, f[i].id, f[i].trace, f[i].parent, f[i].end, i);
        };
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
        parent.assign(f.size(), no_span);
        for (std::size_t i : order)
            for (std::size_t j : order)
                if (parent[i] == no_span && f[i].parent == f[j].id && f[i].trace == f[j].trace) parent[i] = j;
        for (std::size_t i : order) {  // the first that reaches itself is the first of its cycle
            std::size_t at = parent[i];
            for (std::size_t step = 0; step < f.size() && at != no_span && at != i; ++step) at = parent[at];
            if (at == i) parent[i] = no_span;
        }
        auto const ended = [&](std::size_t i) { return f[i].end && *f[i].end <= as_of_random; };
        bool running = false;
        std::int64_t last = 0;
        for (std::size_t i : order) {
            running |= parent[i] == no_span && !ended(i);
            if (ended(i)) last = std::max({last, f[i].start, *f[i].end});
        }
        for (std::size_t i = 0; i < f.size(); ++i) {
            from.push_back(f[i].start);
            to.push_back(std::max(f[i].start, ended(i) ? *f[i].end : running ? as_of_random : last));
        }
    }
    bool at_work(std::size_t i, std::int64_t t) const { return from[i] <= t && t < to[i]; }
    std::int64_t self(std::size_t i) const {
        std::int64_t sum = 0;
        for (std::int64_t t = from[i]; t < to[i]; ++t) {
            bool covered = false;
            for (std::size_t c = 0; c < from.size(); ++c) covered |= parent[c] == i && at_work(c, t);
            sum += !covered;
        }
        return sum;
    }
    /// Whom the run waits for in [t, t + 1): from the roots down, the last finishing of those at work.
    std::size_t waited_for(std::int64_t t) const {
        std::size_t at = no_span;
        for (;;) {
            std::size_t best = no_span;
            for (std::size_t i : order)
                if (parent[i] == at && at_work(i, t) && (best == no_span || to[i] > to[best])) best = i;
            if (best == no_span) return at;
            at = best;
        }
    }
};

TEST(SpanTree, RandomRunsAgreeWithAPlainCount) {
    std::mt19937_64 random(11);
    for (int round = 0; round < 20'000; ++round) {
        std::vector<Fact> const facts = random_facts(random);
        Trees const run(facts, as_of_random);
        Plain const plain(facts);
        ASSERT_EQ(run.forest.nodes.size(), facts.size());
        std::set<std::size_t> seen;
        std::size_t last_root = no_span;
        for (std::size_t i = 0; i < run.forest.nodes.size(); ++i) {
            const SpanNode &node = run.forest.nodes[i];
            ASSERT_TRUE(seen.insert(node.fact).second);
            ASSERT_EQ(node.from_us, plain.from[node.fact]);
            ASSERT_EQ(node.to_us, plain.to[node.fact]);
            ASSERT_EQ(node.self_us, plain.self(node.fact)) << round;
            std::size_t const parent = node.is_root() ? no_span : run.forest.nodes[node.parent].fact;
            ASSERT_EQ(parent, plain.parent[node.fact]) << round;
            ASSERT_EQ(node.depth, node.is_root() ? 0 : run.forest.nodes[node.parent].depth + 1);
            if (!node.is_root()) {
                ASSERT_LT(node.parent, i);
                ASSERT_LE(i, node.parent + run.forest.nodes[node.parent].descendants);
            } else {
                if (last_root != no_span) {
                    ASSERT_LE(run.forest.nodes[last_root].from_us, node.from_us);
                }
                last_root = i;
            }
        }
        std::map<std::int64_t, std::size_t> path;
        for (const PathPiece &p : run.path)
            for (std::int64_t t = p.from_us; t < p.to_us; ++t)
                ASSERT_TRUE(path.emplace(t, run.forest.nodes[p.node].fact).second);
        for (std::size_t i = 1; i < run.path.size(); ++i) {
            ASSERT_LE(run.path[i - 1].to_us, run.path[i].from_us);
            ASSERT_FALSE(run.path[i - 1].to_us == run.path[i].from_us && run.path[i - 1].node == run.path[i].node);
        }
        for (std::int64_t t = 0; t < moments; ++t) {
            auto const piece = path.find(t);
            ASSERT_EQ(piece == path.end() ? no_span : piece->second, plain.waited_for(t)) << round << " at " << t;
        }
    }
}

TEST(SpanTree, PiecesPartitionTheIntervalOfASingleRoot) {
    std::mt19937_64 random(12);
    for (int round = 0; round < 5000; ++round) {
        std::vector<Fact> facts = random_facts(random);
        for (std::size_t i = 0; i < facts.size(); ++i) {
            facts[i].trace = "t";
            facts[i].id = std::to_string(i);
            facts[i].parent = i == 0 ? "" : std::to_string(random() % i);
        }
        Trees const run(facts, as_of_random);
        const SpanNode &root = run.forest.nodes[run.forest.root];
        std::int64_t at = root.from_us;
        for (const PathPiece &p : run.path) {
            ASSERT_EQ(p.from_us, at);
            ASSERT_LT(p.from_us, p.to_us);
            at = p.to_us;
        }
        ASSERT_EQ(at, root.to_us);
        std::int64_t sum = 0;
        for (const PathShare &share : path_shares(run.path)) {
            ASSERT_LE(share.duration_us, run.forest.nodes[share.node].self_us);
            sum += share.duration_us;
        }
        ASSERT_EQ(sum, root.duration_us());
    }
}

/// All that is answered, by content instead of position.
std::string told(const Trees &run) {
    std::string text;
    auto const add = [&](const SpanNode &n) {
        const Fact &f = run.facts[n.fact];
        text += f.trace + f.id + f.parent + std::to_string(n.from_us) + "," + std::to_string(n.to_us) + "," +
                std::to_string(n.self_us) + "," + std::to_string(n.depth) + "," +
                std::to_string(static_cast<int>(n.place)) + (n.open ? "o " : " ");
    };
    for (const SpanNode &n : run.forest.nodes) add(n);
    return text + run.path_text() + std::to_string(run.forest.root);
}

TEST(SpanTree, TheOrderOfTheFactsChangesNothing) {
    std::mt19937_64 random(13);
    for (int round = 0; round < 5000; ++round) {
        std::vector<Fact> facts = random_facts(random);
        std::string const before = told(Trees(facts, as_of_random));
        std::shuffle(facts.begin(), facts.end(), random);
        ASSERT_EQ(told(Trees(facts, as_of_random)), before) << round;
    }
}

TEST(SpanTree, ASpanElsewhereChangesNoOtherSubtree) {
    std::mt19937_64 random(14);
    for (int round = 0; round < 5000; ++round) {
        std::vector<Fact> facts = random_facts(random);
        for (Fact &f : facts) f.end = f.end.value_or(f.start + 7);  // a late end would let open spans last longer
        Trees const before(facts);
        std::size_t const under = random() % facts.size();
        facts.push_back({facts[under].trace, "new", facts[under].id, static_cast<std::int64_t>(random() % 40), {}});
        facts.back().end = facts.back().start + 5;
        Trees const after(facts);
        for (const SpanNode &node : before.forest.nodes) {
            auto const same = std::find_if(after.forest.nodes.begin(), after.forest.nodes.end(),
                                           [&](const SpanNode &n) { return n.fact == node.fact; });
            const SpanNode &added = after["new"];
            ASSERT_EQ(same->depth, node.depth);
            if (added.is_root() || same != after.forest.nodes.begin() + static_cast<std::ptrdiff_t>(added.parent)) {
                ASSERT_EQ(same->self_us, node.self_us);
            } else {
                ASSERT_LE(same->self_us, node.self_us);
            }
        }
    }
}

}  // namespace
}  // namespace analytics::core
