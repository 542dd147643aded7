#pragma once
// What the attributes of a span say by name: OpenTelemetry's semantic conventions for generative AI (the current and
// the former names), OpenInference's, and those of OpenLLMetry and the Vercel AI SDK. docs/otlp.md lists them.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace analytics::spans {

/// An attribute's value, where it is one word: a text, a number in decimal, true or false. It refers to the caller's
/// memory.
struct Scalar {
    enum class Type : std::uint8_t { none, text, number, boolean };
    Type type = Type::none;
    std::string_view text;
};

/// The attributes that mean something here. In the order of their names.
enum class Name : std::uint8_t {
    ai_operation_id,
    ai_tool_call_name,
    error_type,
    gen_ai_agent_name,
    gen_ai_conversation_id,
    gen_ai_operation_name,
    gen_ai_provider_name,
    gen_ai_request_model,
    gen_ai_response_model,
    gen_ai_system,
    gen_ai_tool_name,
    cache_creation_tokens,
    cache_creation_tokens_apart,
    cache_read_tokens,
    cache_read_tokens_apart,
    completion_tokens,
    gen_ai_cost,
    input_tokens,
    output_tokens,
    prompt_tokens,
    total_tokens,
    langfuse_session_id,
    llm_cost_total,
    llm_model_name,
    llm_provider,
    llm_request_model_name,
    llm_request_type,
    llm_response_model_name,
    llm_system,
    llm_completion_tokens,
    llm_prompt_tokens,
    llm_cache_read_tokens,
    llm_cache_write_tokens,
    llm_total_tokens,
    llm_usage_total_tokens,
    openinference_span_kind,
    run_id,
    session_id,
    tool_name,
    traceloop_entity_name,
    traceloop_span_kind,
    count
};

/// The name as it is sent.
std::string_view attribute_name(Name name);

/// The known attributes of one span or resource. Plain data: it may be filled where a longjmp may pass.
class KnownAttributes {
  public:
    /// Which known attribute a key is; Name::count if none.
    static Name find(std::string_view key) noexcept;
    /// A later value of the same name replaces the earlier one.
    void put(Name name, Scalar value) noexcept { values_[static_cast<std::size_t>(name)] = value; }
    const Scalar &get(Name name) const noexcept { return values_[static_cast<std::size_t>(name)]; }

  private:
    std::array<Scalar, static_cast<std::size_t>(Name::count)> values_{};
};

/// What the attributes fill of a span's row.
struct Meaning {
    std::optional<std::string> thread_id, run_id, model, tool_name;
    /// Tokens by the current convention: input includes what was read from and written to the provider's cache.
    std::optional<std::int64_t> input_tokens, output_tokens;
    /// A cost that an attribute states: US dollars in decimal, not negative.
    std::optional<std::string> cost;

    /// One call of a model, whose cost may be computed from its tokens. An agent or workflow that repeats the totals of
    /// the calls below it is none: neither its model, tokens nor cost are taken.
    bool is_call = false;
    std::optional<std::string> provider, answering_model;  // the provider as model_prices calls it
    std::int64_t cache_read_tokens = 0, cache_creation_tokens = 0;

    /// An attribute that was not understood ("name must be ..."), if any.
    std::optional<std::string> warning;
};

/// `resource` serves where the span does not name its thread or run. O(1).
Meaning meaning_of(const KnownAttributes &span, const KnownAttributes &resource);

/// The name of a span that has none: operation and model, tool or agent, as the conventions build it; "unknown" at
/// worst.
std::string name_of_unnamed(const KnownAttributes &span, const Meaning &meaning);

}  // namespace analytics::spans
