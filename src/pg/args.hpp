#pragma once
// Arguments of a SQL function, read and checked by name before any work.
#include "pg/values.hpp"

#include <initializer_list>

namespace analytics::pg {

/// 22023 with everything a caller needs: what is allowed, what came, what to do.
[[noreturn]] inline void bad_argument(std::string_view name, const std::string &given, const std::string &allowed,
                                      const std::string &hint = {}) {
    throw Error(ERRCODE_INVALID_PARAMETER_VALUE, std::string(name) + " must be " + allowed,
                std::string(name) + " is " + given + ".", hint.empty() ? "Pass " + allowed + "." : hint);
}

class Args {
  public:
    explicit Args(FunctionCallInfo fcinfo) : fcinfo_(fcinfo) {}

    bool null(int i) const { return i >= fcinfo_->nargs || fcinfo_->args[i].isnull; }
    Datum datum(int i) const { return fcinfo_->args[i].value; }

    std::optional<std::string> text(int i, std::string_view name, std::size_t longest = 1000) const {
        if (null(i)) return std::nullopt;
        std::string value = to_string(datum(i));
        if (value.size() > longest)
            bad_argument(name, std::to_string(value.size()) + " bytes long",
                         "at most " + std::to_string(longest) + " bytes long");
        return value;
    }
    std::string required_text(int i, std::string_view name, std::size_t longest = 1000) const {
        std::optional<std::string> value = text(i, name, longest);
        if (!value || value->empty()) bad_argument(name, value ? "empty" : "NULL", "given");
        return *value;
    }
    /// A text out of a strict whitelist; NULL means `otherwise`.
    std::string one_of(int i, std::string_view name, std::initializer_list<std::string_view> allowed,
                       std::string_view otherwise) const {
        std::optional<std::string> const value = text(i, name);
        if (!value) return std::string(otherwise);
        std::string list;
        for (std::string_view a : allowed) {
            if (a == *value) return *value;
            list += (list.empty() ? "" : ", ") + std::string(a);
        }
        bad_argument(name, "\"" + *value + "\"", "one of " + list);
    }
    int32 integer(int i, std::string_view name, int32 least, int32 most, int32 otherwise) const {
        if (null(i)) return otherwise;
        int32 const value = DatumGetInt32(datum(i));
        if (value < least || value > most)
            bad_argument(name, std::to_string(value),
                         "between " + std::to_string(least) + " and " + std::to_string(most));
        return value;
    }
    bool boolean(int i, bool otherwise) const { return null(i) ? otherwise : DatumGetBool(datum(i)); }
    /// A finite instant; NULL means now(), the start of the transaction.
    int64 instant_or_now(int i, std::string_view name) const {
        return null(i) ? GetCurrentTransactionStartTimestamp() : instant(i, name);
    }
    int64 instant(int i, std::string_view name) const {
        if (null(i)) bad_argument(name, "NULL", "given");
        TimestampTz const value = DatumGetTimestampTz(datum(i));
        if (TIMESTAMP_NOT_FINITE(value)) bad_argument(name, "infinite", "a finite instant");
        return value;
    }

  private:
    FunctionCallInfo fcinfo_;
};

}  // namespace analytics::pg
