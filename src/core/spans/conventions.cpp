#include "core/spans/conventions.hpp"

#include "core/spans/otlp.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <utility>

namespace analytics::spans {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Name::count)> names{
    "ai.operationId",
    "ai.toolCall.name",
    "error.type",
    "gen_ai.agent.name",
    "gen_ai.conversation.id",
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "gen_ai.system",
    "gen_ai.tool.name",
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.completion_tokens",
    "gen_ai.usage.cost",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.prompt_tokens",
    "gen_ai.usage.total_tokens",
    "langfuse.session.id",
    "llm.cost.total",
    "llm.model_name",
    "llm.provider",
    "llm.request.model_name",
    "llm.request.type",
    "llm.response.model_name",
    "llm.system",
    "llm.token_count.completion",
    "llm.token_count.prompt",
    "llm.token_count.prompt_details.cache_read",
    "llm.token_count.prompt_details.cache_write",
    "llm.token_count.total",
    "llm.usage.total_tokens",
    "openinference.span.kind",
    "run.id",
    "session.id",
    "tool.name",
    "traceloop.entity.name",
    "traceloop.span.kind",
};
static_assert(std::is_sorted(names.begin(), names.end()), "find() searches in the order of the names");

constexpr std::int64_t most_tokens = 9007199254740991;  // 2^53 - 1, as in llm_calls
constexpr std::size_t longest_word = 200;

bool is_any(std::string_view text, std::initializer_list<std::string_view> of) {
    return std::find(of.begin(), of.end(), text) != of.end();
}

class Reader {
  public:
    Reader(const KnownAttributes &attributes, std::optional<std::string> &warning)
        : attributes_(attributes), warning_(warning) {}

    bool has(Name name) const { return attributes_.get(name).type != Scalar::Type::none; }
    /// The text as it is, also a long one; empty where there is none.
    std::string_view text(Name name) const { return attributes_.get(name).text; }

    /// The first of these that can stand in a column. A number is a name too: ids are often numbers.
    std::optional<std::string> word(std::initializer_list<Name> preferred) const {
        for (Name const name : preferred) {
            std::string_view const value = text(name);
            if (value.empty()) continue;
            std::size_t const characters = static_cast<std::size_t>(
                std::count_if(value.begin(), value.end(), [](char c) { return (c & 0xC0) != 0x80; }));
            if (characters <= longest_word) return std::string(value);
            warn(name, "at most 200 characters long");
        }
        return std::nullopt;
    }

    std::optional<std::int64_t> tokens(std::initializer_list<Name> preferred) const {
        for (Name const name : preferred) {
            if (!has(name)) continue;
            std::optional<std::int64_t> const value = whole_number(text(name));
            if (value && *value >= 0 && *value <= most_tokens) return value;
            warn(name, "a whole number between 0 and 2^53 - 1");
        }
        return std::nullopt;
    }

    std::optional<std::string> money(std::initializer_list<Name> preferred) const {
        for (Name const name : preferred) {
            if (!has(name)) continue;
            std::string_view const value = text(name);
            double number = -1;
            if (is_decimal(value)) std::from_chars(value.data(), value.data() + value.size(), number);
            if (value.size() <= 100 && number >= 0 && number < 1e12) return std::string(value);
            warn(name, "a number of US dollars, not negative and below 10^12");
        }
        return std::nullopt;
    }

  private:
    /// Some SDKs send counts as doubles: 12.0 is 12.
    static std::optional<std::int64_t> whole_number(std::string_view value) {
        std::size_t const point = value.find('.');
        if (point != std::string_view::npos && point + 1 < value.size() &&
            value.find_first_not_of('0', point + 1) == std::string_view::npos)
            value = value.substr(0, point);
        return integer(value);
    }
    void warn(Name name, std::string_view must) const {
        if (!warning_) warning_ = std::string(attribute_name(name)) + " must be " + std::string(must);
    }

    const KnownAttributes &attributes_;
    std::optional<std::string> &warning_;
};

enum class Role : std::uint8_t { call, sum, other };

/// Whether a span is a call of a model, or sums calls up. The first convention that says it decides.
Role role_of(const Reader &span) {
    std::string_view const operation = span.text(Name::gen_ai_operation_name);
    if (is_any(operation, {"chat", "text_completion", "generate_content", "embeddings"})) return Role::call;
    if (is_any(operation, {"invoke_agent", "create_agent", "invoke_workflow"})) return Role::sum;
    if (operation == "execute_tool") return Role::other;

    std::string_view const kind = span.text(Name::openinference_span_kind);
    if (is_any(kind, {"LLM", "EMBEDDING"})) return Role::call;
    if (is_any(kind, {"AGENT", "CHAIN"})) return Role::sum;
    if (!kind.empty()) return Role::other;

    std::string_view const part = span.text(Name::traceloop_span_kind);
    if (is_any(part, {"workflow", "task", "agent"})) return Role::sum;
    if (!part.empty()) return Role::other;
    if (is_any(span.text(Name::llm_request_type), {"chat", "completion", "embedding"})) return Role::call;

    std::string_view const sdk = span.text(Name::ai_operation_id);
    if (sdk.ends_with(".doGenerate") || sdk.ends_with(".doStream") || sdk.ends_with(".doEmbed")) return Role::call;
    if (sdk.starts_with("ai.") && !sdk.starts_with("ai.toolCall")) return Role::sum;

    // Before it named operations, OpenTelemetry's convention knew calls only, and counted tokens by these names.
    bool const former = span.has(Name::prompt_tokens) || span.has(Name::completion_tokens);
    return former && span.has(Name::gen_ai_system) ? Role::call : Role::other;
}

