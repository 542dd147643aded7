// analytics.install(): the lock that makes its callers queue.
#include "pg/boundary.hpp"

extern "C" {
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "storage/lmgr.h"
}

ANALYTICS_FUNCTION(analytics_lock_install) {
    analytics::pg::call([] {
        Oid const extension = get_extension_oid("agent_analytics", false);
        LockDatabaseObject(ExtensionRelationId, extension, 0, ShareUpdateExclusiveLock);
    });
    return 0;
}
