// Whether a table of facts has policies of its owner's own: what is derived from it and stored would tell more than
// those let be seen.
#include "engine/own_policies.hpp"

#include "pg/values.hpp"

extern "C" {
#include "access/relation.h"
#include "catalog/namespace.h"
#include "rewrite/rowsecurity.h"
}

namespace analytics::engine {

bool has_own_policies(const char *schema, const char *name) {
    return pg::call([&] {
        Oid const id = get_relname_relid(name, get_namespace_oid(schema, true));
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
}

}  // namespace analytics::engine

/// has_own_policies(name) of a table of facts.
ANALYTICS_FUNCTION(analytics_has_own_policies) {
    std::string const name = analytics::pg::to_string(PG_GETARG_DATUM(0));
    return BoolGetDatum(analytics::engine::has_own_policies("analytics_data", name.c_str()));
}
