#pragma once
// The log of requests: each is noted in shared memory when its transaction ends, whichever way, also where nothing may
// be written; later somebody writes what was noted into analytics_data.api_requests.
#include "delivery/request.hpp"
#include "delivery/shared_state.hpp"

namespace analytics::delivery {

/// From now on this transaction is a request. Called again, it replaces what was said of it.
void note_request(const Request &, const Caller &);
/// The request of this transaction is being refused.
void note_refusal(int status);
/// Callbacks; called by _PG_init.
void register_request_log();

/// Requests of this database that are noted and not in api_requests, as the active snapshot sees the table: together
/// with its rows they are all that ended before.
std::vector<NotedRequest> noted_requests(SharedState &state);

}  // namespace analytics::delivery
