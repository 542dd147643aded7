#include "core/spans/span_tree.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>
#include <tuple>
#include <unordered_map>

namespace analytics::core {
namespace {

// The first bytes of a text as a number that sorts as they do.
std::uint64_t first_bytes(std::string_view text) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i)
        value = value << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0U);
    return value;
}

// Facts are worked on in one order that their own content decides, so that the input's does not matter. A rank is a
// position in it. Spans that are equal in all of this are interchangeable.
std::vector<std::size_t> ranked(std::span<const SpanFact> facts) {
    struct Key {  // nearly all comparisons end within it, and need not go after the texts
        std::int64_t start_us;
        std::uint64_t id;
        std::size_t fact;
    };
    std::vector<Key> keys;
    keys.reserve(facts.size());
    for (std::size_t i = 0; i < facts.size(); ++i)
        keys.push_back({facts[i].start_us, first_bytes(facts[i].span_id), i});
    std::sort(keys.begin(), keys.end(), [&](Key i, Key j) {
        if (i.start_us != j.start_us) return i.start_us < j.start_us;
        if (i.id != j.id) return i.id < j.id;
        const SpanFact &a = facts[i.fact], &b = facts[j.fact];
        return std::tie(a.span_id, a.trace_id, a.parent_id, a.end_us) <
               std::tie(b.span_id, b.trace_id, b.parent_id, b.end_us);
    });
    std::vector<std::size_t> order;
    order.reserve(keys.size());
    for (const Key &key : keys) order.push_back(key.fact);
    return order;
}

// Finds the first span of a trace with an id. Sorted by hash and then by text, with a directory of the hashes' leading
// bits: one step for a usual id, and a binary search where ids were made to collide, which a hash table would walk.
class SpanIds {
  public:
    explicit SpanIds(std::span<const SpanFact> facts) : facts_(facts) {
        entries_.reserve(facts.size());
        for (std::size_t i = 0; i < facts.size(); ++i) entries_.push_back({hash(facts[i].span_id), i});
        std::sort(entries_.begin(), entries_.end(), [&](Entry a, Entry b) {
            if (a.hash != b.hash) return a.hash < b.hash;
            const SpanFact &x = facts_[a.rank], &y = facts_[b.rank];
            return std::tie(x.trace_id, x.span_id, a.rank) < std::tie(y.trace_id, y.span_id, b.rank);
        });
        shift_ = 64 - static_cast<int>(std::bit_width(facts.size()));
        begin_.assign((std::size_t{1} << (64 - shift_)) + 1, 0);
        for (Entry const entry : entries_) ++begin_[(entry.hash >> shift_) + 1];
        std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
    }

    /// Its rank, or no_span.
    std::size_t find(std::string_view trace_id, std::string_view span_id) const {
        std::uint64_t const wanted = hash(span_id), slot = wanted >> shift_;
        auto const first = entries_.begin() + static_cast<std::ptrdiff_t>(begin_[slot]);
        auto const last = entries_.begin() + static_cast<std::ptrdiff_t>(begin_[slot + 1]);
        auto const found = std::lower_bound(first, last, wanted, [&](Entry a, std::uint64_t h) {
            if (a.hash != h) return a.hash < h;
            const SpanFact &x = facts_[a.rank];
            return std::tie(x.trace_id, x.span_id) < std::tie(trace_id, span_id);
        });
        if (found == last || found->hash != wanted) return no_span;
        const SpanFact &x = facts_[found->rank];
        return x.trace_id == trace_id && x.span_id == span_id ? found->rank : no_span;
    }

  private:
    struct Entry {
        std::uint64_t hash;
        std::size_t rank;
    };
    static std::uint64_t hash(std::string_view id) { return std::hash<std::string_view>{}(id); }

    std::span<const SpanFact> facts_;
    std::vector<Entry> entries_;
    std::vector<std::size_t> begin_;  // of the entries whose hash begins with these bits
    int shift_;
};

// Calls `stop` now and then.
class Patience {
  public:
    explicit Patience(const Stop &stop) : stop_(stop) {}
    void spend() {
        if (++spent_ % 4096 == 0) now();
    }
    void now() const {
        if (stop_) stop_();
    }

  private:
    const Stop &stop_;
    std::size_t spent_ = 0;
};

/// By rank: the parent's rank, and how that came to be.
struct Links {
    std::vector<std::size_t> parent;
    std::vector<SpanPlace> place;
};

Links link(std::span<const SpanFact> facts, Patience &patience) {
    SpanIds const ids(facts);
    patience.now();
    Links links{std::vector(facts.size(), no_span), std::vector(facts.size(), SpanPlace::root)};
    for (std::size_t rank = 0; rank < facts.size(); ++rank) {
        patience.spend();
        if (facts[rank].parent_id.empty()) continue;
        links.parent[rank] = ids.find(facts[rank].trace_id, facts[rank].parent_id);
        links.place[rank] = links.parent[rank] == no_span ? SpanPlace::missing_parent : SpanPlace::child;
    }
    return links;
}

