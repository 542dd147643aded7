#pragma once
// Whether a table has policies of its owner's own.
#include "pg/boundary.hpp"

namespace analytics::engine {

/// Whether a relation of a schema has other policies than ours, which are called tenant_isolation; false when it is not
/// there. From the relation cache, as it is asked several times an answer.
bool has_own_policies(const char *schema, const char *name);

}  // namespace analytics::engine
