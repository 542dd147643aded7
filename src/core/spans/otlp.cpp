#include "core/spans/otlp.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

namespace analytics::spans {
namespace {

template <class T> std::optional<T> whole(std::string_view text) {
    T value{};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// Names in the order of their numbers, from 0; what stands for each.
struct EnumName {
    std::string_view name, text;
};

EnumValue look_up(std::span<const EnumName> names, std::string_view given) {
    if (given.empty()) return {true, {}};
    if (std::optional<std::int64_t> const number = whole<std::int64_t>(given)) {
        bool const named = *number >= 0 && static_cast<std::size_t>(*number) < names.size();
        return {true, named ? names[static_cast<std::size_t>(*number)].text : std::string_view{}};
    }
    auto const *const found =
        std::find_if(names.data(), names.data() + names.size(), [&](const EnumName &n) { return n.name == given; });
    return found != names.data() + names.size() ? EnumValue{true, found->text} : EnumValue{false, {}};
}

}  // namespace

std::optional<std::string> hex_id(std::string_view text, std::size_t digits) {
    if (text.size() != digits) return std::nullopt;
    std::string id(text);
    bool zeros = true;
    for (char &c : id) {
        if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return std::nullopt;
        zeros = zeros && c == '0';
    }
    return zeros ? std::nullopt : std::optional(std::move(id));
}

bool is_no_id(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

std::optional<std::int64_t> integer(std::string_view text) { return whole<std::int64_t>(text); }

std::optional<std::int64_t> unix_microseconds(std::string_view nanoseconds) {
    std::optional<std::uint64_t> const value = whole<std::uint64_t>(nanoseconds);
    if (!value) return std::nullopt;
    return static_cast<std::int64_t>(*value / 1000);
}

bool is_decimal(std::string_view text) {
    if (text.empty() || text.size() > 400) return false;
    std::string_view const digits = text.front() == '-' ? text.substr(1) : text;
    // from_chars reads "inf" and "nan" too
    if (digits.empty() || !((digits.front() >= '0' && digits.front() <= '9') || digits.front() == '.')) return false;
    double value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && std::isfinite(value);
}

EnumValue span_kind(std::string_view name_or_number) {
    static constexpr std::array<EnumName, 6> names{{{"SPAN_KIND_UNSPECIFIED", ""},
                                                    {"SPAN_KIND_INTERNAL", "internal"},
                                                    {"SPAN_KIND_SERVER", "server"},
                                                    {"SPAN_KIND_CLIENT", "client"},
                                                    {"SPAN_KIND_PRODUCER", "producer"},
                                                    {"SPAN_KIND_CONSUMER", "consumer"}}};
    return look_up(names, name_or_number);
}

EnumValue status_code(std::string_view name_or_number) {
    static constexpr std::array<EnumName, 3> names{
        {{"STATUS_CODE_UNSET", ""}, {"STATUS_CODE_OK", "ok"}, {"STATUS_CODE_ERROR", "error"}}};
    return look_up(names, name_or_number);
}

}  // namespace analytics::spans
