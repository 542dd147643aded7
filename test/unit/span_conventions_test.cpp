// What spans of the conventions mean: one case each for OpenTelemetry today and before, OpenInference, OpenLLMetry and
// the Vercel AI SDK, and for the counts that differ between them.
#include "core/spans/conventions.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <utility>

namespace analytics::spans {
namespace {

KnownAttributes attributes(std::initializer_list<std::pair<const char *, const char *>> pairs) {
    KnownAttributes known;
    for (auto const &[key, value] : pairs) {
        Name const name = KnownAttributes::find(key);
        EXPECT_NE(name, Name::count) << key;
        known.put(name, {Scalar::Type::text, value});
    }
    return known;
}

Meaning meaning(std::initializer_list<std::pair<const char *, const char *>> span,
                std::initializer_list<std::pair<const char *, const char *>> resource = {}) {
    return meaning_of(attributes(span), attributes(resource));
}

TEST(SpanConventions, EachNameIsFoundAndNoOther) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(Name::count); ++i) {
        std::string const name(attribute_name(static_cast<Name>(i)));
        EXPECT_EQ(KnownAttributes::find(name), static_cast<Name>(i)) << name;
        EXPECT_EQ(KnownAttributes::find(name + "x"), Name::count);
        EXPECT_EQ(KnownAttributes::find(name.substr(1)), Name::count);
    }
    EXPECT_EQ(KnownAttributes::find(""), Name::count);
}

TEST(SpanConventions, ACallOfToday) {
    Meaning const m = meaning({{"gen_ai.operation.name", "chat"},
                               {"gen_ai.provider.name", "openai"},
                               {"gen_ai.request.model", "gpt-4o"},
                               {"gen_ai.response.model", "gpt-4o-2024-08-06"},
                               {"gen_ai.conversation.id", "conv_5j66"},
                               {"gen_ai.usage.input_tokens", "100"},
                               {"gen_ai.usage.output_tokens", "180"},
                               {"gen_ai.usage.cache_read.input_tokens", "50"},
                               {"gen_ai.usage.cache_creation.input_tokens", "25"}});
    EXPECT_TRUE(m.is_call);
    EXPECT_EQ(m.model, "gpt-4o");
    EXPECT_EQ(m.answering_model, "gpt-4o-2024-08-06");
    EXPECT_EQ(m.provider, "openai");
    EXPECT_EQ(m.thread_id, "conv_5j66");
    EXPECT_EQ(m.input_tokens, 100) << "the convention's input includes cached tokens";
    EXPECT_EQ(m.output_tokens, 180);
    EXPECT_EQ(m.cache_read_tokens, 50);
    EXPECT_EQ(m.cache_creation_tokens, 25);
    EXPECT_FALSE(m.cost);
    EXPECT_FALSE(m.run_id);
    EXPECT_FALSE(m.warning);
}

TEST(SpanConventions, ACallByTheFormerNames) {
    Meaning const m = meaning({{"gen_ai.system", "openai"},
                               {"gen_ai.request.model", "gpt-4"},
                               {"gen_ai.usage.prompt_tokens", "7"},
                               {"gen_ai.usage.completion_tokens", "3"}});
    EXPECT_TRUE(m.is_call);
    EXPECT_EQ(m.provider, "openai");
    EXPECT_EQ(m.input_tokens, 7);
    EXPECT_EQ(m.output_tokens, 3);
}

TEST(SpanConventions, ACallOfOpenInference) {
    Meaning const m = meaning({{"openinference.span.kind", "LLM"},
                               {"llm.provider", "anthropic"},
                               {"llm.model_name", "claude-3-5-sonnet"},
                               {"session.id", "s1"},
                               {"llm.token_count.prompt", "20"},
                               {"llm.token_count.completion", "10"},
                               {"llm.token_count.total", "30"},
                               {"llm.token_count.prompt_details.cache_read", "5"},
                               {"llm.token_count.prompt_details.cache_write", "6"},
                               {"llm.cost.total", "0.0123"}});
    EXPECT_TRUE(m.is_call);
    EXPECT_EQ(m.model, "claude-3-5-sonnet");
    EXPECT_EQ(m.thread_id, "s1");
    EXPECT_EQ(m.input_tokens, 20);
    EXPECT_EQ(m.output_tokens, 10);
    EXPECT_EQ(m.cache_read_tokens, 5);
    EXPECT_EQ(m.cache_creation_tokens, 6);
    EXPECT_EQ(m.cost, "0.0123");
}

