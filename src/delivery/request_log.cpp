#include "delivery/request_log.hpp"

#include "core/text/http_status.hpp"
#include "delivery/limits.hpp"
#include "engine/reader.hpp"
#include "pg/rows.hpp"

#include <algorithm>
#include <map>

extern "C" {
#include "access/transam.h"
#include "storage/procarray.h"
#include "utils/guc.h"
}

namespace analytics::delivery {
namespace {

struct {
    bool active = false;
    bool signed_in = false;
    NotedRequest request{};
} current;  // of this backend's transaction
emit_log_hook_type earlier_log_hook = nullptr;

template <std::size_t n> void copy(char (&to)[n], std::string_view from) {
    from = from.substr(0, n - 1);
    auto const length =
        static_cast<std::size_t>(pg_mbcliplen(from.data(), static_cast<int>(from.size()), static_cast<int>(n - 1)));
    std::memcpy(to, from.data(), length);
    to[length] = '\0';
}

/// Writes the request of this transaction into the ring. Nothing here may raise: the transaction is over.
void finish() {
    current.active = false;
    auto *const state = static_cast<SharedState *>(pg::shared_memory());
    if (state == nullptr) return;
    current.request.duration_ms = static_cast<double>(GetCurrentTimestamp() - current.request.started_at) / 1000;
    RequestRing &ring = state->ring;
    pg::with_lock(ring.lock.lock, LW_EXCLUSIVE, [&]() noexcept {
        NotedRequest &slot = ring.requests[ring.noted % RequestRing::size];
        if (ring.noted >= RequestRing::size && slot.written_by == 0) ++ring.lost;
        slot = current.request;
        ++ring.noted;
    });
}

void on_transaction(XactEvent event, void *) {
    if (!current.active) return;
    switch (event) {
    case XACT_EVENT_PRE_COMMIT:
    case XACT_EVENT_PRE_PREPARE:  // the function's own status, while it can still be read
        if (const char *const status = GetConfigOption("response.status", true, false);
            status != nullptr && std::atoi(status) >= 100)
            current.request.status = std::atoi(status);
        break;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PREPARE:
        pg::enter([] { finish(); });
        break;
    case XACT_EVENT_ABORT:
        // An error that was not logged (log_min_messages) is not known. A ROLLBACK leaves the block as one that has
        // failed already; an error finds it in progress.
        if (current.request.status < 400 && TransactionBlockStatusCode() != 'E') current.request.status = 500;
        pg::enter([] { finish(); });
        break;
    default:
        break;
    }
}

void on_log(ErrorData *error) {
    if (current.active && error->elevel >= ERROR) {
        const char *const state = unpack_sql_state(error->sqlerrcode);
        if (error->sqlerrcode == MAKE_SQLSTATE('P', 'G', 'R', 'S', 'T'))
            current.request.status = core::status_in_detail(error->detail == nullptr ? "" : error->detail);
        else current.request.status = core::http_status(state, current.signed_in);
        strlcpy(current.request.error_code, state, sizeof current.request.error_code);
    }
    if (earlier_log_hook != nullptr) earlier_log_hook(error);
}

std::uint64_t full_id(TransactionId id) {
    std::uint64_t const next = U64FromFullTransactionId(ReadNextFullTransactionId());
    auto const behind = static_cast<std::uint32_t>(static_cast<std::uint32_t>(next) - id);
    return next - behind;
}

/// Whether a snapshot sees what a transaction wrote.
bool sees(Snapshot snapshot, std::uint64_t writer) {
    if (writer == 0) return false;
    // Its status may be forgotten, and no snapshot is as old; had it failed, somebody would have written the row since.
    if (U64FromFullTransactionId(ReadNextFullTransactionId()) - writer > 100'000'000) return true;
    auto const id = static_cast<TransactionId>(writer);
    if (TransactionIdIsCurrentTransactionId(id)) return true;
    return !XidInMVCCSnapshot(id, snapshot) && TransactionIdDidCommit(id);
}

constexpr std::size_t batch = 64;  // requests copied under one lock

/// Those of this database that `wanted`, oldest first; with a writer they are marked as written by it.
template <class Wanted> std::vector<NotedRequest> collect(RequestRing &ring, std::uint64_t writer, Wanted &&wanted) {
    std::vector<NotedRequest> all;
    std::vector<std::uint64_t> numbers;
    std::array<NotedRequest, batch> found{};
    auto const noted = pg::with_lock(ring.lock.lock, LW_SHARED, [&]() noexcept { return ring.noted; });
    for (std::uint64_t n = noted > RequestRing::size ? noted - RequestRing::size : 0; n < noted;) {
        struct Part {
            std::uint64_t first;
            std::size_t count;
        };
        // Only copied here: whether a transaction has committed is looked up without the lock.
        Part const part = pg::with_lock(ring.lock.lock, LW_SHARED, [&]() noexcept {
            std::size_t count = 0;
            std::uint64_t const oldest = ring.noted > RequestRing::size ? ring.noted - RequestRing::size : 0;
            std::uint64_t const first = std::max(n, oldest);
            for (std::uint64_t i = first; i < noted && count < batch; ++i)
                found[count++] = ring.requests[i % RequestRing::size];
            return Part{first, count};
        });
        for (std::size_t i = 0; i < part.count; ++i)
            if (found[i].database == MyDatabaseId && pg::call([&] { return wanted(found[i]); })) {
                all.push_back(found[i]);
                numbers.push_back(part.first + i);
            }
        n = part.first + std::max<std::size_t>(part.count, 1);
    }
    if (writer != 0)
        pg::with_lock(ring.lock.lock, LW_EXCLUSIVE, [&]() noexcept {
            for (std::uint64_t const number : numbers)
                if (number + RequestRing::size >= ring.noted)
                    ring.requests[number % RequestRing::size].written_by = writer;
        });
    return all;
}

}  // namespace

void note_request(const Request &request, const Caller &caller) {
    auto *const state = static_cast<SharedState *>(pg::shared_memory());
    if (state == nullptr || caller.tenant.size() >= sizeof NotedRequest::tenant) return;
    NotedRequest &noted = current.request;
    noted = {};
    noted.started_at = GetCurrentTransactionStartTimestamp();
    noted.database = MyDatabaseId;
    noted.status = request.answers_nothing() ? 204 : 200;
    copy(noted.method, request.method);
    copy(noted.endpoint, request.endpoint == nullptr ? "other" : request.path);
    copy(noted.tenant, caller.tenant);
    copy(noted.user, caller.key_id ? "key:" + *caller.key_id : caller.user.value_or(""));
    copy(noted.request_id, request.id);
    copy(noted.key_id, caller.key_id.value_or(""));
    copy(noted.client, request.address.value_or(""));
    current.signed_in = caller.kind != Caller::Kind::anonymous;
    current.active = true;
}

void note_refusal(int status) { current.request.status = status; }

void register_request_log() {
    pg::call([] {
        RegisterXactCallback(on_transaction, nullptr);
        earlier_log_hook = emit_log_hook;
        emit_log_hook = on_log;
    });
}

std::vector<NotedRequest> noted_requests(SharedState &state) {
    Snapshot const snapshot = GetActiveSnapshot();
    return collect(state.ring, 0, [&](const NotedRequest &r) { return !sees(snapshot, r.written_by); });
}

}  // namespace analytics::delivery

