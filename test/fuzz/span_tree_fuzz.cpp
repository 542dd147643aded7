// Trees of arbitrary spans: lost parents, cycles, repeated ids, ends before starts. Compared with what their
// definitions say, computed the slow way.
#include "core/spans/span_tree.hpp"
#include "fuzz.hpp"

#include <algorithm>
#include <string>
#include <utility>

using namespace analytics::core;
using analytics::fuzz::must;

namespace {

constexpr std::size_t most_spans = 60;
constexpr std::int64_t farthest = (std::int64_t{1} << 62) - 1;
using Interval = std::pair<std::int64_t, std::int64_t>;

/// How much of time the intervals cover together.
std::int64_t covered(std::vector<Interval> intervals) {
    std::sort(intervals.begin(), intervals.end());
    std::int64_t sum = 0, to = INT64_MIN;
    for (auto const &[from, until] : intervals) {
        std::int64_t const start = std::max(from, to);
        if (until > start) sum += until - start;
        to = std::max(to, until);
    }
    return sum;
}

std::vector<SpanFact> facts_of(analytics::fuzz::Input &input) {
    static constexpr std::string_view ids = "abcdefghijklmnopqrstuvwxyz";
    std::vector<SpanFact> facts;
    bool const huge = input.below(8) == 7;
    auto const instant = [&] {
        return huge ? std::clamp(input.number<std::int64_t>() / 2, -farthest, farthest) : input.number<std::uint8_t>();
    };
    auto const id = [&](bool may_lack) {
        std::size_t const i = input.below(ids.size() + (may_lack ? 8 : 0));
        return i < ids.size() ? ids.substr(i, 1) : std::string_view();
    };
    while (!input.done() && facts.size() < most_spans) {
        SpanFact fact{};
        fact.trace_id = ids.substr(input.below(2), 1);
        fact.span_id = id(false);
        fact.parent_id = id(true);
        fact.start_us = instant();
        std::int64_t const end = instant();
        if (input.below(5) != 0) fact.end_us = huge ? end : std::min(fact.start_us + end - 20, farthest);
        facts.push_back(fact);
    }
    return facts;
}

void must_be_trees(const SpanForest &forest, std::span<const SpanFact> facts) {
    const std::vector<SpanNode> &nodes = forest.nodes;
    must(nodes.size() == facts.size(), "each span has a node");
    std::vector<int> seen(facts.size());
    std::size_t last_root_end = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const SpanNode &node = nodes[i];
        const SpanFact &fact = facts[node.fact];
        must(++seen[node.fact] == 1, "a span has one node");
        must(node.from_us == fact.start_us && node.from_us <= node.to_us, "a node begins where its span does");
        must(node.open || node.to_us == std::max(fact.start_us, *fact.end_us),
             "a closed node ends where its span does");
        must(node.from_us >= forest.from_us && node.to_us <= forest.to_us, "the run holds all nodes");
        must(i + node.descendants < nodes.size(), "descendants follow");
        must(node.is_root() == (node.place != SpanPlace::child), "a root is no child");
        if (node.is_root()) {
            must(node.depth == 0 && i == last_root_end, "trees stand one behind the other");
            last_root_end = i + node.descendants + 1;
            continue;
        }
        const SpanNode &parent = nodes[node.parent];
        must(node.parent < i && i <= node.parent + parent.descendants, "a node stands among its parent's descendants");
        must(node.depth == parent.depth + 1, "a child is one deeper");
        must(fact.parent_id == facts[parent.fact].span_id && fact.trace_id == facts[parent.fact].trace_id,
             "a child names its parent");
    }
    must(last_root_end == nodes.size(), "each node is in a tree");
}

void must_have_self_times(const SpanForest &forest) {
    for (std::size_t p = 0; p < forest.nodes.size(); ++p) {
        const SpanNode &parent = forest.nodes[p];
        std::vector<Interval> children;
        for (std::size_t i = p + 1; i <= p + parent.descendants; ++i)
            if (const SpanNode &node = forest.nodes[i]; node.parent == p)
                children.emplace_back(std::max(node.from_us, parent.from_us), std::min(node.to_us, parent.to_us));
        must(parent.self_us == parent.duration_us() - covered(std::move(children)),
             "self time is what no child covers");
    }
}

void must_have_path(const SpanForest &forest) {
    std::vector<PathPiece> const path = critical_path(forest);
    std::vector<Interval> roots;
    for (const SpanNode &node : forest.nodes)
        if (node.is_root()) roots.emplace_back(node.from_us, node.to_us);
    std::int64_t sum = 0, behind = INT64_MIN;
    for (const PathPiece &piece : path) {
        must(piece.from_us >= behind && piece.from_us < piece.to_us, "pieces follow each other");
        behind = piece.to_us;
        sum += piece.duration_us();
        for (std::size_t i = piece.node; i != no_span; i = forest.nodes[i].parent)
            must(forest.nodes[i].from_us <= piece.from_us && piece.to_us <= forest.nodes[i].to_us,
                 "a span and its parents are at work during its piece");
        for (std::size_t i = piece.node + 1; i <= piece.node + forest.nodes[piece.node].descendants; ++i)
            if (const SpanNode &node = forest.nodes[i]; node.parent == piece.node)
                must(node.duration_us() == 0 || node.to_us <= piece.from_us || node.from_us >= piece.to_us,
                     "a span waits for its children");
    }
    must(sum == covered(std::move(roots)), "the path covers the roots");
    std::int64_t shared = 0;
    for (PathShare const share : path_shares(path)) {
        must(share.duration_us <= forest.nodes[share.node].duration_us(), "a share is at most the span");
        shared += share.duration_us;
    }
    must(shared == sum, "the shares are the path");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size) {
    analytics::fuzz::Input input(data, size);
    std::int64_t const as_of = input.byte() * std::int64_t{2};
    std::vector<SpanFact> facts = facts_of(input);
    SpanForest const forest = build_span_forest(facts, as_of);
    must_be_trees(forest, facts);
    must_have_self_times(forest);
    must_have_path(forest);

    std::vector<SpanFact> turned(facts.rbegin(), facts.rend());
    SpanForest const same = build_span_forest(turned, as_of);
    for (std::size_t i = 0; i < forest.nodes.size(); ++i) {
        const SpanNode &a = forest.nodes[i], &b = same.nodes[i];
        must(a.parent == b.parent && a.descendants == b.descendants && a.from_us == b.from_us && a.to_us == b.to_us &&
                 a.self_us == b.self_us && a.place == b.place && a.open == b.open,
             "the order of spans does not matter");
    }
    must(forest.root == same.root && critical_path(forest) == critical_path(same),
         "the order of spans does not matter");
    return 0;
}
