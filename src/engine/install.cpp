// analytics.install(): the lock that makes its callers queue, and steps of the maintenance wait for them.
#include "pg/boundary.hpp"

extern "C" {
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "storage/lmgr.h"
}

namespace {

/// Until the transaction ends.
void lock_extension(LOCKMODE mode) {
    analytics::pg::call([&] {
        Oid const extension = get_extension_oid("agent_analytics", false);
        LockDatabaseObject(ExtensionRelationId, extension, 0, mode);
    });
}

}  // namespace

ANALYTICS_FUNCTION(analytics_lock_install) {
    lock_extension(ShareUpdateExclusiveLock);
    return 0;
}

ANALYTICS_FUNCTION(analytics_await_install) {
    lock_extension(ShareLock);
    return 0;
}
