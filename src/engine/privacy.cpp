// redact_pii and its forms for a column, and for jsonb.
#include "core/privacy/redact.hpp"
#include "pg/args.hpp"

#include <unordered_set>

extern "C" {
#include "miscadmin.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
}

namespace analytics::engine {
namespace {

/// The name that was given last, prepared: of the rows of one statement many have the same.
const core::KnownName &known_name(const pg::Args &args, int i) {
    static std::string last;
    static core::KnownName prepared;
    std::string_view const name = args.null(i) ? std::string_view() : pg::text_view(args.datum(i));
    if (name != last) {
        prepared = core::KnownName(name);
        last = name;
    }
    return prepared;
}

Datum text_or_given(const std::optional<std::string> &text, Datum given) { return text ? pg::to_text(*text) : given; }

/// A jsonb written anew with its strings, keys and numbers redacted.
class JsonRedaction {
  public:
    explicit JsonRedaction(const core::KnownName &name) : name_(&name) {}

    Datum operator()(Jsonb *given) {
        JsonbIterator *iterator = pg::call([&] { return JsonbIteratorInit(&given->root); });
        JsonbValue value;
        JsonbValue *result = nullptr;
        bool const scalar = JB_ROOT_IS_SCALAR(given);
        std::string key;
        while (true) {
            JsonbIteratorToken const token = pg::call([&] { return JsonbIteratorNext(&iterator, &value, false); });
            if (token == WJB_DONE) break;
            switch (token) {
            case WJB_BEGIN_ARRAY:
            case WJB_BEGIN_OBJECT:
                // Iterating gives each container as it begins; its key has been pushed already.
                levels_.emplace_back();
                levels_.back().name = token == WJB_BEGIN_ARRAY && levels_.size() > 1 ? key : std::string();
                push(token, token == WJB_BEGIN_ARRAY && scalar && levels_.size() == 1 ? &value : nullptr, result);
                if (token == WJB_BEGIN_OBJECT) key.clear();
                break;
            case WJB_END_ARRAY:
            case WJB_END_OBJECT:
                levels_.pop_back();
                push(token, nullptr, result);
                break;
            case WJB_KEY:
                key = text_of(value);
                set_text(value, free_key(core::redacted(key, *name_, pg::check_for_interrupts).value_or(key)));
                push(token, &value, result);
                break;
            case WJB_VALUE:
                redact(key, value);
                push(token, &value, result);
                break;
            case WJB_ELEM:
                redact(levels_.back().name, value);
                push(token, &value, result);
                break;
            default:
                break;
            }
            pg::check_for_interrupts();
        }
        return pg::call([&] { return JsonbPGetDatum(JsonbValueToJsonb(result)); });
    }

  private:
    struct Level {
        std::unordered_set<std::string> keys;
        std::string name;  // of an array: the key it stands under
    };

    static std::string text_of(const JsonbValue &value) {
        return {value.val.string.val, static_cast<std::size_t>(value.val.string.len)};
    }
    static void set_text(JsonbValue &value, const std::string &text) {
        value.type = jbvString;
        value.val.string.len = static_cast<int>(text.size());
        value.val.string.val = pg::call([&] { return static_cast<char *>(palloc(text.size() + 1)); });
        memcpy(value.val.string.val, text.data(), text.size());
    }
    /// Two keys that become the same would lose a value: the second one is called [EMAIL] 2.
    std::string free_key(const std::string &wanted) {
        std::string key = wanted;
        for (int n = 2; !levels_.back().keys.insert(key).second; ++n) key = wanted + " " + std::to_string(n);
        return key;
    }
    void redact(const std::string &key, JsonbValue &value) {
        std::string text;
        if (value.type == jbvString) {
            text = text_of(value);
        } else if (value.type == jbvNumeric) {
            text = pg::call(
                [&] { return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value.val.numeric))); });
        } else {
            return;
        }
        if (key == "customer_name" && value.type == jbvString) {  // jsonb keeps it before the longer keys of its object
            whose_ = core::KnownName(text);
            name_ = &whose_;
            set_text(value, "[NAME]");
            return;
        }
        if (std::optional<std::string> const clean =
                key.empty() ? core::redacted(text, *name_, pg::check_for_interrupts)
                            : core::redacted_value(key, text, *name_, pg::check_for_interrupts))
            set_text(value, *clean);
    }
    void push(JsonbIteratorToken token, JsonbValue *value, JsonbValue *&result) {
        result = pg::call([&] { return pushJsonbValue(&state_, token, value); });
    }

    const core::KnownName *name_;
    core::KnownName whose_;
    JsonbParseState *state_ = nullptr;
    std::vector<Level> levels_;
};

}  // namespace
}  // namespace analytics::engine

ANALYTICS_FUNCTION(analytics_redact_pii) {
    using namespace analytics;
    Datum const given = PG_GETARG_DATUM(0);
    return engine::text_or_given(core::redacted(pg::text_view(given), {}, pg::check_for_interrupts), given);
}

ANALYTICS_FUNCTION(analytics_redact_text) {
    using namespace analytics;
    pg::Args const args(fcinfo);
    if (args.null(0)) PG_RETURN_NULL();
    return engine::text_or_given(
        core::redacted(pg::text_view(args.datum(0)), engine::known_name(args, 1), pg::check_for_interrupts),
        args.datum(0));
}

ANALYTICS_FUNCTION(analytics_redact_json) {
    using namespace analytics;
    pg::Args const args(fcinfo);
    if (args.null(0)) PG_RETURN_NULL();
    Jsonb *const given = pg::call([&] { return DatumGetJsonbP(args.datum(0)); });
    return engine::JsonRedaction(engine::known_name(args, 1))(given);
}