/// Hands the noted requests to whoever writes them in this transaction; nobody else is given them unless it fails.
ANALYTICS_FUNCTION(analytics_take_requests) {
    using namespace analytics;
    using namespace analytics::delivery;
    using Text = std::optional<std::string>;
    pg::RowSink<std::string, std::string, pg::Timestamp, std::string, std::string, int32, double, Text, Text, Text,
                Text>
        rows(fcinfo);
    auto *const state = static_cast<SharedState *>(pg::shared_memory());
    if (state == nullptr) return 0;
    // Of the writers before us, who all have ended (they queue on a lock of the table), those that failed count as
    // none.
    std::uint64_t const writer = pg::call([] { return full_id(GetCurrentTransactionId()); });
    std::uint64_t const next = U64FromFullTransactionId(ReadNextFullTransactionId());
    auto const unwritten = [&](const NotedRequest &r) {
        if (r.written_by == 0) return true;
        if (next - r.written_by > 100'000'000) return false;
        auto const id = static_cast<TransactionId>(r.written_by);
        return !TransactionIdIsCurrentTransactionId(id) && !TransactionIdIsInProgress(id) &&
               !TransactionIdDidCommit(id);
    };
    auto const given = [](const char *value) { return *value == '\0' ? Text() : Text(value); };
    for (const NotedRequest &r : collect(state->ring, writer, unwritten))
        rows.put(std::string(r.tenant), std::string(r.request_id), pg::Timestamp{r.started_at}, std::string(r.method),
                 std::string(r.endpoint), r.status, r.duration_ms, given(r.user), given(r.client), given(r.error_code),
                 given(r.key_id));
    return 0;
}

/// When each key of the caller's tenant was last used, as far as that is not written yet.
ANALYTICS_FUNCTION(analytics_recent_key_uses) {
    using namespace analytics;
    using namespace analytics::delivery;
    pg::RowSink<std::string, pg::Timestamp> rows(fcinfo);
    auto *const state = static_cast<SharedState *>(pg::shared_memory());
    if (state == nullptr) return 0;
    std::string const tenant = engine::current_tenant();
    std::map<std::string, int64> last;
    for (const NotedRequest &r : noted_requests(*state))
        if (*r.key_id != '\0' && tenant == r.tenant) last[r.key_id] = std::max(last[r.key_id], r.started_at);
    for (const auto &[key, at] : last) rows.put(key, pg::Timestamp{at});
    return 0;
}

ANALYTICS_FUNCTION(analytics_shared_memory_status) {
    using namespace analytics;
    using namespace analytics::delivery;
    auto *const state = static_cast<SharedState *>(pg::shared_memory());
    if (state == nullptr) return pg::make_row(fcinfo, false, int64{0}, int64{0}, int64{0}, int64{0}, int64{0});
    int64 const now = monotonic_now();
    auto const live =
        core::BucketTable(state->known.buckets).live(now) + core::BucketTable(state->anonymous.buckets).live(now);
    struct Counts {
        std::uint64_t noted, lost;
    };
    Counts const counts = pg::with_lock(state->ring.lock.lock, LW_SHARED, [&]() noexcept {
        return Counts{state->ring.noted, state->ring.lost};
    });
    auto const whole = [](std::uint64_t n) { return static_cast<int64>(n); };
    return pg::make_row(fcinfo, true, whole(live),
                        whole(std::atomic_ref(state->calls_in_shared_buckets).load(std::memory_order_relaxed)),
                        whole(counts.noted), whole(noted_requests(*state).size()), whole(counts.lost));
}
