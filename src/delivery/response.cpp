#include "delivery/response.hpp"

#include "core/text/json_text.hpp"
#include "pg/args.hpp"

#include <algorithm>

extern "C" {
#include "utils/guc.h"
}

namespace analytics::delivery {
namespace {

using core::json_string;

constexpr int pt_state(int status) {
    return MAKE_SQLSTATE('P', 'T', '0' + status / 100, '0' + status / 10 % 10, '0' + status % 10);
}

bool is_token(std::string_view name) {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               others.find(c) != std::string_view::npos;
    });
}

}  // namespace

std::string_view setting(const char *name) {
    const char *const value = pg::call([&] { return GetConfigOption(name, true, false); });
    return value == nullptr ? std::string_view() : std::string_view(value);
}

void set_for_transaction(const char *name, const std::string &value) {
    const char *const text = value.c_str();
    pg::call([&] {
        (void)set_config_option(name, text, superuser() ? PGC_SUSET : PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL,
                                true, 0, false);
    });
}

void add_response_headers(std::span<const Header> headers) {
    std::string all(setting("response.headers"));
    std::size_t const end = all.find_last_not_of(" \t\r\n");
    if (end == std::string::npos || all[end] != ']') all = "[]";  // what is no list PostgREST would refuse anyway
    all.erase(all.find_last_of(']'));
    for (const auto &[name, value] : headers) {
        if (all.back() != '[') all += ",";
        all.append("{").append(json_string(name)).append(":").append(json_string(value)).append("}");
    }
    set_for_transaction("response.headers", all + "]");
}

void refuse(const Refusal &refusal, std::span<const Header> headers) {
    if (setting("request.method").empty())
        throw pg::Error(pt_state(refusal.status), refusal.message, refusal.detail, refusal.hint);
    std::string const message =
        std::string("{\"code\":") + json_string(refusal.code) + ",\"message\":" + json_string(refusal.message) +
        ",\"details\":" + json_string(refusal.detail) + ",\"hint\":" + json_string(refusal.hint) + "}";
    std::string detail = "{\"status\":" + std::to_string(refusal.status) + ",\"headers\":{";
    for (const auto &[name, value] : headers) {
        if (detail.back() != '{') detail += ",";
        detail.append(json_string(name)).append(":").append(json_string(value));
    }
    throw pg::Error(MAKE_SQLSTATE('P', 'G', 'R', 'S', 'T'), message, detail + "}}");
}

}  // namespace analytics::delivery

ANALYTICS_FUNCTION(analytics_add_response_header) {
    using namespace analytics;
    pg::Args const args(fcinfo);
    std::string const name = args.required_text(0, "name", 100), value = args.required_text(1, "value");
    if (!delivery::is_token(name)) pg::bad_argument("name", "\"" + name + "\"", "the name of a header");
    if (!std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; }))
        pg::bad_argument("value", "\"" + value + "\"", "printable ASCII");
    delivery::add_response_headers(std::array{delivery::Header(name, value)});
    PG_RETURN_VOID();
}
