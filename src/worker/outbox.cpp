#include "worker/outbox.hpp"

#include "pg/arrays.hpp"
#include "pg/settings.hpp"
#include "pg/spi.hpp"
#include "pg/values.hpp"
#include "worker/notices.hpp"

extern "C" {
#include "pgstat.h"
}

namespace analytics::worker {
namespace {

void begin(const char *what) {
    pg::call([&] {
        SetCurrentStatementStartTimestamp();
        StartTransactionCommand();
        PushActiveSnapshot(GetTransactionSnapshot());
        pgstat_report_activity(STATE_RUNNING, what);
    });
}

void commit() {
    pg::call([] {
        PopActiveSnapshot();
        CommitTransactionCommand();
        pgstat_report_stat(true);
        pgstat_report_activity(STATE_IDLE, nullptr);
    });
}

std::vector<Notice> claim() {
    std::vector<Notice> notices;
    begin("claiming notices");
    {
        pg::Spi const spi;
        pg::Result const rows = pg::run_once(
            spi, "SELECT c.tenant_id, c.delivery_id, c.url, c.body, ARRAY(SELECT x FROM "
                 "pg_catalog.jsonb_each_text(c.headers) h, "
                 "pg_catalog.unnest(ARRAY[h.key, h.value]) x) FROM analytics_internal.claim_deliveries() c");
        for (uint64 row = 0; row < rows.size(); ++row) {
            auto const text = [&](int column) { return pg::to_string(*rows.get(row, column)); };
            Notice notice{text(0), text(1), text(2), text(3), {}, {}};
            pg::ArrayElements const headers = pg::elements_of(*rows.get(row, 4), TEXTOID);
            for (int i = 0; i + 1 < headers.count; i += 2)
                notice.headers[pg::to_string(headers.values[i])] = pg::to_string(headers.values[i + 1]);
            notices.push_back(std::move(notice));
        }
    }
    commit();
    return notices;
}

void finish(const std::vector<Notice> &notices) {
    static pg::Statement statement("SELECT analytics_internal.finish_delivery($1, $2, $3)",
                                   {TEXTOID, TEXTOID, TEXTOID});
    begin("ticking notices off");
    {
        pg::Spi const spi;
        for (const Notice &notice : notices) {
            Datum const values[] = {pg::to_text(notice.tenant), pg::to_text(notice.delivery),
                                    pg::to_text(notice.problem)};
            (void)statement.run(spi, values, notice.problem.empty() ? "  n" : "   ", false);
        }
    }
    commit();
}

}  // namespace

void deliver_notices() {
    for (;;) {
        std::vector<Notice> notices = claim();
        if (notices.empty()) return;
        const char *const hosts = pg::notification_hosts;
        send(notices, hosts == nullptr ? "" : hosts, [] { pg::check_for_interrupts(); });
        finish(notices);
    }
}

}  // namespace analytics::worker
