// ingest_otlp_traces: an OTLP/HTTP trace export request becomes spans, stored in one statement.
#include "core/spans/otlp.hpp"
#include "domains/runs/otlp_reader.hpp"
#include "pg/args.hpp"
#include "pg/arrays.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace analytics::runs {
namespace {

constexpr std::size_t most_spans = 10'000;
// As the table's constraints have them, in characters.
constexpr int longest_name = 500, longest_message = 10'000;

enum Column : std::size_t {
    trace_id,
    span_id,
    parent_span_id,
    run_id,
    thread_id,
    operation_name,
    kind,
    start_time,
    end_time,
    status,
    error_message,
    model,
    tool_name,
    input_tokens,
    output_tokens,
    cost_usd,
    attributes,
    // what a cost is computed from; no columns of the table
    is_call,
    provider,
    answering_model,
    cache_read_tokens,
    cache_creation_tokens,
    column_count
};
constexpr std::array<Oid, column_count> column_types{
    TEXTOID,        TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID,
    TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT8OID, INT8OID, NUMERICOID,
    JSONBOID,       BOOLOID, TEXTOID, TEXTOID, INT8OID, INT8OID};

/// NULL is what the span does not say: it keeps what is stored.
struct Row {
    std::array<Datum, column_count> values{};
    std::array<bool, column_count> nulls;
    Row() { nulls.fill(true); }
    void set(Column column, Datum value) { values[column] = value, nulls[column] = false; }
    void set(Column column, std::string_view text) {
        if (!text.empty()) set(column, pg::to_text(text));
    }
    void set(Column column, const std::string &text) { set(column, std::string_view(text)); }
    void set(Column column, const std::optional<std::string> &text) {
        if (text) set(column, *text);
    }
    void set(Column column, std::optional<std::int64_t> number) {
        if (number) set(column, Int64GetDatum(*number));
    }
    /// What a later arrival of the same span says is added: as store_spans does with the stored row.
    void complete_with(const Row &later) {
        for (std::size_t i = 0; i < column_count; ++i) {
            if (later.nulls[i]) continue;
            Datum const before = values[i], now = later.values[i];
            values[i] = i != attributes || nulls[i]
                            ? now
                            : pg::call([&] { return DirectFunctionCall2(jsonb_concat, before, now); });
            nulls[i] = false;
        }
    }
};

constexpr std::int64_t unix_epoch = std::int64_t{POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE} * USECS_PER_DAY;

/// Why a span is refused.
struct Refused {
    std::string why;
};

std::optional<std::int64_t> instant(std::string_view nanoseconds, const char *name) {
    if (nanoseconds.empty()) return std::nullopt;
    std::optional<std::int64_t> const at = spans::unix_microseconds(nanoseconds);
    if (!at) throw Refused{std::string(name) + " must be a number of nanoseconds since 1970"};
    return *at == 0 ? std::nullopt : std::optional(*at - unix_epoch);  // 0 is what Protocol Buffers write for nothing
}

std::string_view known(spans::EnumValue value, const char *problem) {
    if (!value.known) throw Refused{problem};
    return value.text;
}

std::string required_id(std::string_view text, std::size_t digits, const char *problem) {
    std::optional<std::string> id = spans::hex_id(text, digits);
    return id ? *std::move(id) : throw Refused{problem};
}

struct Key {
    std::string trace, span;
    bool operator==(const Key &) const = default;
};
struct KeyHash {
    std::size_t operator()(const Key &key) const {
        return std::hash<std::string>()(key.trace) * 31 + std::hash<std::string>()(key.span);
    }
};

Key key_of(const SentSpan &sent) {
    return {required_id(sent.trace_id, spans::trace_id_digits, "traceId must be 32 hexadecimal digits, not all zero"),
            required_id(sent.span_id, spans::span_id_digits, "spanId must be 16 hexadecimal digits, not all zero")};
}

Datum exact(const std::string &decimal) {
    const char *const text = decimal.c_str();
    return pg::call([&] {
        return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
    });
}

/// What a failed span says went wrong.
std::string_view error_of(const SentSpan &sent) {
    if (!sent.message.empty()) return sent.message;
    return !sent.exception.empty() ? sent.exception : sent.known.get(spans::Name::error_type).text;
}

std::string_view clipped(std::string_view message) {
    int const size = static_cast<int>(message.size());
    return message.substr(0, static_cast<std::size_t>(pg_mbcharcliplen(message.data(), size, longest_message)));
}

Row row_of(const Key &key, const SentSpan &sent, const spans::Meaning &meaning) {
    Row row;
    row.set(trace_id, key.trace);
    row.set(span_id, key.span);
    if (!spans::is_no_id(sent.parent_span_id))
        row.set(parent_span_id, required_id(sent.parent_span_id, spans::span_id_digits,
                                            "parentSpanId must be empty or 16 hexadecimal digits"));
    std::string const name = sent.name.empty() ? spans::name_of_unnamed(sent.known, meaning) : std::string(sent.name);
    if (pg_mbstrlen_with_len(name.data(), static_cast<int>(name.size())) > longest_name)
        throw Refused{"name must be at most 500 characters long"};
    row.set(operation_name, name);
    row.set(run_id, meaning.run_id);
    row.set(thread_id, meaning.thread_id);
    std::string_view const sent_kind = known(spans::span_kind(sent.kind), "kind must be a SPAN_KIND");
    if (sent_kind != "internal") row.set(kind, sent_kind);  // the default
    std::optional<std::int64_t> const start = instant(sent.start, "startTimeUnixNano");
    if (!start) throw Refused{"startTimeUnixNano must be given"};
    row.set(start_time, start);
    row.set(end_time, instant(sent.end, "endTimeUnixNano"));

    std::string_view const outcome = known(spans::status_code(sent.status), "status.code must be a STATUS_CODE");
    row.set(status, outcome);
    if (outcome == "error") row.set(error_message, clipped(error_of(sent)));
    row.set(model, meaning.model);
    row.set(tool_name, meaning.tool_name);
    row.set(input_tokens, meaning.input_tokens);
    row.set(output_tokens, meaning.output_tokens);
    if (meaning.cost) row.set(cost_usd, exact(*meaning.cost));
    row.set(attributes, sent.attributes);
    if (!meaning.is_call || (!meaning.input_tokens && !meaning.output_tokens)) return row;
    row.set(is_call, BoolGetDatum(true));
    row.set(provider, meaning.provider);
    row.set(answering_model, meaning.answering_model);
    row.set(cache_read_tokens, std::optional(meaning.cache_read_tokens));
    row.set(cache_creation_tokens, std::optional(meaning.cache_creation_tokens));
    return row;
}

/// What is wrong with spans, and where they stand.
class Complaints {
  public:
    void refuse(const std::string &place, const std::string &why) { ++refused_, add(place, why); }
    void warn(const std::string &place, const std::string &why) { add(place, why); }
    std::size_t refused() const { return refused_; }
    std::string message() const {
        return total_ > shown ? text_ + "; and " + std::to_string(total_ - shown) + " more" : text_;
    }

