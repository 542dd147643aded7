#include "domains/runs/otlp_reader.hpp"

#include "core/spans/otlp.hpp"

namespace analytics::runs {
namespace {

std::string_view view(const JsonbValue &value) {
    return {value.val.string.val, static_cast<std::size_t>(value.val.string.len)};
}

JsonbValue text_value(std::string_view text) {
    JsonbValue value{};
    value.type = jbvString;
    value.val.string.val = const_cast<char *>(text.data());
    value.val.string.len = static_cast<int>(text.size());
    return value;
}

JsonbValue number_value(Numeric number) {
    JsonbValue value{};
    value.type = jbvNumeric;
    value.val.numeric = number;
    return value;
}

std::string_view digits(Numeric number) { return numeric_normalize(number); }

constexpr const char *bad_attributes = "attributes must be a list of objects with a key and a value";
constexpr const char *bad_value =
    "an attribute's value must be an object with one of stringValue, boolValue, intValue, "
    "doubleValue, arrayValue, kvlistValue and bytesValue";

}  // namespace

JsonbValue *OtlpReader::member(JsonbContainer *object, std::string_view key, JsonbValue &storage) {
    JsonbValue *const found = getKeyJsonValueFromContainer(object, key.data(), static_cast<int>(key.size()), &storage);
    return found == nullptr || found->type == jbvNull ? nullptr : found;
}

JsonbContainer *OtlpReader::object(const JsonbValue *value) {
    bool const good = value != nullptr && value->type == jbvBinary && JsonContainerIsObject(value->val.binary.data);
    return good ? value->val.binary.data : nullptr;
}

JsonbContainer *OtlpReader::array(const JsonbValue *value) {
    bool const good = value != nullptr && value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data) &&
                      !JsonContainerIsScalar(value->val.binary.data);
    return good ? value->val.binary.data : nullptr;
}

void OtlpReader::count(std::size_t bytes) {
    bytes_ += bytes;
    if (bytes_ > most_span_bytes) fail("a span must hold at most 1 MB of text");
}

void OtlpReader::put_key(std::string_view key) {
    count(key.size());
    JsonbValue value = text_value(key);
    pushJsonbValue(&state_, WJB_KEY, &value);
}

void OtlpReader::put_scalar(JsonbValue &value, bool element) {
    pushJsonbValue(&state_, element ? WJB_ELEM : WJB_VALUE, &value);
}

void OtlpReader::put_text(std::string_view text, bool element) {
    count(text.size());
    JsonbValue value = text_value(text);
    put_scalar(value, element);
}

std::string_view OtlpReader::text(JsonbContainer *object, std::string_view key, const char *problem) {
    JsonbValue storage;
    const JsonbValue *const found = member(object, key, storage);
    if (found == nullptr) return {};
    if (found->type == jbvString) return view(*found);
    fail(problem);
    return {};
}

std::string_view OtlpReader::text_or_number(JsonbContainer *object, std::string_view key, const char *problem) {
    JsonbValue storage;
    const JsonbValue *const found = member(object, key, storage);
    if (found == nullptr) return {};
    if (found->type == jbvString) return view(*found);
    if (found->type == jbvNumeric) return digits(found->val.numeric);
    fail(problem);
    return {};
}

