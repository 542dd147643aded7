#pragma once
// What an answer through PostgREST carries beside its rows: headers, and refusals with a status.
#include "pg/boundary.hpp"

namespace analytics::delivery {

using Header = std::pair<std::string, std::string>;

/// A setting as this transaction has it; empty where there is none.
std::string_view setting(const char *name);
/// Sets it until the transaction ends.
void set_for_transaction(const char *name, const std::string &value);

/// Adds headers to those of the answer (the setting response.headers), which a plain set_config would wipe.
void add_response_headers(std::span<const Header>);

/// A request that is turned away.
struct Refusal {
    int status;
    const char *code;     // as docs/errors.md names it
    const char *message;  // constant ASCII
    std::string detail, hint;
};
/// Through PostgREST an error of the form `PGRST`, which keeps status and headers (those set otherwise are lost with
/// the transaction); elsewhere one whose SQLSTATE is PT and the status.
[[noreturn]] void refuse(const Refusal &, std::span<const Header> headers);

}  // namespace analytics::delivery