  private:
    static constexpr std::size_t shown = 5;
    void add(const std::string &place, const std::string &why) {
        if (++total_ <= shown) text_ += (text_.empty() ? "" : "; ") + place + ": " + why;
    }
    std::size_t refused_ = 0, total_ = 0;
    std::string text_;
};

[[noreturn]] void bad_body(const std::string &detail) {
    throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "the body must be an OTLP trace export request", detail,
                    "Send what an OpenTelemetry exporter sends as OTLP/HTTP with JSON: {\"resourceSpans\": [...]}.");
}

/// Walks the request down to its spans. What is wrong above a span refuses the request, what is wrong in one that span.
class Request {
  public:
    explicit Request(MemoryContext scratch) : reader_(scratch) {}

    void read(JsonbContainer *body) {
        JsonbContainer *const list = list_in(body, "resourceSpans", "resourceSpans");
        if (list == nullptr && JsonContainerSize(body) > 0) bad_body("It has no resourceSpans.");
        each(list, "resourceSpans", [&](JsonbContainer *group, const std::string &place) {
            Surroundings around;
            if (JsonbContainer *const resource = object_in(group, "resource", place))
                check(pg::call([&] { return reader_.read_resource(resource, around); }), place + ".resource");
            for (auto const &[lists, scope] : {std::pair{"scopeSpans", "scope"},
                                               std::pair{"instrumentationLibrarySpans", "instrumentationLibrary"}}) {
                std::string const in = place + "." + lists;
                each(list_in(group, lists, in), in, [&](JsonbContainer *part, const std::string &at) {
                    around.scope = nullptr;
                    if (JsonbContainer *const named = object_in(part, scope, at))
                        check(pg::call([&] { return reader_.read_scope(named, around); }), at + "." + scope);
                    read_spans(part, around, at + ".spans");
                });
            }
        });
    }

