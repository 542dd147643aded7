// Whether a table of facts has policies of its owner's own: what is derived from it and stored would tell more than
// those let be seen.
#include "pg/values.hpp"

extern "C" {
#include "access/relation.h"
#include "catalog/namespace.h"
#include "rewrite/rowsecurity.h"
}

using namespace analytics;

/// has_own_policies(name): from the relation cache, as it is asked several times an answer.
ANALYTICS_FUNCTION(analytics_has_own_policies) {
    std::string const name = pg::to_string(PG_GETARG_DATUM(0));
    const char *const table = name.c_str();
    bool const own = pg::call([&] {
        Oid const id = get_relname_relid(table, get_namespace_oid("analytics_data", true));
        Relation const relation = OidIsValid(id) ? try_relation_open(id, AccessShareLock) : nullptr;
        if (relation == nullptr) return false;
        bool found = false;
        ListCell *cell = nullptr;
        if (relation->rd_rsdesc != nullptr)
            foreach (cell, relation->rd_rsdesc->policies)
                found = found ||
                        strcmp(static_cast<RowSecurityPolicy *>(lfirst(cell))->policy_name, "tenant_isolation") != 0;
        relation_close(relation, AccessShareLock);
        return found;
    });
    return BoolGetDatum(own);
}