/// One AnyValue. Gives it back as a word where it is one; numbers only where `wanted`.
spans::Scalar OtlpReader::put_any(const JsonbValue *any, bool element, bool wanted, int depth) {
    using Type = spans::Scalar::Type;
    check_stack_depth();
    count(16);  // what is empty costs memory too
    if (depth > most_depth) fail("attributes must be nested at most 32 deep");
    JsonbContainer *const box = object(any);
    if (any != nullptr && box == nullptr) fail(bad_value);
    if (failed()) return {};

    static constexpr std::array<std::string_view, 7> kinds{"stringValue", "boolValue",   "intValue",  "doubleValue",
                                                           "arrayValue",  "kvlistValue", "bytesValue"};
    JsonbValue storage, value;
    value.type = jbvNull;
    std::size_t kind = kinds.size();
    for (std::size_t i = 0; box != nullptr && i < kinds.size(); ++i) {
        const JsonbValue *const found = member(box, kinds[i], storage);
        if (found == nullptr) continue;
        if (kind != kinds.size()) return fail(bad_value), spans::Scalar{};
        kind = i, value = *found;
    }
    if (kind == kinds.size()) return put_scalar(value, element), spans::Scalar{};  // the protocol's empty value

    switch (kind) {
    case 0:
    case 6:
        if (value.type != jbvString) break;
        put_text(view(value), element);
        return {Type::text, view(value)};
    case 1:
        if (value.type != jbvBool) break;
        put_scalar(value, element);
        return {Type::boolean, value.val.boolean ? "true" : "false"};
    case 2: {
        if (value.type != jbvString && value.type != jbvNumeric) break;
        std::string_view const given = value.type == jbvString ? view(value) : digits(value.val.numeric);
        std::optional<std::int64_t> const number = spans::integer(given);
        if (!number) return fail("intValue must be a 64-bit integer"), spans::Scalar{};
        value = number_value(int64_to_numeric(*number));
        put_scalar(value, element);
        return {Type::number, given};
    }
    case 3: {
        if (value.type == jbvString &&
            (view(value) == "NaN" || view(value) == "Infinity" || view(value) == "-Infinity"))
            return put_text(view(value), element), spans::Scalar{};
        if (value.type == jbvString) {
            if (!spans::is_decimal(view(value))) return fail("doubleValue must be a number"), spans::Scalar{};
            char *const given = pnstrdup(value.val.string.val, static_cast<Size>(value.val.string.len));
            value = number_value(DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(given),
                                                                     ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1))));
        }
        if (value.type != jbvNumeric) break;
        count(VARSIZE_ANY(value.val.numeric));
        if (failed()) return {};
        put_scalar(value, element);
        return {Type::number, wanted ? digits(value.val.numeric) : std::string_view{}};
    }
    default: {
        JsonbContainer *const holder = object(&value);
        if (holder == nullptr) break;
        const JsonbValue *const found = member(holder, "values", storage);
        JsonbContainer *const values = array(found);
        if (found != nullptr && values == nullptr) break;
        bool const list = kind == 4;
        pushJsonbValue(&state_, list ? WJB_BEGIN_ARRAY : WJB_BEGIN_OBJECT, nullptr);
        if (list) {
            std::uint32_t const size = values == nullptr ? 0 : JsonContainerSize(values);
            for (std::uint32_t i = 0; i < size && !failed(); ++i)
                put_any(getIthJsonbValueFromContainer(values, i), true, false, depth + 1);
        } else if (values != nullptr) {
            put_pairs(values, nullptr, nullptr, depth + 1);
        }
        if (!failed()) pushJsonbValue(&state_, list ? WJB_END_ARRAY : WJB_END_OBJECT, nullptr);
        return {};
    }
    }
    fail(bad_value);
    return {};
}

/// A list of KeyValue into the object that is open.
void OtlpReader::put_pairs(JsonbContainer *list, spans::KnownAttributes *known, Exception *exception, int depth) {
    std::uint32_t const size = JsonContainerSize(list);
    for (std::uint32_t i = 0; i < size && !failed(); ++i) {
        JsonbContainer *const pair = object(getIthJsonbValueFromContainer(list, i));
        JsonbValue key, storage;
        if (pair == nullptr || member(pair, "key", key) == nullptr || key.type != jbvString)
            return fail(bad_attributes);
        std::string_view const name = view(key);
        put_key(name);
        spans::Name const meant = known != nullptr ? spans::KnownAttributes::find(name) : spans::Name::count;
        spans::Scalar const value = put_any(member(pair, "value", storage), false, meant != spans::Name::count, depth);
        if (meant != spans::Name::count) known->put(meant, value);
        if (exception == nullptr || value.type != spans::Scalar::Type::text) continue;
        if (name == "exception.message") exception->message = value.text;
        if (name == "exception.type") exception->type = value.text;
    }
}

void OtlpReader::put_attributes(JsonbContainer *owner, spans::KnownAttributes *known, Exception *exception, int depth) {
    JsonbValue storage;
    const JsonbValue *const found = member(owner, "attributes", storage);
    if (found == nullptr) return;
    JsonbContainer *const list = array(found);
    if (list == nullptr) return fail(bad_attributes);
    put_pairs(list, known, exception, depth);
}

void OtlpReader::put_events(JsonbContainer *span, Exception &exception) {
    JsonbValue storage;
    const JsonbValue *const found = member(span, "events", storage);
    if (found == nullptr) return;
    JsonbContainer *const list = array(found);
    if (list == nullptr) return fail("events must be a list of objects");
    std::uint32_t const size = JsonContainerSize(list);
    if (size == 0) return;
    put_key("events");
    open(WJB_BEGIN_ARRAY);
    for (std::uint32_t i = 0; i < size && !failed(); ++i) {
        count(64);
        JsonbContainer *const event = object(getIthJsonbValueFromContainer(list, i));
        if (event == nullptr) return fail("events must be a list of objects");
        std::string_view const name = text(event, "name", "an event's name must be a string");
        constexpr const char *bad_time = "an event's timeUnixNano must be a number of nanoseconds since 1970";
        std::string_view const time = text_or_number(event, "timeUnixNano", bad_time);
        std::optional<std::int64_t> const at = spans::unix_microseconds(time.empty() ? "0" : time);
        if (!at) fail(bad_time);
        if (failed()) return;
        open(WJB_BEGIN_OBJECT);
        put_key("name"), put_text(name);
        JsonbValue when = number_value(int64_to_numeric(*at));
        put_key("time_us"), put_scalar(when, false);
        put_key("attributes");
        open(WJB_BEGIN_OBJECT);
        Exception said;
        put_attributes(event, nullptr, name == "exception" ? &said : nullptr, 1);
        if (failed()) return;
        close(WJB_END_OBJECT);
        close(WJB_END_OBJECT);
        if (name == "exception") exception = said;
    }
    if (!failed()) close(WJB_END_ARRAY);
}

