#pragma once
// The spans of one run as a tree: who called whom, whose time it was, and which of them the run waited for.
#include "core/statistics/stop.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace analytics::core {

/// A span as it was recorded. Instants are microseconds since any epoch, below 2^62 in size. The texts must outlive the
/// call they are given to.
struct SpanFact {
    std::string_view trace_id, span_id, parent_id;  // no parent: empty
    std::int64_t start_us;
    std::optional<std::int64_t> end_us;  // nothing while it is open
};

/// How a span came to its place.
enum class SpanPlace : std::uint8_t {
    root,            // it names no parent
    child,           // it hangs on the parent that it names
    missing_parent,  // a root, because its trace has no span with the id that it names
    cycle,           // a root, because its ancestors led back to it (a span may be its own parent)
};

inline constexpr std::size_t no_span = SIZE_MAX;

/// A span in its tree. Indices of nodes are positions in SpanForest::nodes.
struct SpanNode {
    std::size_t fact;             // its position in the input
    std::size_t parent;           // a node, or no_span for a root
    std::size_t descendants;      // they are the nodes right behind it
    std::size_t depth;            // 0 for a root
    std::int64_t from_us, to_us;  // from_us <= to_us
    std::int64_t self_us;         // not covered by the union of its children's intervals, 0..duration_us()
    SpanPlace place;
    bool open;

    std::int64_t duration_us() const { return to_us - from_us; }
    bool is_root() const { return parent == no_span; }
};

/// The trees of a run, each span before its descendants; siblings and roots by start, then span id, then trace id.
struct SpanForest {
    std::vector<SpanNode> nodes;
    std::size_t root = no_span;           // the run's root: the one that ends last, of those the one that starts first
    std::int64_t from_us = 0, to_us = 0;  // first start and last end of all spans: the run's wall time

    std::int64_t duration_us() const { return to_us - from_us; }
};

/// Builds the trees of a run. What it answers depends on the set of facts only, not on their order.
/// A span without an end, or that ends after `as_of_us`, is open. It runs up to as_of_us or, where all roots have ended
/// (its end was lost), up to the last end of a span. One that ends, or would be cut, before its start has no length. A
/// parent is looked for in the trace of its child. Where spans of a trace share an id, children hang on the one that
/// starts first. A cycle of parents is broken at its span that starts first (of equals: the least span id), which
/// becomes a root.
/// @throws only what `stop` throws, and std::bad_alloc
/// O(n log n) time, no recursion; test/bench/spans_bench.cpp measures 100,000 spans.
SpanForest build_span_forest(std::span<const SpanFact> facts, std::int64_t as_of_us, const Stop &stop = {});

/// A part of the critical path: during [from_us, to_us), a moment or longer, the run waited for this node itself.
struct PathPiece {
    std::size_t node;
    std::int64_t from_us, to_us;

    std::int64_t duration_us() const { return to_us - from_us; }
    bool operator==(const PathPiece &) const = default;
};

/// The chain of spans that determines the run's end, oldest piece first: from the end of the run's root backwards, at
/// each moment the last finishing of the children that were at work then, and of its children again (Yang & Miller
/// 1988, as Jaeger and CRISP, Zhang et al. 2022, draw it; those skip a child that overlaps the one after it, whose time
/// would then seem to be its parent's). Of children that finish together it is the one that started first, then the
/// least id. A child counts only while its parents are at work. The pieces of a run with one root partition the root's
/// interval. Several roots are walked like the children of one span: the pieces partition the union of their intervals,
/// and where no root was at work there is no piece. O(n log n), each span is entered at most once.
std::vector<PathPiece> critical_path(const SpanForest &forest, const Stop &stop = {});

/// The pieces summed by span, in the order of each span's first piece.
struct PathShare {
    std::size_t node;
    std::int64_t duration_us;
};
std::vector<PathShare> path_shares(std::span<const PathPiece> pieces);

}  // namespace analytics::core
