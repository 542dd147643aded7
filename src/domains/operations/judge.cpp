// One rule over the moments since its last evaluation: what became of each label set.
#include "domains/operations/samples.hpp"
#include "pg/arrays.hpp"
#include "pg/json.hpp"
#include "pg/rows.hpp"

#include <limits>

using namespace analytics;
using namespace analytics::operations;

namespace {

/// The value of a choice that the table of rules has checked already.
template <class T> T known(std::optional<T> value, std::string_view name) {
    if (!value) pg::bad_argument(name, "something else", "as create_alert_rule takes it");
    return *value;
}

/// What is kept of the label sets: parallel arrays of labels, states, since when, and when they last had data.
std::map<std::string, core::AlertMemory> memories_of(const pg::Args &args, int first) {
    std::map<std::string, core::AlertMemory> memories;
    if (args.null(first)) return memories;
    pg::ArrayElements const labels = pg::elements_of(args.datum(first), TEXTOID),
                            states = pg::elements_of(args.datum(first + 1), TEXTOID),
                            since = pg::elements_of(args.datum(first + 2), TIMESTAMPTZOID),
                            seen = pg::elements_of(args.datum(first + 3), TIMESTAMPTZOID);
    for (int i = 0; i < labels.count; ++i) {
        core::AlertMemory &memory = memories[pg::to_string(labels.values[i])];
        memory.track = {known(core::parse_alert_state(pg::text_view(states.values[i])), "state"),
                        DatumGetTimestampTz(since.values[i])};
        if (!seen.nulls[i]) memory.seen = DatumGetTimestampTz(seen.values[i]);
    }
    return memories;
}

}  // namespace

/// judge_alert_rule(metric, condition, threshold, time_window, for_duration, labels, no_data, evaluated_to, begins_at,
/// as_of, known_labels, known_states, known_since, known_seen)
ANALYTICS_FUNCTION(analytics_judge_alert_rule) {
    pg::Args const args(fcinfo);
    Watch watch;
    watch.metric = args.required_text(0, "metric");
    core::AlertRule &rule = watch.rule;
    rule.condition = known(core::parse_condition(args.required_text(1, "condition")), "condition");
    if (!args.null(2)) watch.threshold = DatumGetFloat8(args.datum(2));
    rule.threshold = watch.threshold.value_or(0);
    rule.window = known(core::parse_duration(args.required_text(3, "time_window")), "time_window");
    rule.lasting = known(core::parse_duration(args.required_text(4, "for_duration")), "for_duration");
    watch.labels = args.datum(5);
    rule.labels = pg::to_string(pg::call([&] {
        Jsonb *const object = DatumGetJsonbP(watch.labels);
        return CStringGetTextDatum(JsonbToCString(nullptr, &object->root, static_cast<int>(VARSIZE(object))));
    }));
    rule.no_data = known(core::parse_no_data(args.required_text(6, "no_data")), "no_data");
    std::vector<core::Instant> const moments =
        core::evaluation_moments(args.null(7) ? std::nullopt : std::optional(args.instant(7, "evaluated_to")),
                                 args.instant(8, "begins_at"), args.instant(9, "as_of"));
    pg::RowSink<pg::JsonbValue, std::string, pg::Timestamp, std::optional<double>, std::optional<std::string>,
                std::optional<pg::Timestamp>, std::optional<pg::Timestamp>>
        rows(fcinfo);
    if (moments.empty()) return 0;
    std::map<std::string, core::AlertMemory> const memories = memories_of(args, 10);
    pg::Spi const spi;
    Samples const samples = measure(spi, watch, moments);
    for (const core::AlertOutcome &outcome : core::evaluate(rule, moments, samples, memories)) {
        pg::JsonbValue const labels{pg::to_jsonb(outcome.labels)};
        for (const core::AlertEvent &event : outcome.events)
            rows.put(labels, event.fired ? "fired" : "resolved", pg::Timestamp{event.at}, event.value, std::nullopt,
                     std::nullopt, std::nullopt);
        const core::AlertMemory &memory = outcome.memory;
        rows.put(labels, outcome.forgotten ? "forgotten" : "state", pg::Timestamp{moments.back()}, outcome.value,
                 std::string(core::name_of(memory.track.state)), pg::Timestamp{memory.track.since},
                 memory.seen ? std::optional(pg::Timestamp{*memory.seen}) : std::nullopt);
    }
    return 0;
}