void OtlpReader::put_links(JsonbContainer *span) {
    constexpr const char *bad_links = "links must be a list of objects with a traceId and a spanId";
    JsonbValue storage;
    const JsonbValue *const found = member(span, "links", storage);
    if (found == nullptr) return;
    JsonbContainer *const list = array(found);
    if (list == nullptr) return fail(bad_links);
    std::uint32_t const size = JsonContainerSize(list);
    if (size == 0) return;
    put_key("links");
    open(WJB_BEGIN_ARRAY);
    for (std::uint32_t i = 0; i < size && !failed(); ++i) {
        count(64);
        JsonbContainer *const link = object(getIthJsonbValueFromContainer(list, i));
        if (link == nullptr) return fail(bad_links);
        open(WJB_BEGIN_OBJECT);
        put_key("trace_id"), put_text(text(link, "traceId", bad_links));
        put_key("span_id"), put_text(text(link, "spanId", bad_links));
        put_key("attributes");
        open(WJB_BEGIN_OBJECT);
        put_attributes(link, nullptr, nullptr, 1);
        if (failed()) return;
        close(WJB_END_OBJECT);
        close(WJB_END_OBJECT);
    }
    if (!failed()) close(WJB_END_ARRAY);
}

const char *OtlpReader::read_resource(JsonbContainer *resource, Surroundings &around) {
    begin();
    open(WJB_BEGIN_OBJECT);
    put_attributes(resource, &around.known, nullptr, 1);
    if (failed()) return problem_;
    JsonbValue *const made = close(WJB_END_OBJECT);
    around.resource = made->val.object.nPairs > 0 ? made : nullptr;
    return nullptr;
}

const char *OtlpReader::read_scope(JsonbContainer *scope, Surroundings &around) {
    begin();
    std::string_view const name = text(scope, "name", "a scope's name must be a string");
    std::string_view const version = text(scope, "version", "a scope's version must be a string");
    around.scope = nullptr;
    if (failed() || name.empty()) return problem_;
    open(WJB_BEGIN_OBJECT);
    put_key("name"), put_text(name);
    if (!version.empty()) put_key("version"), put_text(version);
    around.scope = close(WJB_END_OBJECT);
    return problem_;
}

SentSpan OtlpReader::read_span(JsonbContainer *span, const Surroundings &around) {
    MemoryContext const lasting = MemoryContextSwitchTo(scratch_);
    MemoryContextReset(scratch_);
    begin();
    SentSpan sent{};
    sent.trace_id = text(span, "traceId", "traceId must be a string");
    sent.span_id = text(span, "spanId", "spanId must be a string");
    sent.parent_span_id = text(span, "parentSpanId", "parentSpanId must be a string");
    sent.name = text(span, "name", "name must be a string");
    sent.start = text_or_number(span, "startTimeUnixNano", "startTimeUnixNano must be a number or a string");
    sent.end = text_or_number(span, "endTimeUnixNano", "endTimeUnixNano must be a number or a string");
    sent.kind = text_or_number(span, "kind", "kind must be a number or a string");
    JsonbValue storage;
    if (const JsonbValue *const found = member(span, "status", storage); found != nullptr) {
        if (JsonbContainer *const status = object(found); status != nullptr) {
            sent.status = text_or_number(status, "code", "status.code must be a number or a string");
            sent.message = text(status, "message", "status.message must be a string");
            count(sent.message.size());
        } else {
            fail("status must be an object");
        }
    }

    Exception exception;
    open(WJB_BEGIN_OBJECT);
    put_attributes(span, &sent.known, nullptr, 1);
    // These come last: of two members with the same name jsonb keeps the later.
    if (!failed()) put_events(span, exception);
    if (!failed()) put_links(span);
    if (!failed() && around.resource != nullptr) put_key("resource"), put_scalar(*around.resource, false);
    if (!failed() && around.scope != nullptr) put_key("scope"), put_scalar(*around.scope, false);
    sent.exception = exception.message.empty() ? exception.type : exception.message;
    JsonbValue *const made = failed() ? nullptr : close(WJB_END_OBJECT);
    MemoryContextSwitchTo(lasting);
    if (made != nullptr) sent.attributes = JsonbPGetDatum(JsonbValueToJsonb(made));
    sent.problem = problem_;
    return sent;
}

}  // namespace analytics::runs