    std::vector<Row> rows;
    Complaints complaints;

  private:
    static JsonbContainer *list_in(JsonbContainer *object, const char *key, const std::string &place) {
        JsonbValue storage;
        const JsonbValue *const found = pg::call([&] { return OtlpReader::member(object, key, storage); });
        if (found == nullptr) return nullptr;
        JsonbContainer *const list = OtlpReader::array(found);
        return list != nullptr ? list : (bad_body(place + " is no array."), nullptr);
    }
    static JsonbContainer *object_in(JsonbContainer *object, const char *key, const std::string &place) {
        JsonbValue storage;
        const JsonbValue *const found = pg::call([&] { return OtlpReader::member(object, key, storage); });
        if (found == nullptr) return nullptr;
        JsonbContainer *const inner = OtlpReader::object(found);
        return inner != nullptr ? inner : (bad_body(place + "." + key + " is no object."), nullptr);
    }
    static JsonbContainer *element(JsonbContainer *list, std::uint32_t i) {
        return pg::call([&] { return OtlpReader::object(getIthJsonbValueFromContainer(list, i)); });
    }
    template <class Use> static void each(JsonbContainer *list, const std::string &place, const Use &use) {
        for (std::uint32_t i = 0; list != nullptr && i < JsonContainerSize(list); ++i) {
            std::string const at = place + '[' + std::to_string(i) + ']';
            JsonbContainer *const object = element(list, i);
            if (object == nullptr) bad_body(at + " is no object.");
            use(object, at);
        }
    }
    static void check(const char *problem, const std::string &place) {
        if (problem != nullptr) bad_body(place + ": " + problem + ".");
    }

    void read_spans(JsonbContainer *part, const Surroundings &around, const std::string &place) {
        JsonbContainer *const list = list_in(part, "spans", place);
        std::uint32_t const size = list == nullptr ? 0 : JsonContainerSize(list);
        if (spans_ += size; spans_ > most_spans)
            throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "the body must hold at most 10000 spans",
                            "It holds " + std::to_string(spans_) + " and more.",
                            "Let the exporter send smaller batches.");
        for (std::uint32_t i = 0; i < size; ++i) {
            pg::check_for_interrupts();
            auto const at = [&] { return place + '[' + std::to_string(i) + ']'; };
            JsonbContainer *const span = element(list, i);
            if (span == nullptr) {
                complaints.refuse(at(), "a span must be an object");
                continue;
            }
            try {
                SentSpan const sent = pg::call([&] { return reader_.read_span(span, around); });
                if (sent.problem != nullptr) throw Refused{sent.problem};
                add(sent, around, at);
            } catch (const Refused &refused) {
                complaints.refuse(at(), refused.why);
            }
        }
    }

    template <class Place> void add(const SentSpan &sent, const Surroundings &around, const Place &place) {
        Key key = key_of(sent);
        spans::Meaning const meaning = spans::meaning_of(sent.known, around.known);
        Row const row = row_of(key, sent, meaning);
        if (meaning.warning) complaints.warn(place(), *meaning.warning);
        if (!row.nulls[error_message] && clipped(error_of(sent)).size() < error_of(sent).size())
            complaints.warn(place(), "the error's message is cut at 10000 characters");
        auto const [found, fresh] = places_.try_emplace(std::move(key), rows.size());
        if (fresh) rows.push_back(row);
        else rows[found->second].complete_with(row);
    }

    OtlpReader reader_;
    std::size_t spans_ = 0;
    std::unordered_map<Key, std::size_t, KeyHash> places_;
};

std::vector<Oid> parameter_types() {
    std::vector<Oid> types;
    for (Oid const type : column_types) types.push_back(pg::call([&] { return get_array_type(type); }));
    return types;
}

