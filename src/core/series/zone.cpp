#include "core/series/zone.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace analytics::core {
namespace {

constexpr std::chrono::sys_days epoch{std::chrono::year{2000} / 1 / 1};

LocalTime add_months(LocalTime time, int months) {
    using namespace std::chrono;
    std::int64_t const day = floor_div(time, micros_per_day);
    year_month_day date{epoch + std::chrono::days{day}};
    date += std::chrono::months{months};
    if (!date.ok()) date = date.year() / date.month() / last;
    return (sys_days{date} - epoch).count() * micros_per_day + floor_mod(time, micros_per_day);
}

}  // namespace

Zone::Zone(std::vector<Segment> segments) : segments_(std::move(segments)) {
    if (segments_.empty()) throw std::invalid_argument("a zone needs an offset");
}

const Segment *Zone::segment_at(Instant t) const {
    const Segment *at = segments_.data();
    if (segments_.size() > 1) {
        auto const next =
            std::upper_bound(segments_.begin() + 1, segments_.end(), t,
                             [](Instant instant, const Segment &segment) { return instant < segment.from; });
        at += next - segments_.begin() - 1;
    }
    return at;
}

Instant Zone::instant(LocalTime time) const {
    // As PostgreSQL does it: the change of clocks that matters is the first one less than a day before.
    const Segment *const before = segment_at(time - micros_per_day);
    if (before + 1 == end()) return time - before->offset;
    const Segment &after = before[1];
    Instant const early = time - before->offset, late = time - after.offset;
    if (early < after.from && late < after.from) return early;
    if (early > after.from && late >= after.from) return late;
    return early > late ? early : late;
}

Instant Zone::shift(Instant t, const Span &by) const {
    if (by.months != 0 || by.days != 0) {
        LocalTime time = local(t);
        if (by.months != 0) time = add_months(time, by.months);
        t = instant(time + by.days * micros_per_day);
    }
    return t + by.micros;
}

}  // namespace analytics::core
