#include "core/alerts/evaluate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <tuple>

namespace analytics::core {
namespace {

using enum AlertState;
constexpr Instant minute = micros_per_minute;

TEST(AlertRule, ReadsNamesAndDurationsAndNothingElse) {
    EXPECT_EQ(parse_condition(">="), Condition::at_least);
    EXPECT_EQ(parse_condition("exhausts_within"), Condition::exhausts_within);
    EXPECT_FALSE(parse_condition("=>"));
    EXPECT_EQ(parse_no_data("keep"), NoData::keep);
    EXPECT_FALSE(parse_no_data(""));
    EXPECT_EQ(parse_duration("0s"), 0);
    EXPECT_EQ(parse_duration("90s"), 90 * micros_per_second);
    EXPECT_EQ(parse_duration("5m"), 5 * minute);
    EXPECT_EQ(parse_duration("2w"), 14 * micros_per_day);
    for (const char *wrong : {"", "5", "m", "5 m", "-5m", "5mo", "1.5h", "5M", "99999999999999999999s", "600w"})
        EXPECT_FALSE(parse_duration(wrong)) << wrong;
}

TEST(AlertRule, ComparesStrictlyAndNot) {
    EXPECT_FALSE(compares(Condition::above, 5, 5));
    EXPECT_TRUE(compares(Condition::at_least, 5, 5));
    EXPECT_FALSE(compares(Condition::below, 5, 5));
    EXPECT_TRUE(compares(Condition::at_most, 5, 5));
    EXPECT_FALSE(compares(Condition::absent, 5, 5));
}

TEST(AlertMachine, GoesThroughItsStates) {
    AlertTrack track;
    auto const at = [&](int m, Sight sight) { return step(track, sight, m * minute, 2 * minute, 3 * minute); };
    EXPECT_EQ(at(1, Sight::holds), AlertChange::none);
    EXPECT_EQ(track, (AlertTrack{pending, 1 * minute}));
    EXPECT_EQ(at(2, Sight::clear), AlertChange::none);
    EXPECT_EQ(track.state, inactive);
    at(3, Sight::holds), at(4, Sight::unknown);
    EXPECT_EQ(at(5, Sight::holds), AlertChange::fired);
    EXPECT_EQ(track, (AlertTrack{firing, 5 * minute}));
    EXPECT_EQ(at(6, Sight::clear), AlertChange::none);
    EXPECT_EQ(track, (AlertTrack{recovering, 6 * minute}));
    EXPECT_EQ(at(8, Sight::holds), AlertChange::none) << "the same alert";
    EXPECT_EQ(track.state, firing);
    at(9, Sight::clear), at(11, Sight::clear);
    EXPECT_EQ(track, (AlertTrack{recovering, 9 * minute}));
    EXPECT_EQ(at(12, Sight::clear), AlertChange::resolved);
    EXPECT_EQ(track.state, resolved);
    EXPECT_EQ(at(13, Sight::clear), AlertChange::none);
    EXPECT_EQ(track.state, inactive);
}

TEST(AlertMachine, FiresAtOnceWhereItNeedNotLast) {
    AlertTrack track{resolved, 0};
    EXPECT_EQ(step(track, Sight::holds, minute, 0, minute), AlertChange::fired);
}

TEST(AlertMoments, AreTheMinutesSinceTheLastAndAsOf) {
    auto const minutes = [](const std::vector<Instant> &moments) {
        std::vector<double> found;
        for (Instant const at : moments) found.push_back(static_cast<double>(at) / static_cast<double>(minute));
        return found;
    };
    using V = std::vector<double>;
    EXPECT_EQ(minutes(evaluation_moments(10 * minute, 0, 13 * minute)), (V{11, 12, 13}));
    EXPECT_EQ(minutes(evaluation_moments(10 * minute + minute / 2, 0, 12 * minute + minute / 2)), (V{11, 12, 12.5}));
    EXPECT_EQ(minutes(evaluation_moments(10 * minute, 0, 10 * minute)), V{});
    EXPECT_EQ(minutes(evaluation_moments(10 * minute, 0, 9 * minute)), V{}) << "before the last";
    EXPECT_EQ(minutes(evaluation_moments(std::nullopt, 100 * minute, 9 * minute)), V{9}) << "in the past";
    EXPECT_EQ(minutes(evaluation_moments(std::nullopt, 10 * minute, 10 * minute)), V{10});
    EXPECT_EQ(minutes(evaluation_moments(std::nullopt, 10 * minute, 12 * minute)), (V{11, 12}));
    EXPECT_EQ(minutes(evaluation_moments(5 * minute, 10 * minute, 12 * minute)), (V{11, 12})) << "enabled again";
    EXPECT_EQ(minutes(evaluation_moments(-3 * minute, -9 * minute, -1 * minute)), (V{-2, -1}));
    std::vector<Instant> const late = evaluation_moments(0, 0, 100'000 * minute);
    EXPECT_EQ(late.size(), most_moments);
    EXPECT_EQ(late.back() - late.front(), static_cast<Instant>(most_moments - 1) * minute);
}

/// A history of label sets: what was measured at each minute.
struct History {
    std::map<std::string, std::vector<AlertSample>> samples;
    std::vector<Instant> moments;

    std::map<std::string, std::vector<AlertSample>> part(std::size_t from, std::size_t to) const {
        std::map<std::string, std::vector<AlertSample>> found;
        for (auto const &[labels, of_set] : samples) {
            std::vector<AlertSample> some(of_set.begin() + static_cast<std::ptrdiff_t>(from),
                                          of_set.begin() + static_cast<std::ptrdiff_t>(to));
            if (std::any_of(some.begin(), some.end(), [](const AlertSample &s) { return s.known; }))
                found[labels] = some;
        }
        return found;
    }
};

struct Told {
    std::string labels;
    bool fired;
    Instant at;
    auto operator<=>(const Told &) const = default;
};

/// Evaluates in runs that end at the given moments.
std::vector<Told> in_runs(const AlertRule &rule, const History &history, const std::vector<std::size_t> &ends,
                          std::map<std::string, AlertMemory> &memories) {
    std::vector<Told> told;
    std::size_t from = 0;
    for (std::size_t const end : ends) {
        auto const outcomes =
            evaluate(rule, std::span(history.moments).subspan(from, end - from), history.part(from, end), memories);
        memories.clear();
        for (const AlertOutcome &o : outcomes) {
            for (const AlertEvent &e : o.events) told.push_back({o.labels, e.fired, e.at});
            if (!o.forgotten) memories[o.labels] = o.memory;
        }
        from = end;
    }
    std::sort(told.begin(), told.end());
    return told;
}

History random_history(std::mt19937 &random, const AlertRule &rule, std::size_t sets) {
    History history;
    std::size_t const length = 1 + random() % 120;
    Instant const apart = random() % 4 == 0 ? 5 * micros_per_hour : minute;  // also beyond what is remembered
    for (std::size_t i = 1; i <= length; ++i) history.moments.push_back(static_cast<Instant>(i) * apart);
    for (std::size_t s = 0; s < sets; ++s) {
        std::vector<AlertSample> &of_set =
            history.samples[s == 0 && random() % 2 ? rule.labels : "set" + std::to_string(s)];
        of_set.resize(length);
        bool known = random() % 2, high = random() % 2;
        for (AlertSample &sample : of_set) {
            if (random() % 6 == 0) known = !known;
            if (random() % 4 == 0) high = !high;
            if (known) sample = {true, compares(rule.condition, high ? 9 : 1, rule.threshold), high ? 9.0 : 1.0};
        }
    }
    return history;
}

AlertRule random_rule(std::mt19937 &random) {
    constexpr std::array conditions{Condition::above, Condition::below, Condition::at_most, Condition::absent};
    return {conditions[random() % 4],
            5,
            static_cast<Instant>(1 + random() % 6) * minute,
            static_cast<Instant>(random() % 5) * minute,
            static_cast<NoData>(random() % 4),
            "all"};
}

TEST(AlertEvaluation, LateIsAsPunctual) {
    std::mt19937 random(7);
    std::size_t events = 0;
    for (int round = 0; round < 3000; ++round) {
        AlertRule const rule = random_rule(random);
        History const history = random_history(random, rule, random() % 4);
        std::vector<std::size_t> punctual, late;
        for (std::size_t i = 1; i <= history.moments.size(); ++i) {
            punctual.push_back(i);
            if (random() % 9 == 0 || i == history.moments.size()) late.push_back(i);
        }
        std::map<std::string, AlertMemory> after_punctual, after_late;
        std::vector<Told> const told = in_runs(rule, history, punctual, after_punctual);
        EXPECT_EQ(told, in_runs(rule, history, late, after_late)) << "round " << round;
        EXPECT_EQ(after_punctual, after_late) << "round " << round;
        events += told.size();
    }
    EXPECT_GT(events, 5000U);
}

TEST(AlertEvaluation, OfOneSetFiresAndResolvesInTurnAndOnlyWithReason) {
    std::mt19937 random(8);
    for (int round = 0; round < 3000; ++round) {
        AlertRule rule = random_rule(random);
        if (rule.condition == Condition::absent) rule.condition = Condition::above;
        rule.no_data = NoData::ok;
        History history = random_history(random, rule, 1);
        auto node = history.samples.extract(history.samples.begin());
        node.key() = rule.labels;
        history.samples.insert(std::move(node));
        std::map<std::string, AlertMemory> memories;
        std::vector<Told> const told = in_runs(rule, history, {history.moments.size()}, memories);
        const std::vector<AlertSample> &samples = history.samples.at(rule.labels);

        // The same in the words of the contract: it fires where the condition has held at every moment of for_duration,
        // and is over where it has held at none of a whole window.
        std::vector<Told> expected;
        Instant holds_since = 0, clear_since = 0;
        bool open = false, held = false, first = true;
        for (std::size_t i = 0; i < samples.size(); ++i) {
            Instant const at = history.moments[i];
            bool const holds = samples[i].known && samples[i].holds;
            if (first || holds != held) (holds ? holds_since : clear_since) = at;
            first = false, held = holds;
            bool const changes =
                open ? !holds && at - clear_since >= rule.window : holds && at - holds_since >= rule.lasting;
            if (!changes) continue;
            open = !open;
            expected.push_back({"all", open, at});
        }
        std::sort(expected.begin(), expected.end());
        EXPECT_EQ(told, expected) << "round " << round;
    }
}

TEST(AlertEvaluation, EachLabelSetByItselfAndTheRuleWhereNoneHasData) {
    AlertRule rule{Condition::above, 5, 2 * minute, 0, NoData::alert, "all"};
    std::vector<Instant> const moments{1 * minute, 2 * minute, 3 * minute, 4 * minute, 5 * minute};
    AlertSample const high{true, true, 9}, low{true, false, 1}, none;
    auto const told = [&] {
        std::vector<Told> events;
        for (const AlertOutcome &o :
             evaluate(rule, moments, {{"a", {high, high, none, none, low}}, {"b", {low, none, none, none, low}}}, {}))
            for (const AlertEvent &e : o.events) events.push_back({o.labels, e.fired, e.at / minute});
        return events;
    };
    EXPECT_EQ(told(), (std::vector<Told>{{"a", true, 1}, {"a", false, 5}, {"all", true, 3}}));
    rule.no_data = NoData::keep;
    EXPECT_EQ(told(), (std::vector<Told>{{"a", true, 1}}));
    rule.no_data = NoData::zero, rule.condition = Condition::at_most;  // 0 is below 5 where nothing is known
    AlertSample const below{true, true, 1}, above{true, false, 9};
    auto const outcomes = evaluate(rule, moments, {{"a", {above, above, none, none, below}}}, {});
    ASSERT_EQ(outcomes.size(), 2U);
    ASSERT_EQ(outcomes[0].events.size(), 1U);
    EXPECT_EQ(outcomes[0].events[0].at, 3 * minute);
    EXPECT_EQ(outcomes[0].events[0].value, 0.0);
    EXPECT_TRUE(outcomes[1].events.empty());
}

}  // namespace
}  // namespace analytics::core
