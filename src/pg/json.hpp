#pragma once
// JSON objects that PostgreSQL parses for us.
#include "pg/boundary.hpp"

extern "C" {
#include "utils/jsonb.h"
}

namespace analytics::pg {

/// Text as jsonb, in the current memory context. What is no JSON raises 22P02.
inline Datum to_jsonb(const std::string &text) {
    const char *const json = text.c_str();
    return call([&] { return DirectFunctionCall1(jsonb_in, CStringGetDatum(json)); });
}

class JsonObject {
  public:
    /// Nothing when the text is empty or no object. What is no JSON raises 22P02.
    static std::optional<JsonObject> parse(std::string_view text) {
        if (text.empty()) return std::nullopt;
        Datum const parsed = to_jsonb(std::string(text));
        Jsonb *const value = call([&] { return DatumGetJsonbP(parsed); });
        return JB_ROOT_IS_OBJECT(value) ? std::optional(JsonObject(value)) : std::nullopt;
    }

    /// A member that is a string, and not an empty one.
    std::optional<std::string> text(std::string_view key) const {
        ::JsonbValue value;
        ::JsonbValue *const found = call([&] {
            return getKeyJsonValueFromContainer(&object_->root, key.data(), static_cast<int>(key.size()), &value);
        });
        if (found == nullptr || found->type != jbvString || found->val.string.len == 0) return std::nullopt;
        return std::string(found->val.string.val, static_cast<std::size_t>(found->val.string.len));
    }

  private:
    explicit JsonObject(Jsonb *object) : object_(object) {}
    Jsonb *object_;
};

}  // namespace analytics::pg