TEST(SpanConventions, CallsOfOtherSdks) {
    EXPECT_TRUE(meaning({{"llm.request.type", "chat"}}).is_call);
    EXPECT_FALSE(meaning({{"llm.request.type", "rerank"}}).is_call);
    EXPECT_TRUE(meaning({{"ai.operationId", "ai.generateText.doGenerate"}}).is_call);
    EXPECT_TRUE(meaning({{"ai.operationId", "ai.streamText.doStream"}}).is_call);
    EXPECT_TRUE(meaning({{"ai.operationId", "ai.embed.doEmbed"}}).is_call);
    EXPECT_FALSE(meaning({{"ai.operationId", "ai.generateText"}}).is_call);
    EXPECT_TRUE(meaning({{"openinference.span.kind", "EMBEDDING"}}).is_call);
    for (const char *const operation : {"chat", "text_completion", "generate_content", "embeddings"})
        EXPECT_TRUE(meaning({{"gen_ai.operation.name", operation}}).is_call) << operation;
}

TEST(SpanConventions, ProvidersAsPricesNameThem) {
    EXPECT_EQ(meaning({{"gen_ai.provider.name", "azure.ai.openai"}}).provider, "azure");
    EXPECT_EQ(meaning({{"gen_ai.provider.name", "aws.bedrock"}, {"gen_ai.system", "anthropic"}}).provider, "bedrock");
    EXPECT_EQ(meaning({{"gen_ai.system", "OpenAI"}}).provider, "openai");
    EXPECT_EQ(meaning({{"llm.provider", "google"}, {"llm.system", "vertexai"}}).provider, "google");
}

// What sums up must not count again what is counted below it.
TEST(SpanConventions, AgentsAndWorkflowsCarryNoUsage) {
    for (auto const &who :
         std::initializer_list<std::pair<const char *, const char *>>{{"gen_ai.operation.name", "invoke_agent"},
                                                                      {"gen_ai.operation.name", "create_agent"},
                                                                      {"gen_ai.operation.name", "invoke_workflow"},
                                                                      {"openinference.span.kind", "AGENT"},
                                                                      {"openinference.span.kind", "CHAIN"},
                                                                      {"traceloop.span.kind", "workflow"},
                                                                      {"traceloop.span.kind", "task"},
                                                                      {"traceloop.span.kind", "agent"},
                                                                      {"ai.operationId", "ai.streamText"}}) {
        Meaning const m = meaning({who,
                                   {"gen_ai.request.model", "gpt-4o"},
                                   {"gen_ai.usage.input_tokens", "100"},
                                   {"gen_ai.usage.output_tokens", "10"},
                                   {"gen_ai.usage.cost", "1"}});
        EXPECT_FALSE(m.is_call) << who.second;
        EXPECT_FALSE(m.input_tokens) << who.second;
        EXPECT_FALSE(m.output_tokens) << who.second;
        EXPECT_FALSE(m.cost) << who.second;
        EXPECT_FALSE(m.model) << who.second;
    }
}

TEST(SpanConventions, ASpanThatSaysNothingOfItsKindKeepsItsUsageButIsNotPriced) {
    Meaning const m = meaning(
        {{"gen_ai.request.model", "gpt-4o"}, {"gen_ai.usage.input_tokens", "100"}, {"gen_ai.usage.cost", "0.5"}});
    EXPECT_FALSE(m.is_call);
    EXPECT_EQ(m.input_tokens, 100);
    EXPECT_EQ(m.cost, "0.5");
}

TEST(SpanConventions, Tools) {
    Meaning const current = meaning(
        {{"gen_ai.operation.name", "execute_tool"}, {"gen_ai.tool.name", "get_weather"}, {"tool.name", "other"}});
    EXPECT_EQ(current.tool_name, "get_weather");
    EXPECT_FALSE(current.is_call);
    EXPECT_EQ(meaning({{"openinference.span.kind", "TOOL"}, {"tool.name", "search"}}).tool_name, "search");
    EXPECT_EQ(meaning({{"ai.operationId", "ai.toolCall"}, {"ai.toolCall.name", "fetch"}}).tool_name, "fetch");
    EXPECT_EQ(meaning({{"traceloop.span.kind", "tool"}, {"traceloop.entity.name", "lookup"}}).tool_name, "lookup");
    EXPECT_FALSE(meaning({{"traceloop.span.kind", "task"}, {"traceloop.entity.name", "step"}}).tool_name);
}

