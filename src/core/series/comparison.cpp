#include "core/series/comparison.hpp"

#include <algorithm>
#include <numeric>

namespace analytics::core {
namespace {

/// How many whole `part`s make up `whole`, 0 if they do not. Days count as 24 hours, months only go into months.
int whole_parts(const Span &whole, const Span &part) {
    if ((whole.months != 0) != (part.months != 0)) return 0;
    std::int64_t const a = shortest(whole), b = shortest(part);
    return a % b == 0 ? static_cast<int>(a / b) : 0;
}

}  // namespace

std::vector<Slot> slots_until(std::span<const Instant> edges, Instant end) {
    std::vector<Slot> slots;
    slots.reserve(edges.size());
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) slots.push_back({edges[i], std::min(edges[i + 1], end)});
    return slots;
}

std::optional<Span> distance(CompareTo other, const Bucket &bucket, const Span &period, int buckets) {
    bool const weeks = bucket.length.days == 7, months = bucket.length.months != 0;
    switch (other) {
    case CompareTo::previous_period: {
        // Months hold whole numbers of days and hours, though not always the same.
        if (period.months != 0 && !weeks) return period;
        int const parts = whole_parts(period, bucket.length);
        if (parts == 0) return bucket.length.times(buckets);
        return bucket.shorter_than_day() ? period : bucket.length.times(parts);
    }
    case CompareTo::previous_day:
        if (weeks || months) return std::nullopt;
        return Span{0, 1, 0};
    case CompareTo::previous_week:
        if (months) return std::nullopt;
        return Span{0, 7, 0};
    case CompareTo::previous_month:
        return weeks ? Span{0, 28, 0} : Span{1, 0, 0};
    case CompareTo::previous_year:
        return weeks ? Span{0, 364, 0} : Span{12, 0, 0};
    }
    return std::nullopt;
}

std::vector<Slot> counterparts(const Zone &zone, const Bucket &bucket, std::span<const Slot> slots, const Span &back) {
    Span const earlier = back.times(-1);
    std::vector<Slot> others;
    others.reserve(slots.size());
    for (const Slot &slot : slots) {
        Instant const from = zone.shift(slot.from, earlier);
        Instant to = from + (slot.to - slot.from);
        if (!bucket.shorter_than_day()) {
            // Whole calendar buckets may differ in length; of a part, as much as clocks have shown.
            to = zone.shift(from, bucket.length);
            if (slot.to < next_bucket(zone, bucket, slot.from)) {
                LocalTime const elapsed = zone.local(slot.to) - zone.local(slot.from);
                to = std::clamp(zone.instant(zone.local(from) + elapsed), from, to);
            }
        }
        others.push_back({from, to});
    }
    return others;
}

Reading arrange(std::span<const Slot> slots) {
    std::vector<std::size_t> order(slots.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    auto const earlier = [&](std::size_t a, std::size_t b) {
        return slots[a].from != slots[b].from ? slots[a].from < slots[b].from : slots[a].to < slots[b].to;
    };
    if (!std::is_sorted(order.begin(), order.end(), earlier)) std::stable_sort(order.begin(), order.end(), earlier);
    Reading reading;
    reading.places.assign(slots.size(), {-1, 0});
    const Slot *last = nullptr;
    Reading::Place place{-1, 0};
    for (std::size_t const i : order) {
        const Slot &slot = slots[i];
        if (slot.from >= slot.to) continue;
        if (last == nullptr || !(*last == slot)) {
            auto batch = std::find_if(reading.batches.begin(), reading.batches.end(),
                                      [&](const std::vector<Instant> &edges) { return edges.back() == slot.from; });
            if (batch == reading.batches.end()) batch = reading.batches.insert(batch, {slot.from});
            batch->push_back(slot.to);
            place = {static_cast<int>(batch - reading.batches.begin()), static_cast<int>(batch->size()) - 2};
            last = &slot;
        }
        reading.places[i] = place;
    }
    return reading;
}

}  // namespace analytics::core
