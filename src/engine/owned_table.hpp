#pragma once
// Tables of analytics_data that are looked into as their owner: for what its caller has no right on (keys, prices,
// blocked addresses) or what the caller's own rights or policies may hide (settings). The statements that do so are
// saved and name every object and operator in full: the caller's search_path must not choose them.
#include "pg/boundary.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace analytics::engine {

struct OwnedTable {
    Oid relation, owner;
};

/// A table of analytics_data, or nothing where install() has not made it.
inline std::optional<OwnedTable> find_owned_table(const char *name) {
    OwnedTable const found = pg::call([&]() -> OwnedTable {
        Oid const schema = get_namespace_oid("analytics_data", true);
        Oid const table = OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
        HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
        if (!HeapTupleIsValid(tuple)) return {InvalidOid, InvalidOid};
        Oid const owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
        ReleaseSysCache(tuple);
        return {table, owner};
    });
    return OidIsValid(found.relation) ? std::optional(found) : std::nullopt;
}

/// The same; throws 42P01 where it is not there.
inline OwnedTable owned_table(const char *name) {
    if (std::optional<OwnedTable> const found = find_owned_table(name)) return *found;
    throw pg::Error(ERRCODE_UNDEFINED_TABLE, std::string("relation \"analytics_data.") + name + "\" does not exist", {},
                    "Run SELECT analytics.install().");
}

}  // namespace analytics::engine
