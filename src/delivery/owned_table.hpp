#pragma once
// Tables that a request's caller has no right on, and must not have: keys, blocked addresses. They are looked into as
// their owner, by saved statements whose every name and operator is qualified.
#include "pg/spi.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "utils/syscache.h"
}

namespace analytics::delivery {

/// The owner of a table of analytics_data, or nothing where install() has not made it.
inline std::optional<Oid> owner_of_table(const char *name) {
    Oid const owner = pg::call([&] {
        Oid const schema = get_namespace_oid("analytics_data", true);
        Oid const table = OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
        HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
        if (!HeapTupleIsValid(tuple)) return InvalidOid;
        Oid const found = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
        ReleaseSysCache(tuple);
        return found;
    });
    return OidIsValid(owner) ? std::optional(owner) : std::nullopt;
}

}  // namespace analytics::delivery
