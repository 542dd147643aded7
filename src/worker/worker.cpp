#include "worker/worker.hpp"

#include "delivery/shared_state.hpp"
#include "pg/settings.hpp"
#include "pg/spi.hpp"
#include "worker/outbox.hpp"

extern "C" {
#include "commands/extension.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/latch.h"
#include "tcop/pquery.h"
#include "utils/portal.h"
#include "utils/ps_status.h"
#include "utils/wait_event.h"

PGDLLEXPORT void analytics_worker_main(Datum);
}

namespace analytics::worker {
namespace {

constexpr const char *flush = "SELECT analytics_internal.flush_requests()";
constexpr const char *maintain = "CALL analytics.run_maintenance()";
constexpr const char *evaluate = "CALL analytics_internal.evaluate_all_tenants()";

/// Whether the database has the extension: it may be created, dropped or updated while the worker runs.
bool has_extension() {
    return pg::call([] {
        StartTransactionCommand();
        bool const found = OidIsValid(get_extension_oid("agent_analytics", true));
        CommitTransactionCommand();
        return found;
    });
}

/// One statement, as a client would send it: in a portal, which keeps a snapshot for a procedure that commits. An error
/// ends the process; the server starts another one after a while.
void run(const char *statement) {
    pg::call([&] {
        SetCurrentStatementStartTimestamp();
        StartTransactionCommand();
        pgstat_report_activity(STATE_RUNNING, statement);
        Portal const portal = CreatePortal("", true, true);
        portal->visible = false;
        portal->status = PORTAL_ACTIVE;
        ActivePortal = portal;
        PortalContext = portal->portalContext;
        EnsurePortalSnapshotExists();
        SPI_connect_ext(SPI_OPT_NONATOMIC);
        SPIExecuteOptions options{};
        options.allow_nonatomic = true;
        int const code = SPI_execute_extended(statement, &options);
        if (code < 0) elog(ERROR, "SPI_execute_extended failed: %s", SPI_result_code_string(code));
        SPI_finish();
        if (portal->portalSnapshot != nullptr) {
            PopActiveSnapshot();
            portal->portalSnapshot = nullptr;
        }
        MarkPortalDone(portal);
        PortalDrop(portal, false);
        ActivePortal = nullptr;
        PortalContext = nullptr;
        CommitTransactionCommand();
        pgstat_report_stat(true);
        pgstat_report_activity(STATE_IDLE, nullptr);
    });
}

std::uint64_t requests_noted() {
    auto *const state = static_cast<delivery::SharedState *>(pg::shared_memory());
    return pg::with_lock(state->ring.lock.lock, LW_SHARED, [&]() noexcept { return state->ring.noted; });
}

void wait(long milliseconds) {
    pg::call([&] {
        (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds, PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
        if (ConfigReloadPending) {
            ConfigReloadPending = false;
            ProcessConfigFile(PGC_SIGHUP);
        }
    });
}

[[noreturn]] void work() {
    pg::call([] {
        pqsignal(SIGHUP, SignalHandlerForConfigReload);
        BackgroundWorkerUnblockSignals();
        BackgroundWorkerInitializeConnection(MyBgworkerEntry->bgw_extra, nullptr, 0);
    });
    std::uint64_t written = 0;  // none of the requests noted so far is known to be written
    TimestampTz maintained = 0, delivered = 0, evaluated = 0;
    for (;;) {
        wait(pg::flush_interval_ms);
        if (!has_extension()) continue;
        if (std::uint64_t const noted = requests_noted(); noted != written) {
            run(flush);
            written = noted;
        }
        bool const due = pg::maintenance_interval_s > 0 &&
                         GetCurrentTimestamp() - maintained >= pg::maintenance_interval_s * USECS_PER_SEC;
        if (due) {
            run(maintain);
            maintained = GetCurrentTimestamp();
        }
        if (TimestampTz const minute = GetCurrentTimestamp() / USECS_PER_MINUTE; minute != evaluated) {
            run(evaluate);
            evaluated = minute;
        }
        if (TimestampTz const now = GetCurrentTimestamp(); now - delivered >= USECS_PER_SEC) {
            deliver_notices();
            delivered = now;
        }
    }
}

}  // namespace

void register_worker() {
    const char *const database = pg::worker_database;
    if (!process_shared_preload_libraries_in_progress || database == nullptr || *database == '\0') return;
    pg::call([&] {
        BackgroundWorker worker{};
        worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
        worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
        worker.bgw_restart_time = 5;
        strlcpy(worker.bgw_name, "agent_analytics worker", sizeof worker.bgw_name);
        strlcpy(worker.bgw_type, "agent_analytics worker", sizeof worker.bgw_type);
        strlcpy(worker.bgw_library_name, "agent_analytics", sizeof worker.bgw_library_name);
        strlcpy(worker.bgw_function_name, "analytics_worker_main", sizeof worker.bgw_function_name);
        strlcpy(worker.bgw_extra, database, sizeof worker.bgw_extra);
        RegisterBackgroundWorker(&worker);
    });
}

}  // namespace analytics::worker

void analytics_worker_main(Datum) {
    analytics::pg::enter([] { analytics::worker::work(); });
}