TEST(SpanConventions, CachedTokensReportedApartAreAdded) {
    auto const input = [](std::initializer_list<std::pair<const char *, const char *>> more, const char *given = "10") {
        KnownAttributes known = attributes(more);
        known.put(Name::input_tokens, {Scalar::Type::number, given});
        known.put(Name::output_tokens, {Scalar::Type::number, "5"});
        return *meaning_of(known, {}).input_tokens;
    };
    // Anthropic's own names: apart.
    EXPECT_EQ(input({{"gen_ai.usage.cache_read_input_tokens", "3"}, {"gen_ai.usage.cache_creation_input_tokens", "4"}}),
              17);
    EXPECT_EQ(input({{"gen_ai.usage.cache_creation_input_tokens", "4"}}), 14);
    // The total tells otherwise.
    EXPECT_EQ(input({{"gen_ai.usage.cache_read_input_tokens", "3"}, {"llm.usage.total_tokens", "15"}}), 10);
    EXPECT_EQ(input({{"gen_ai.usage.cache_read.input_tokens", "3"}, {"gen_ai.usage.total_tokens", "18"}}), 13);
    // The convention's names: a part, unless that cannot be.
    EXPECT_EQ(input({{"gen_ai.usage.cache_read.input_tokens", "10"}}), 10);
    EXPECT_EQ(input({{"gen_ai.usage.cache_read.input_tokens", "11"}}), 21);
    EXPECT_EQ(input({{"gen_ai.usage.cache_read.input_tokens", "11"}, {"gen_ai.usage.total_tokens", "15"}}), 21);
    // Both names of the same count, as SDKs send them that are changing over: once, and a part.
    EXPECT_EQ(input({{"gen_ai.usage.cache_read.input_tokens", "3"}, {"gen_ai.usage.cache_read_input_tokens", "3"}}),
              10);
    EXPECT_EQ(input({{"gen_ai.usage.cache_read_input_tokens", "9007199254740991"}}, "9007199254740991"),
              9007199254740991);
}

TEST(SpanConventions, TheThreadAndTheRunComeFromTheSpanBeforeTheResource) {
    Meaning const m = meaning({{"gen_ai.conversation.id", "c"}}, {{"session.id", "r"}, {"run.id", "nightly"}});
    EXPECT_EQ(m.thread_id, "c");
    EXPECT_EQ(m.run_id, "nightly");
    EXPECT_EQ(meaning({{"session.id", "s"}, {"gen_ai.conversation.id", "c"}}).thread_id, "s");
    EXPECT_EQ(meaning({}, {{"session.id", "r"}}).thread_id, "r");
    EXPECT_EQ(meaning({{"run.id", "own"}}, {{"run.id", "nightly"}}).run_id, "own");
    EXPECT_FALSE(meaning({}, {{"gen_ai.request.model", "m"}}).model);
}

TEST(SpanConventions, WhatIsNotUnderstoodIsLeftOutWithAWarning) {
    Meaning const negative = meaning({{"gen_ai.usage.input_tokens", "-1"}, {"gen_ai.usage.prompt_tokens", "5"}});
    EXPECT_EQ(negative.input_tokens, 5) << "the next name serves";
    EXPECT_EQ(negative.warning, "gen_ai.usage.input_tokens must be a whole number between 0 and 2^53 - 1");
    EXPECT_EQ(meaning({{"gen_ai.usage.input_tokens", "12.0"}}).input_tokens, 12);
    for (const char *const bad : {"12.5", "", "many", "9007199254740992", "12.", "1e3"}) {
        Meaning const m = meaning({{"gen_ai.usage.input_tokens", bad}});
        EXPECT_FALSE(m.input_tokens) << bad;
        EXPECT_TRUE(m.warning) << bad;
    }
    for (const char *const bad : {"-0.1", "NaN", "free", "1e12", ""}) {
        Meaning const m = meaning({{"gen_ai.usage.cost", bad}});
        EXPECT_FALSE(m.cost) << bad;
        EXPECT_TRUE(m.warning) << bad;
    }
    std::string const long_name(201, 'm'), umlauts = [] {
        std::string s;
        for (int i = 0; i < 200; ++i) s += "\xC3\xA4";
        return s;
    }();
    EXPECT_FALSE(meaning({{"gen_ai.request.model", long_name.c_str()}}).model);
    EXPECT_EQ(meaning({{"gen_ai.request.model", umlauts.c_str()}}).model, umlauts)
        << "200 characters, whatever their bytes";
}

TEST(SpanConventions, ASpanWithoutANameIsNamedByTheConvention) {
    auto const name = [](std::initializer_list<std::pair<const char *, const char *>> pairs) {
        KnownAttributes const known = attributes(pairs);
        return name_of_unnamed(known, meaning_of(known, {}));
    };
    EXPECT_EQ(name({{"gen_ai.operation.name", "chat"}, {"gen_ai.request.model", "gpt-4o"}}), "chat gpt-4o");
    EXPECT_EQ(name({{"gen_ai.operation.name", "execute_tool"}, {"gen_ai.tool.name", "search"}}), "execute_tool search");
    EXPECT_EQ(name({{"gen_ai.operation.name", "invoke_agent"}, {"gen_ai.agent.name", "Math Tutor"}}),
              "invoke_agent Math Tutor");
    EXPECT_EQ(name({{"gen_ai.operation.name", "chat"}}), "chat");
    EXPECT_EQ(name({{"tool.name", "search"}}), "search");
    EXPECT_EQ(name({}), "");
}

}  // namespace
}  // namespace analytics::spans
