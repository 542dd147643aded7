// What happens before each request through PostgREST: see the comment of analytics.pre_request().
#include "delivery/limits.hpp"
#include "delivery/request_log.hpp"
#include "delivery/response.hpp"
#include "pg/settings.hpp"

#include <chrono>

namespace analytics::delivery {
namespace {

/// The class of limit a caller's request falls into, or nothing where it is not counted.
std::optional<Limit> limit_of(const Caller &caller, LimitClass of_function) {
    if (of_function == LimitClass::none) return std::nullopt;
    if (caller.kind == Caller::Kind::anonymous) return Limit::anon;
    if (of_function == LimitClass::exports) return Limit::exports;
    if (caller.kind == Caller::Kind::key)
        return caller.tier == "ENTERPRISE" ? Limit::tier_enterprise
               : caller.tier == "PRO"      ? Limit::tier_pro
                                           : Limit::tier_free;
    bool const ingests = of_function == LimitClass::ingest;
    // Who records for others shall not record less than they could.
    if (caller.kind == Caller::Kind::service)
        return ingests && (pg::limit_ingest == 0 || pg::limit_ingest > pg::limit_service) ? Limit::ingest
                                                                                          : Limit::service;
    switch (of_function) {
    case LimitClass::agent:
        return Limit::agent;
    case LimitClass::admin:
        return Limit::admin;
    case LimitClass::scrape:
        return Limit::scrape;
    case LimitClass::ingest:
        return Limit::ingest;
    default:
        return Limit::dashboard;
    }
}

std::string cache_control(const Endpoint &endpoint) {
    if (endpoint.max_age == 0) return "no-store";
    std::string value = "private, max-age=" + std::to_string(endpoint.max_age);
    if (endpoint.stale_while_revalidate > 0)
        value += ", stale-while-revalidate=" + std::to_string(endpoint.stale_while_revalidate);
    return value;
}

void add_limit_headers(std::vector<Header> &headers, const Verdict &verdict) {
    if (!verdict.counted) return;
    constexpr int64 unix_epoch = int64{POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE} * SECS_PER_DAY;
    int64 const reset = (verdict.reset_at + USECS_PER_SEC - 1) / USECS_PER_SEC + unix_epoch;
    headers.emplace_back("X-RateLimit-Limit", std::to_string(verdict.limit));
    headers.emplace_back("X-RateLimit-Remaining", std::to_string(verdict.remaining));
    headers.emplace_back("X-RateLimit-Reset", std::to_string(reset));
}

Verdict count(const Caller &caller, const Request &request) {
    auto const limit = limit_of(caller, request.endpoint->limit);
    if (!limit) return {};
    std::string bucket = caller.bucket(request);
    // A key and the service have one limit, but a bucket for each class; an address has one for all.
    if (caller.kind != Caller::Kind::anonymous) bucket.append(to_text(request.endpoint->limit));
    return take_tokens(*limit, bucket);
}

void handle() {
    auto const started = std::chrono::steady_clock::now();
    Request const request = read_request();
    Caller caller = caller_of_claims();
    std::vector<Header> headers{{"X-API-Version", "1"}, {"X-Request-Id", request.id}};
    auto const refuse_uncached = [&](const Refusal &refusal) {
        headers.emplace_back("Cache-Control", "no-store");
        note_request(request, caller);
        note_refusal(refusal.status);
        refuse(refusal, headers);
    };
    auto const refuse_if_blocked = [&] {
        if (request.address && is_blocked(*request.address, caller.tenant))
            refuse_uncached({403, "FORBIDDEN", "address blocked", "Requests from " + *request.address + " are refused.",
                             "Ask whoever runs the service."});
    };
    refuse_if_blocked();
    if (request.endpoint == nullptr) return;
    if (request.api_key) {
        std::string const before = caller.tenant;
        if (auto const refused = authenticate(*request.api_key, caller)) {
            headers.emplace_back("WWW-Authenticate", "ApiKey");
            refuse_uncached({401, "AUTH_REQUIRED", refused->message, {}, refused->hint});
        }
        if (caller.tenant != before) refuse_if_blocked();  // the key's tenant may have blocked it
    }
    note_request(request, caller);
    Verdict const verdict = count(caller, request);
    add_limit_headers(headers, verdict);
    if (!verdict.allowed) {
        headers.emplace_back("Retry-After", std::to_string(verdict.retry_after_seconds));
        refuse_uncached({429, "RATE_LIMIT_EXCEEDED", "rate limit exceeded",
                         "The limit is " + std::to_string(verdict.limit) + " requests in " +
                             std::to_string(verdict.window_seconds) + " seconds.",
                         "Try again in " + std::to_string(verdict.retry_after_seconds) + " seconds."});
    }
    headers.emplace_back("Cache-Control", cache_control(*request.endpoint));
    std::chrono::duration<double, std::milli> const spent = std::chrono::steady_clock::now() - started;
    std::array<char, 64> timing{};
    std::snprintf(timing.data(), timing.size(), "pre_request;dur=%.3f", spent.count());
    headers.emplace_back("Server-Timing", timing.data());
    add_response_headers(headers);
}

}  // namespace
}  // namespace analytics::delivery

ANALYTICS_FUNCTION(analytics_pre_request) {
    analytics::delivery::handle();
    PG_RETURN_VOID();
}