// Each span has one parent at most, so whoever walks up comes to a root, to a span of an earlier walk, or to one of its
// own walk, which then is on a cycle (where the walk began need not be).
void break_cycles(Links &links, Patience &patience) {
    std::vector<std::size_t> seen_by(links.parent.size(), no_span);
    for (std::size_t start = 0; start < links.parent.size(); ++start) {
        std::size_t at = start;
        while (at != no_span && seen_by[at] == no_span) {
            patience.spend();
            seen_by[at] = start;
            at = links.parent[at];
        }
        if (at == no_span || seen_by[at] != start) continue;
        std::size_t first = at;
        for (std::size_t i = links.parent[at]; i != at; i = links.parent[i]) first = std::min(first, i);
        links.parent[first] = no_span;
        links.place[first] = SpanPlace::cycle;
    }
}

/// The children of each rank, ascending: those of r are list[begin[r] .. begin[r + 1]), the roots stand behind all.
struct Children {
    std::vector<std::size_t> begin, list;
};

Children children_of(const Links &links) {
    std::size_t const n = links.parent.size();
    auto const slot = [&](std::size_t rank) { return links.parent[rank] == no_span ? n : links.parent[rank]; };
    Children children{std::vector<std::size_t>(n + 2), std::vector<std::size_t>(n)};
    for (std::size_t rank = 0; rank < n; ++rank) ++children.begin[slot(rank) + 1];
    std::partial_sum(children.begin.begin(), children.begin.end(), children.begin.begin());
    std::vector<std::size_t> next = children.begin;
    for (std::size_t rank = 0; rank < n; ++rank) children.list[next[slot(rank)]++] = rank;
    return children;
}

/// What counts as an end, and how long a span without one runs.
struct Clock {
    std::int64_t as_of_us, open_until_us;

    bool open(const SpanFact &fact) const { return !fact.end_us || *fact.end_us > as_of_us; }
    std::int64_t end_of(const SpanFact &fact) const {
        return std::max(fact.start_us, open(fact) ? open_until_us : *fact.end_us);
    }
};

// The end of a span may have been lost: it should not keep a run going whose roots have all ended.
Clock clock_of(std::span<const SpanFact> facts, const Links &links, std::int64_t as_of_us) {
    Clock clock{as_of_us, as_of_us};
    std::int64_t last_end_us = INT64_MIN;
    for (std::size_t rank = 0; rank < facts.size(); ++rank) {
        const SpanFact &fact = facts[rank];
        if (!clock.open(fact)) last_end_us = std::max(last_end_us, clock.end_of(fact));
        else if (links.parent[rank] == no_span) return clock;
    }
    clock.open_until_us = last_end_us;
    return clock;
}

SpanNode node_of(const SpanFact &fact, std::size_t position, const Clock &clock) {
    SpanNode node{};
    node.fact = position;
    node.open = clock.open(fact);
    node.from_us = fact.start_us;
    node.to_us = clock.end_of(fact);
    return node;
}

// Depth first without recursion: a chain of spans may be as long as the run.
void place_nodes(SpanForest &forest, std::span<const SpanFact> facts, std::span<const std::size_t> order,
                 const Links &links, const Clock &clock, Patience &patience) {
    Children const children = children_of(links);
    struct Waiting {
        std::size_t rank, parent;
    };
    std::vector<Waiting> waiting;
    auto const push = [&](std::size_t slot, std::size_t parent) {
        for (std::size_t i = children.begin[slot + 1]; i > children.begin[slot]; --i)
            waiting.push_back({children.list[i - 1], parent});
    };
    push(order.size(), no_span);
    forest.nodes.reserve(order.size());
    while (!waiting.empty()) {
        patience.spend();
        Waiting const next = waiting.back();
        waiting.pop_back();
        SpanNode node = node_of(facts[next.rank], order[next.rank], clock);
        node.parent = next.parent;
        node.depth = next.parent == no_span ? 0 : forest.nodes[next.parent].depth + 1;
        node.place = links.place[next.rank];
        forest.nodes.push_back(node);
        push(next.rank, forest.nodes.size() - 1);
    }
    for (std::size_t i = forest.nodes.size(); i-- > 0;)  // children stand behind their parents
        if (!forest.nodes[i].is_root())
            forest.nodes[forest.nodes[i].parent].descendants += forest.nodes[i].descendants + 1;
}

