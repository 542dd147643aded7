#include "core/alerts/evaluate.hpp"

namespace analytics::core {
namespace {

struct Watched {
    AlertOutcome outcome;
    const std::vector<AlertSample> *samples = nullptr;
    bool remembered = false;

    const AlertSample *sample(std::size_t moment) const {
        return samples != nullptr && (*samples)[moment].known ? &(*samples)[moment] : nullptr;
    }
    bool is_known(Instant at) const {
        const AlertMemory &m = outcome.memory;
        return remembered &&
               (m.track.open() || m.track.state == AlertState::pending || (m.seen && at - *m.seen < alert_memory));
    }
};

/// A sample without data, as the rule reads it.
struct Reading {
    Sight sight;
    std::optional<double> value;
};

class Evaluation {
  public:
    Evaluation(const AlertRule &rule, std::span<const Instant> moments,
               const std::map<std::string, std::vector<AlertSample>> &samples,
               const std::map<std::string, AlertMemory> &memories)
        : rule_(rule), moments_(moments) {
        for (auto const &[labels, memory] : memories) {
            Watched &w = sets_[labels];
            w.outcome.memory = memory, w.remembered = true;
        }
        for (auto const &[labels, of_moments] : samples) sets_[labels].samples = &of_moments;
        sets_[rule.labels];
        for (auto &[labels, watched] : sets_) watched.outcome.labels = labels;
    }

    std::vector<AlertOutcome> run() {
        for (std::size_t i = 0; i < moments_.size(); ++i) moment(i);
        std::vector<AlertOutcome> outcomes;
        for (auto &[labels, watched] : sets_) {
            watched.outcome.forgotten = !watched.remembered;
            outcomes.push_back(std::move(watched.outcome));
        }
        return outcomes;
    }

  private:
    void moment(std::size_t i) {
        Instant const at = moments_[i];
        bool any_data = false, others_known = false;
        for (auto const &[labels, watched] : sets_) {
            any_data = any_data || watched.sample(i) != nullptr;
            others_known = others_known || (labels != rule_.labels && watched.is_known(at));
        }
        for (auto &[labels, watched] : sets_) {
            bool const whole = labels == rule_.labels;
            if (const AlertSample *const sample = watched.sample(i)) {
                watched.outcome.memory.seen = at, watched.remembered = true;
                bool const holds = rule_.condition != Condition::absent && sample->holds;
                apply(watched, {holds ? Sight::holds : Sight::clear, sample->value}, at);
            } else if (rule_.condition == Condition::absent) {
                apply(watched, {whole ? Sight::holds : Sight::clear, std::nullopt}, at);
            } else if (whole) {
                apply(watched, as_a_whole(watched, any_data, others_known, at), at);
            } else if (watched.is_known(at)) {
                apply(watched, without_data(NoData::ok), at);
            }
            if (watched.is_known(at)) continue;
            watched.outcome.memory = {}, watched.outcome.value.reset();  // at its moment, however late the evaluation
            watched.remembered = false;
        }
    }

    /// What a set is taken for that has no data.
    Reading without_data(NoData alert_means) const {
        switch (rule_.no_data == NoData::alert ? alert_means : rule_.no_data) {
        case NoData::alert:
            return {Sight::holds, std::nullopt};
        case NoData::zero:
            return {compares(rule_.condition, 0, rule_.threshold) ? Sight::holds : Sight::clear, 0.0};
        case NoData::keep:
            return {Sight::unknown, std::nullopt};
        default:
            return {Sight::clear, std::nullopt};
        }
    }

    Reading as_a_whole(const Watched &watched, bool any_data, bool others_known, Instant at) const {
        bool const had_data = watched.outcome.memory.seen && watched.is_known(at);
        if (any_data && !had_data) return {Sight::clear, std::nullopt};  // others speak for themselves again
        if (rule_.no_data == NoData::zero && others_known && !had_data) return {Sight::clear, std::nullopt};
        return without_data(any_data ? NoData::ok : NoData::alert);
    }

    void apply(Watched &watched, const Reading &reading, Instant at) const {
        AlertOutcome &outcome = watched.outcome;
        outcome.value = reading.value;
        AlertChange const change = step(outcome.memory.track, reading.sight, at, rule_.lasting, rule_.window);
        if (change != AlertChange::none) outcome.events.push_back({change == AlertChange::fired, at, reading.value});
        if (outcome.memory.track.state != AlertState::inactive) watched.remembered = true;
    }

    const AlertRule &rule_;
    std::span<const Instant> moments_;
    std::map<std::string, Watched> sets_;
};

}  // namespace

std::vector<AlertOutcome> evaluate(const AlertRule &rule, std::span<const Instant> moments,
                                   const std::map<std::string, std::vector<AlertSample>> &samples,
                                   const std::map<std::string, AlertMemory> &memories) {
    return Evaluation(rule, moments, samples, memories).run();
}

}  // namespace analytics::core
