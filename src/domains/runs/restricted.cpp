// Whether summaries of runs may be shown to whoever may read spans at all.
#include "pg/boundary.hpp"

extern "C" {
#include "access/relation.h"
#include "catalog/namespace.h"
#include "rewrite/rowsecurity.h"
}

using namespace analytics;

/// From the relation cache: it is asked several times an answer.
ANALYTICS_FUNCTION(analytics_spans_are_restricted) {
    (void)fcinfo;
    bool const restricted = pg::call([] {
        Oid const spans = get_relname_relid("spans", get_namespace_oid("analytics_data", true));
        Relation const relation = OidIsValid(spans) ? try_relation_open(spans, AccessShareLock) : nullptr;
        if (relation == nullptr) return false;
        bool other = false;
        ListCell *cell = nullptr;
        if (relation->rd_rsdesc != nullptr)
            foreach (cell, relation->rd_rsdesc->policies)
                other = other ||
                        strcmp(static_cast<RowSecurityPolicy *>(lfirst(cell))->policy_name, "tenant_isolation") != 0;
        relation_close(relation, AccessShareLock);
        return other;
    });
    return BoolGetDatum(restricted);
}