// Siblings stand in the order of their starts, so one pass over all nodes meets each parent's children as a sweep
// would.
void find_self_times(std::vector<SpanNode> &nodes) {
    std::vector<std::int64_t> covered_to(nodes.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        SpanNode &node = nodes[i];
        covered_to[i] = node.from_us;
        node.self_us = node.duration_us();
        if (node.is_root()) continue;
        SpanNode &parent = nodes[node.parent];
        std::int64_t &covered = covered_to[node.parent];
        std::int64_t const from = std::max(node.from_us, covered), to = std::min(node.to_us, parent.to_us);
        if (from >= to) continue;
        parent.self_us -= to - from;
        covered = to;
    }
}

}  // namespace

SpanForest build_span_forest(std::span<const SpanFact> facts, std::int64_t as_of_us, const Stop &stop) {
    Patience patience(stop);
    SpanForest forest;
    if (facts.empty()) return forest;
    std::vector<std::size_t> const order = ranked(facts);
    std::vector<SpanFact> sorted;  // what belongs together is near each other from here on
    sorted.reserve(order.size());
    for (std::size_t const i : order) sorted.push_back(facts[i]);
    patience.now();
    Links links = link(sorted, patience);
    break_cycles(links, patience);
    place_nodes(forest, sorted, order, links, clock_of(sorted, links, as_of_us), patience);
    find_self_times(forest.nodes);
    forest.from_us = forest.nodes.front().from_us;
    forest.to_us = forest.nodes.front().to_us;
    for (std::size_t i = 0; i < forest.nodes.size(); ++i) {
        const SpanNode &node = forest.nodes[i];
        forest.from_us = std::min(forest.from_us, node.from_us);
        forest.to_us = std::max(forest.to_us, node.to_us);
        if (node.is_root() && (forest.root == no_span || node.to_us > forest.nodes[forest.root].to_us)) forest.root = i;
    }
    return forest;
}

std::vector<PathPiece> critical_path(const SpanForest &forest, const Stop &stop) {
    const std::vector<SpanNode> &nodes = forest.nodes;
    Patience patience(stop);
    std::vector<PathPiece> pieces;  // newest first, turned round at the end
    auto const keep = [&](std::size_t node, std::int64_t from, std::int64_t to) {
        if (node != no_span && from < to) pieces.push_back({node, from, to});
    };
    // What remains to be explained of a span on the path: [from_us, to_us). Of its children only those matter that end
    // later than every sibling before them; they ascend by start and by end, so the last that has begun is the last to
    // finish.
    struct Frame {
        std::size_t node;  // no_span: all roots
        std::int64_t from_us, to_us;
        std::size_t base;  // where its candidates begin
    };
    std::vector<Frame> frames;
    std::vector<std::size_t> candidates;
    auto const enter = [&](std::size_t node, std::int64_t from, std::int64_t to) {
        std::size_t const base = candidates.size();
        std::size_t i = node == no_span ? 0 : node + 1;
        std::size_t const end = node == no_span ? nodes.size() : i + nodes[node].descendants;
        for (; i < end; i += nodes[i].descendants + 1) {
            patience.spend();
            if (nodes[i].duration_us() == 0) continue;
            if (candidates.size() == base || nodes[i].to_us > nodes[candidates.back()].to_us) candidates.push_back(i);
        }
        frames.push_back({node, from, to, base});
    };
    enter(no_span, forest.from_us, forest.to_us);
    while (!frames.empty()) {
        patience.spend();
        Frame &frame = frames.back();
        while (candidates.size() > frame.base && nodes[candidates.back()].from_us >= frame.to_us) candidates.pop_back();
        if (candidates.size() == frame.base || nodes[candidates.back()].to_us <= frame.from_us) {
            keep(frame.node, frame.from_us, frame.to_us);
            candidates.resize(frame.base);
            frames.pop_back();
            continue;
        }
        std::size_t const child = candidates.back();
        candidates.pop_back();
        std::int64_t const from = std::max(nodes[child].from_us, frame.from_us);
        std::int64_t const to = std::min(nodes[child].to_us, frame.to_us);
        keep(frame.node, to, frame.to_us);
        frame.to_us = from;
        enter(child, from, to);  // the reference to its parent's frame ends here
    }
    std::reverse(pieces.begin(), pieces.end());
    return pieces;
}

std::vector<PathShare> path_shares(std::span<const PathPiece> pieces) {
    std::vector<PathShare> shares;
    std::unordered_map<std::size_t, std::size_t> found;
    for (const PathPiece &piece : pieces) {
        auto const [at, fresh] = found.try_emplace(piece.node, shares.size());
        if (fresh) shares.push_back({piece.node, 0});
        shares[at->second].duration_us += piece.duration_us();
    }
    return shares;
}

}  // namespace analytics::core
