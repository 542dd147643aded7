#include "core/rollup/cover.hpp"

#include <algorithm>

namespace analytics::core {
namespace {

class Builder {
  public:
    Builder(Cover &cover, std::int64_t base) : cover_(cover), base_(base) {}

    /// A stretch of one slot without live ranges.
    void clean(TimeRange slot, TimeRange r) {
        std::int64_t const from = ceil_to(r.from, base_), to = floor_to(r.to, base_);
        if (from >= to) return raw(r);
        raw({r.from, from});
        if (base_ == hour_us) stored(Level::hour, slot, {from, to}, Level::day, day_us);
        else middle(slot, {from, to});
        raw({to, r.to});
    }

    void raw(TimeRange r) { append(cover_.parts[static_cast<int>(Level::raw)], r, base_); }

  private:
    /// Aligned to base buckets: hours inside, base buckets at the ends.
    void middle(TimeRange slot, TimeRange r) {
        std::int64_t const from = ceil_to(r.from, hour_us), to = floor_to(r.to, hour_us);
        if (from >= to) return put(Level::base, slot, r, base_);
        put(Level::base, slot, {r.from, from}, base_);
        stored(Level::hour, slot, {from, to}, Level::day, day_us);
        put(Level::base, slot, {to, r.to}, base_);
    }

    /// Aligned to `fine`: coarse buckets inside, fine ones at the ends.
    void stored(Level fine, TimeRange slot, TimeRange r, Level coarse, std::int64_t width) {
        std::int64_t const from = ceil_to(r.from, width), to = floor_to(r.to, width);
        if (from >= to) return put(fine, slot, r, hour_us);
        put(fine, slot, {r.from, from}, hour_us);
        put(coarse, slot, {from, to}, width);
        put(fine, slot, {to, r.to}, hour_us);
    }

    void put(Level level, TimeRange slot, TimeRange r, std::int64_t width) {
        if (r.from >= r.to) return;
        bool const alone = r.to - r.from == width && r == slot;
        auto *lists = alone ? cover_.whole : cover_.parts;
        append(lists[static_cast<int>(level)], r, 1);
    }

    static void append(std::vector<TimeRange> &list, TimeRange r, std::int64_t joint) {
        if (r.from >= r.to) return;
        if (!list.empty() && list.back().to == r.from && floor_to(r.from, joint) == r.from) list.back().to = r.to;
        else list.push_back(r);
    }

    Cover &cover_;
    std::int64_t base_;
};

}  // namespace

Cover cover(std::span<const std::int64_t> edges, std::int64_t base, std::span<const TimeRange> live) {
    Cover result;
    Builder builder(result, base);
    auto next = live.begin();
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
        TimeRange const slot{edges[i], edges[i + 1]};
        std::int64_t at = slot.from;
        while (next != live.end() && next->to <= at) ++next;
        for (auto l = next; at < slot.to; ++l) {
            if (l == live.end() || l->from >= slot.to) {
                builder.clean(slot, {at, slot.to});
                break;
            }
            if (l->from > at) builder.clean(slot, {at, l->from});
            std::int64_t const end = std::min(l->to, slot.to);
            builder.raw({std::max(at, l->from), end});
            at = end;
        }
    }
    return result;
}

std::vector<TimeRange> unite(std::vector<TimeRange> ranges) {
    std::sort(ranges.begin(), ranges.end(), [](TimeRange a, TimeRange b) { return a.from < b.from; });
    std::vector<TimeRange> united;
    for (TimeRange r : ranges) {
        if (r.from >= r.to) continue;
        if (!united.empty() && r.from <= united.back().to) united.back().to = std::max(united.back().to, r.to);
        else united.push_back(r);
    }
    return united;
}

}  // namespace analytics::core