/// The provider as price tables call it: OpenTelemetry's well-known values name the cloud too.
std::string priced_provider(std::string name) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 11> known{{{"aws.bedrock", "bedrock"},
                                                                                   {"azure.ai.inference", "azure_ai"},
                                                                                   {"azure.ai.openai", "azure"},
                                                                                   {"az.ai.inference", "azure_ai"},
                                                                                   {"az.ai.openai", "azure"},
                                                                                   {"gcp.gemini", "gemini"},
                                                                                   {"gcp.vertex_ai", "vertex_ai"},
                                                                                   {"ibm.watsonx.ai", "watsonx"},
                                                                                   {"mistral_ai", "mistral"},
                                                                                   {"moonshot_ai", "moonshot"},
                                                                                   {"x_ai", "xai"}}};
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    for (auto const &[from, to] : known)
        if (name == from) return std::string(to);
    return name;
}

/// Whether cached tokens stand beside the input tokens, not in them. The total says it where there is one. Else the
/// names do: gen_ai.usage.cache_read_input_tokens is Anthropic's own count, which is apart; the conventions' names
/// mean a part of the input, unless it is more than the whole.
bool cache_is_apart(std::int64_t input, std::int64_t output, std::int64_t cached, bool named_apart,
                    std::optional<std::int64_t> total) {
    if (total && *total == input + output) return cached > input;
    if (total && *total == input + cached + output) return true;
    return named_apart || cached > input;
}

void count_tokens(const Reader &span, Meaning &meaning) {
    meaning.input_tokens = span.tokens({Name::input_tokens, Name::prompt_tokens, Name::llm_prompt_tokens});
    meaning.output_tokens = span.tokens({Name::output_tokens, Name::completion_tokens, Name::llm_completion_tokens});
    std::optional<std::int64_t> const total =
        span.tokens({Name::total_tokens, Name::llm_usage_total_tokens, Name::llm_total_tokens});
    std::optional<std::int64_t> const read =
        span.tokens({Name::cache_read_tokens, Name::llm_cache_read_tokens, Name::cache_read_tokens_apart});
    std::optional<std::int64_t> const creation =
        span.tokens({Name::cache_creation_tokens, Name::llm_cache_write_tokens, Name::cache_creation_tokens_apart});
    if (!meaning.input_tokens) return;
    meaning.cache_read_tokens = read.value_or(0);
    meaning.cache_creation_tokens = creation.value_or(0);
    std::int64_t const cached = meaning.cache_read_tokens + meaning.cache_creation_tokens;
    bool const named_apart = !span.has(Name::cache_read_tokens) && !span.has(Name::llm_cache_read_tokens) &&
                             !span.has(Name::cache_creation_tokens) && !span.has(Name::llm_cache_write_tokens) &&
                             (span.has(Name::cache_read_tokens_apart) || span.has(Name::cache_creation_tokens_apart));
    if (cache_is_apart(*meaning.input_tokens, meaning.output_tokens.value_or(0), cached, named_apart, total))
        meaning.input_tokens = std::min(*meaning.input_tokens + cached, most_tokens);
}

}  // namespace

std::string_view attribute_name(Name name) { return names[static_cast<std::size_t>(name)]; }

Name KnownAttributes::find(std::string_view key) noexcept {
    const auto *const found = std::lower_bound(names.begin(), names.end(), key);
    return found != names.end() && *found == key ? static_cast<Name>(found - names.begin()) : Name::count;
}

Meaning meaning_of(const KnownAttributes &span, const KnownAttributes &resource) {
    Meaning meaning;
    Reader const own(span, meaning.warning), around(resource, meaning.warning);

    static constexpr std::initializer_list<Name> threads{Name::session_id, Name::gen_ai_conversation_id,
                                                         Name::langfuse_session_id};
    meaning.thread_id = own.word(threads);
    if (!meaning.thread_id) meaning.thread_id = around.word(threads);
    meaning.run_id = own.word({Name::run_id});
    if (!meaning.run_id) meaning.run_id = around.word({Name::run_id});

    meaning.tool_name = own.word({Name::gen_ai_tool_name, Name::tool_name, Name::ai_tool_call_name});
    if (!meaning.tool_name && own.text(Name::traceloop_span_kind) == "tool")
        meaning.tool_name = own.word({Name::traceloop_entity_name});

    Role const role = role_of(own);
    if (role == Role::sum) return meaning;
    meaning.model = own.word({Name::gen_ai_request_model, Name::llm_request_model_name, Name::llm_model_name,
                              Name::gen_ai_response_model, Name::llm_response_model_name});
    count_tokens(own, meaning);
    meaning.cost = own.money({Name::gen_ai_cost, Name::llm_cost_total});
    meaning.is_call = role == Role::call;
    meaning.provider =
        own.word({Name::gen_ai_provider_name, Name::gen_ai_system, Name::llm_provider, Name::llm_system});
    if (meaning.provider) meaning.provider = priced_provider(*std::move(meaning.provider));
    meaning.answering_model =
        own.word({Name::gen_ai_response_model, Name::llm_response_model_name, Name::llm_model_name});
    return meaning;
}

std::string name_of_unnamed(const KnownAttributes &span, const Meaning &meaning) {
    std::optional<std::string> ignored;
    Reader const own(span, ignored);
    std::optional<std::string> name = own.word({Name::gen_ai_operation_name, Name::ai_operation_id});
    if (!name) return meaning.tool_name.value_or("");
    std::optional<std::string> const subject = meaning.tool_name ? meaning.tool_name
                                               : meaning.model   ? meaning.model
                                                                 : own.word({Name::gen_ai_agent_name});
    return subject ? *name + " " + *subject : *name;
}

}  // namespace analytics::spans
