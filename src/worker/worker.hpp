#pragma once
// The background worker: one process that writes down the noted requests of one database, maintains its
// rollups, evaluates its rules of alerts each minute and sends their notices.

namespace analytics::worker {

/// Has the server start the worker, if the library is preloaded and agent_analytics.database names a database.
/// Called by _PG_init.
void register_worker();

}  // namespace analytics::worker
