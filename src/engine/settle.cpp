#include "engine/settle.hpp"

#include "engine/notes.hpp"
#include "pg/settings.hpp"

#include <algorithm>

extern "C" {
#include "access/subtrans.h"
#include "access/transam.h"
#include "commands/sequence.h"
#include "storage/latch.h"
#include "storage/procarray.h"
#include "utils/fmgrprotos.h"
#include "utils/wait_event.h"
}

namespace analytics::engine {
namespace {

/// The oldest running transaction with an id below `limit`, this one excepted; prepared ones count as running. A
/// snapshot lists those below its xmax only (the last completed id + 1); what lies from there to `limit` has not ended
/// either.
TransactionId oldest_below(TransactionId limit) {
    return pg::call([&] {
        Snapshot const now = GetLatestSnapshot();  // of the whole cluster, without our own ids
        TransactionId oldest = InvalidTransactionId;
        for (uint32 i = 0; i < now->xcnt; ++i) {
            TransactionId const xid = now->xip[i];
            if (!TransactionIdPrecedes(xid, limit)) continue;
            if (!TransactionIdIsValid(oldest) || TransactionIdPrecedes(xid, oldest)) oldest = xid;
        }
        if (TransactionIdIsValid(oldest)) return oldest;
        for (TransactionId xid = now->xmax; TransactionIdPrecedes(xid, limit);) {
            if (!TransactionIdIsCurrentTransactionId(xid)) return SubTransGetTopmostTransaction(xid);
            TransactionIdAdvance(xid);
        }
        return InvalidTransactionId;
    });
}

void sleep_briefly(long milliseconds) {
    pg::call([&] {
        (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds, PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
    });
}

std::string describe(TransactionId xid) {
    int const pid = pg::call([&] { return BackendXidGetPid(xid); });
    return pid == 0 ? "prepared transaction " + std::to_string(xid)
                    : "transaction " + std::to_string(xid) + " of process " + std::to_string(pid);
}

}  // namespace

Settled settle(const Source &source, int64 limit, int64 settled_to) {
    int64 const old = read_sequence(source.note_below);
    if (limit > old)
        pg::call([&] { DirectFunctionCall2(setval_oid, ObjectIdGetDatum(source.note_below), Int64GetDatum(limit)); });
    forget_limits();
    limit = std::max(limit, old);
    if (limit <= settled_to) return {settled_to, ""};
    TransactionId const next = pg::call([] { return XidFromFullTransactionId(ReadNextFullTransactionId()); });
    TimestampTz const until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), pg::refresh_wait_ms);
    for (long pause = 1;; pause = std::min(pause * 2, 20L)) {
        TransactionId const oldest = oldest_below(next);
        if (!TransactionIdIsValid(oldest)) return {limit, ""};
        if (GetCurrentTimestamp() >= until) return {settled_to, describe(oldest)};
        sleep_briefly(pause);
    }
}

}  // namespace analytics::engine
