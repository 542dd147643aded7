// The values and attributes of spans in OTLP: what is read of arbitrary words fits the columns it goes into.
#include "core/spans/conventions.hpp"
#include "core/spans/otlp.hpp"
#include "fuzz.hpp"

#include <algorithm>
#include <cmath>

using namespace analytics::spans;
using analytics::fuzz::must;

namespace {

bool all_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

void must_read_word(std::string_view text) {
    for (std::size_t const digits : {trace_id_digits, span_id_digits})
        if (auto const id = hex_id(text, digits)) {
            must(id->size() == digits && id->find_first_not_of("0123456789abcdef") == std::string::npos,
                 "an id is hexadecimal, in lower case", text);
            must(!is_no_id(*id) && hex_id(*id, digits) == id, "an id reads back", text);
        }
    if (auto const number = integer(text)) {
        must(all_digits(text.front() == '-' ? text.substr(1) : text), "an integer has digits only", text);
        must(integer(std::to_string(*number)) == number, "an integer reads back", text);
    }
    if (auto const time = unix_microseconds(text)) {
        must(all_digits(text) && *time >= 0, "nanoseconds have digits only", text);
        must(unix_microseconds(std::to_string(*time) + "000") == time, "an instant reads back", text);
    }
    if (is_decimal(text)) {
        must(text.find_first_not_of("+-.0123456789eE") == std::string_view::npos, "a decimal is decimal", text);
        must(std::isfinite(std::strtod(std::string(text).c_str(), nullptr)), "a decimal is finite", text);
    }
    for (EnumValue const value : {span_kind(text), status_code(text)})
        must(value.known || value.text.empty(), "an unknown name means nothing", text);
}

void must_be_word(const std::optional<std::string> &word) {
    if (!word) return;
    auto const characters = std::count_if(word->begin(), word->end(), [](char c) { return (c & 0xC0) != 0x80; });
    must(!word->empty() && characters <= 200, "a word has 1 to 200 characters", *word);
}

void must_be_tokens(std::int64_t tokens) {
    must(tokens >= 0 && tokens <= 9007199254740991, "tokens lie in 0..2^53-1", std::to_string(tokens));
}

}  // namespace

// Lines: a word each, or name=value; those behind an empty line are the resource's.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size) {
    analytics::fuzz::Input input(data, size);
    KnownAttributes span, resource, *at = &span;
    while (!input.done()) {
        std::string_view const line = input.line();
        if (line.empty()) {
            at = &resource;
            continue;
        }
        std::size_t const equals = std::min(line.find('='), line.size());
        std::string_view const value = line.substr(std::min(equals + 1, line.size()));
        must_read_word(line.substr(0, equals));
        must_read_word(value);
        Name const name = KnownAttributes::find(line.substr(0, equals));
        if (name == Name::count) continue;
        must(attribute_name(name) == line.substr(0, equals), "an attribute is found by its name", line);
        bool const boolean = value == "true" || value == "false";
        at->put(name, {boolean             ? Scalar::Type::boolean
                       : is_decimal(value) ? Scalar::Type::number
                                           : Scalar::Type::text,
                       value});
    }
    Meaning const meaning = meaning_of(span, resource);
    for (const auto *word : {&meaning.thread_id, &meaning.run_id, &meaning.model, &meaning.tool_name, &meaning.provider,
                             &meaning.answering_model})
        must_be_word(*word);
    for (std::int64_t const tokens : {meaning.input_tokens.value_or(0), meaning.output_tokens.value_or(0),
                                      meaning.cache_read_tokens, meaning.cache_creation_tokens})
        must_be_tokens(tokens);
    if (meaning.cost) {
        must(is_decimal(*meaning.cost), "a cost is a number", *meaning.cost);
        double const cost = std::strtod(meaning.cost->c_str(), nullptr);
        must(cost >= 0 && cost < 1e12, "a cost is not negative and below 10^12", *meaning.cost);
    }
    must(!meaning.warning || !meaning.warning->empty(), "a warning says something");
    (void)name_of_unnamed(span, meaning);
    return 0;
}
