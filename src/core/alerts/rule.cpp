#include "core/alerts/rule.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace analytics::core {
namespace {

template <class T, std::size_t n>
std::optional<T> named(const std::array<std::pair<std::string_view, T>, n> &names, std::string_view name) {
    for (auto const &[known, value] : names)
        if (known == name) return value;
    return std::nullopt;
}

}  // namespace

std::optional<Condition> parse_condition(std::string_view name) {
    using enum Condition;
    constexpr std::array<std::pair<std::string_view, Condition>, 8> names{{{">", above},
                                                                           {">=", at_least},
                                                                           {"<", below},
                                                                           {"<=", at_most},
                                                                           {"outside", outside},
                                                                           {"anomaly", anomaly},
                                                                           {"absent", absent},
                                                                           {"exhausts_within", exhausts_within}}};
    return named(names, name);
}

std::optional<NoData> parse_no_data(std::string_view name) {
    using enum NoData;
    constexpr std::array<std::pair<std::string_view, NoData>, 4> names{
        {{"ok", ok}, {"zero", zero}, {"keep", keep}, {"alert", alert}}};
    return named(names, name);
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> units{{{"s", micros_per_second},
                                                                              {"m", micros_per_minute},
                                                                              {"h", micros_per_hour},
                                                                              {"d", micros_per_day},
                                                                              {"w", 7 * micros_per_day}}};
    constexpr std::int64_t longest = 3653 * micros_per_day;
    std::int64_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number < 0) return std::nullopt;
    std::optional<std::int64_t> const unit = named(units, text.substr(static_cast<std::size_t>(end - text.data())));
    if (!unit || number > longest / *unit) return std::nullopt;
    return number * *unit;
}

bool compares(Condition condition, double value, double threshold) {
    switch (condition) {
    case Condition::above:
        return value > threshold;
    case Condition::at_least:
        return value >= threshold;
    case Condition::below:
        return value < threshold;
    case Condition::at_most:
        return value <= threshold;
    default:
        return false;
    }
}

}  // namespace analytics::core
