// What a task's row can tell by itself: when it ended, how long it took, whether it succeeded.
#include "domains/spend/trigger.hpp"
#include "pg/memory.hpp"
#include "pg/values.hpp"

namespace analytics::spend {
namespace {

enum Field : std::size_t { status, started_at, completed_at, duration_ms, success, field_count };
constexpr std::array<const char *, field_count> field_names{"status", "started_at", "completed_at", "duration_ms",
                                                            "success"};

struct Task {
    std::array<Datum, field_count> values{};
    std::array<bool, field_count> nulls{};

    Task(HeapTuple tuple, TupleDesc descriptor, const std::array<int, field_count> &numbers) {
        for (std::size_t i = 0; i < field_count; ++i)
            values[i] = heap_getattr(tuple, numbers[i], descriptor, &nulls[i]);
    }
    std::string state() const { return nulls[status] ? std::string() : pg::to_string(values[status]); }
    bool same(const Task &other, Field f) const {  // of the columns passed by value
        return nulls[f] == other.nulls[f] && (nulls[f] || values[f] == other.values[f]);
    }
    void set(Field f, std::optional<Datum> value) { nulls[f] = !value, values[f] = value.value_or(Datum(0)); }
};

bool is_end(const std::string &state) { return state == "completed" || state == "failed" || state == "cancelled"; }

/// Fills what is not given. On an update, `old` tells what was derived before and must follow its cause.
void complete(Task &task, const Task *old) {
    std::string const state = task.state();
    if (!is_end(state) && old != nullptr && is_end(old->state()) && task.same(*old, completed_at))
        task.set(completed_at, std::nullopt);  // taken up again
    if (is_end(state) && task.nulls[completed_at])
        task.set(completed_at, TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
    if (old != nullptr && state != old->state() && task.same(*old, success)) task.set(success, std::nullopt);
    if (task.nulls[success] && (state == "completed" || state == "failed"))
        task.set(success, BoolGetDatum(state == "completed"));
    if (old != nullptr && task.same(*old, duration_ms) &&
        !(task.same(*old, started_at) && task.same(*old, completed_at)))
        task.set(duration_ms, std::nullopt);
    if (task.nulls[duration_ms] && !task.nulls[started_at] && !task.nulls[completed_at]) {
        TimestampTz const from = DatumGetTimestampTz(task.values[started_at]),
                          to = DatumGetTimestampTz(task.values[completed_at]);
        if (!TIMESTAMP_NOT_FINITE(from) && !TIMESTAMP_NOT_FINITE(to) && from <= to)  // else a constraint refuses it
            task.set(duration_ms, Float8GetDatum(static_cast<double>(to - from) / 1000.0));
    }
}

}  // namespace
}  // namespace analytics::spend

ANALYTICS_FUNCTION(analytics_complete_task) {
    using namespace analytics;
    using namespace analytics::spend;
    TriggerData *const trigger = before_row_trigger(fcinfo);
    TupleDesc const descriptor = RelationGetDescr(trigger->tg_relation);
    using Numbers = std::array<int, field_count>;
    auto *numbers = static_cast<Numbers *>(fcinfo->flinfo->fn_extra);
    if (numbers == nullptr) {
        numbers = pg::make_in<Numbers>(fcinfo->flinfo->fn_mcxt);
        *numbers = column_numbers(descriptor, field_names);
        fcinfo->flinfo->fn_extra = numbers;
    }
    bool const update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
    HeapTuple const tuple = update ? trigger->tg_newtuple : trigger->tg_trigtuple;
    Task task(tuple, descriptor, *numbers);
    if (update) {
        Task const old(trigger->tg_trigtuple, descriptor, *numbers);
        complete(task, &old);
    } else {
        complete(task, nullptr);
    }
    return PointerGetDatum(pg::call([&] {
        return heap_modify_tuple_by_cols(tuple, descriptor, field_count, numbers->data(), task.values.data(),
                                         task.nulls.data());
    }));
}