// A call of a model without a cost is priced, by the model that answered or else by the one that was asked.
pg::Statement &store_statement() {
    static pg::Statement statement(R"(
SELECT FROM analytics_internal.store_spans(ARRAY(
    SELECT ROW(0, NULL, u.span_id, u.trace_id, u.operation_name, u.start_time, u.end_time, u.parent_span_id, u.run_id, u.thread_id, u.kind,
               u.status, u.error_message, u.model, u.tool_name, u.input_tokens, u.output_tokens,
               CASE WHEN u.cost_usd IS NOT NULL OR u.is_call IS NULL THEN u.cost_usd
                    ELSE coalesce((analytics_internal.call_cost(u.provider, u.answering_model, u.start_time, coalesce(u.input_tokens, 0),
                                       coalesce(u.output_tokens, 0), u.cache_read_tokens, u.cache_creation_tokens)).cost_usd,
                                  (analytics_internal.call_cost(u.provider, u.model, u.start_time, coalesce(u.input_tokens, 0),
                                       coalesce(u.output_tokens, 0), u.cache_read_tokens, u.cache_creation_tokens)).cost_usd) END,
               u.attributes)::analytics_internal.span_item
    FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
        AS u(trace_id, span_id, parent_span_id, run_id, thread_id, operation_name, kind, start_time, end_time, status,
             error_message, model, tool_name, input_tokens, output_tokens, cost_usd, attributes, is_call, provider,
             answering_model, cache_read_tokens, cache_creation_tokens))))",
                                   parameter_types());
    return statement;
}

void write(const std::vector<Row> &rows) {
    std::array<Datum, column_count> arrays{};
    std::vector<Datum> values(rows.size());
    std::unique_ptr<bool[]> const nulls(new bool[rows.size()]);
    for (std::size_t c = 0; c < column_count; ++c) {
        for (std::size_t i = 0; i < rows.size(); ++i) values[i] = rows[i].values[c], nulls[i] = rows[i].nulls[c];
        arrays[c] = pg::to_array(values, nulls.get(), column_types[c]);
    }
    pg::Spi const spi;
    store_statement().run(spi, arrays, nullptr, false);
}

/// {"partialSuccess": {}}, with rejectedSpans (64-bit integers are texts in this encoding) and errorMessage where there
/// is something to say. A message without rejectedSpans is a warning.
Datum answer(const Complaints &complaints) {
    std::string const message = complaints.message();
    std::string const refused = complaints.refused() > 0 ? std::to_string(complaints.refused()) : std::string();
    std::string_view const texts[2] = {refused, message};
    return pg::call([&] {
        JsonbParseState *state = nullptr;
        auto const put = [&](JsonbIteratorToken token, std::string_view text) {
            JsonbValue value;
            value.type = jbvString;
            value.val.string.val = const_cast<char *>(text.data());
            value.val.string.len = static_cast<int>(text.size());
            pushJsonbValue(&state, token, &value);
        };
        pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
        put(WJB_KEY, "partialSuccess");
        pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
        if (!texts[0].empty()) put(WJB_KEY, "rejectedSpans"), put(WJB_VALUE, texts[0]);
        if (!texts[1].empty()) put(WJB_KEY, "errorMessage"), put(WJB_VALUE, texts[1]);
        pushJsonbValue(&state, WJB_END_OBJECT, nullptr);
        return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, nullptr)));
    });
}

}  // namespace
}  // namespace analytics::runs

ANALYTICS_FUNCTION(analytics_ingest_otlp_traces) {
    using namespace analytics;
    pg::Args const args(fcinfo);
    if (args.null(0)) runs::bad_body("It is NULL.");
    Datum const argument = args.datum(0);
    Jsonb *const body = pg::call([&] { return DatumGetJsonbP(argument); });
    if (!JB_ROOT_IS_OBJECT(body)) runs::bad_body("It is no JSON object.");
    MemoryContext const scratch = pg::call(
        [] { return AllocSetContextCreate(CurrentMemoryContext, "span of a request", ALLOCSET_DEFAULT_SIZES); });
    runs::Request request(scratch);
    request.read(&body->root);
    if (!request.rows.empty()) runs::write(request.rows);
    return runs::answer(request.complaints);
}
