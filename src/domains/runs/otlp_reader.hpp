#pragma once
// Reads OTLP's JSON out of jsonb, without a detour over text: a span's fields, its known attributes, and the attributes
// as the row keeps them.
#include "core/spans/conventions.hpp"
#include "pg/boundary.hpp"

extern "C" {
#include "utils/jsonb.h"
}

namespace analytics::runs {

/// What is allowed of one span: this much text, and attributes nested so deep.
inline constexpr std::size_t most_span_bytes = std::size_t{1024} * 1024;
inline constexpr int most_depth = 32;

/// A resource or scope as spans keep it: its JSON object (null where it says nothing), its known attributes.
struct Surroundings {
    JsonbValue *resource = nullptr, *scope = nullptr;
    spans::KnownAttributes known;
};

/// A span as it was sent. Views refer to the request, or to the reader's scratch memory until the next span.
struct SentSpan {
    const char *problem;  // why it is refused ("traceId must be ..."); nullptr if it is not
    std::string_view trace_id, span_id, parent_span_id, name, start, end, kind, status, message;
    std::string_view exception;  // what the last exception among its events says
    spans::KnownAttributes known;
    Datum attributes;  // jsonb, in the memory context that was current
};

/// Everything here may raise: to be called inside pg::call. Nothing here owns anything.
class OtlpReader {
  public:
    explicit OtlpReader(MemoryContext scratch) : scratch_(scratch) {}

    /// A member of an object; nullptr where it is missing or null.
    static JsonbValue *member(JsonbContainer *object, std::string_view key, JsonbValue &storage);
    /// The container of a value if it is an object or array as wanted, else nullptr.
    static JsonbContainer *object(const JsonbValue *value);
    static JsonbContainer *array(const JsonbValue *value);

    /// Sets the resource (an object with attributes); nullptr, or what is wrong.
    const char *read_resource(JsonbContainer *resource, Surroundings &around);
    /// Sets the scope (name, version); nullptr, or what is wrong.
    const char *read_scope(JsonbContainer *scope, Surroundings &around);
    SentSpan read_span(JsonbContainer *span, const Surroundings &around);

  private:
    struct Exception {
        std::string_view type, message;
    };

    /// Without a text: a text of no characters.
    std::string_view text(JsonbContainer *object, std::string_view key, const char *problem);
    std::string_view text_or_number(JsonbContainer *object, std::string_view key, const char *problem);
    void put_attributes(JsonbContainer *owner, spans::KnownAttributes *known, Exception *exception, int depth);
    void put_pairs(JsonbContainer *list, spans::KnownAttributes *known, Exception *exception, int depth);
    spans::Scalar put_any(const JsonbValue *any, bool element, bool wanted, int depth);
    void put_events(JsonbContainer *span, Exception &exception);
    void put_links(JsonbContainer *span);

    void open(JsonbIteratorToken what) { pushJsonbValue(&state_, what, nullptr); }
    JsonbValue *close(JsonbIteratorToken what) { return pushJsonbValue(&state_, what, nullptr); }
    void put_key(std::string_view key);
    void put_text(std::string_view text, bool element = false);
    void put_scalar(JsonbValue &value, bool element);
    void fail(const char *problem) {
        if (problem_ == nullptr) problem_ = problem;
    }
    bool failed() const { return problem_ != nullptr; }
    void begin() { problem_ = nullptr, state_ = nullptr, bytes_ = 0; }
    void count(std::size_t bytes);

    MemoryContext scratch_;
    JsonbParseState *state_ = nullptr;
    const char *problem_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace analytics::runs
