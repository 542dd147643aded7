#pragma once
// PostgreSQL's C headers for C++, and the only place that tests PG_VERSION_NUM.
// <cmath> and friends come first: port.h redefines printf, which breaks libstdc++ headers read later.
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <memory_resource>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// PostgreSQL 15 leaves it empty on Linux (16 gave it this meaning, commit 089480c07705).
#define PGDLLEXPORT __attribute__((visibility("default")))

extern "C" {
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#if PG_VERSION_NUM >= 170000
#include "storage/dsm_registry.h"
#endif
}

// port.h maps these to pg_*; std::snprintf & co. would no longer compile.
#undef printf
#undef fprintf
#undef sprintf
#undef snprintf
#undef vsnprintf
#undef vsprintf
#undef vfprintf
#undef vprintf

namespace analytics::pg {

/// Whether a role owns a relation (16 replaced pg_class_ownercheck, commit afbfc02983f8).
inline bool owns_relation(Oid relation, Oid role) {
#if PG_VERSION_NUM >= 160000
    return object_ownercheck(RelationRelationId, relation, role);
#else
    return pg_class_ownercheck(relation, role);
#endif
}

/// Whether this transaction has made a relation, or given it a new file (renamed in 16, commit b0a55e43299c).
inline bool has_own_file(Relation relation) {
#if PG_VERSION_NUM >= 160000
    SubTransactionId const file = relation->rd_newRelfilelocatorSubid;
#else
    SubTransactionId const file = relation->rd_newRelfilenodeSubid;
#endif
    return relation->rd_createSubid != InvalidSubTransactionId || file != InvalidSubTransactionId;
}

/// Shared memory without shared_preload_libraries: a segment by name, made by whoever asks first. Null before 17
/// (commit 8b2bcf3f287c).
inline void *named_shared_memory([[maybe_unused]] const char *name, [[maybe_unused]] std::size_t bytes,
                                 [[maybe_unused]] void (*make)(void *)) {
#if PG_VERSION_NUM >= 170000
    bool found = false;
    return GetNamedDSMSegment(name, bytes, make, &found);
#else
    return nullptr;
#endif
}

// PostgreSQL 16 added an argument for the particulars of an error.
inline int decode_date_time(char **fields, int *types, int count, int *kind, struct pg_tm *time, fsec_t *fraction,
                            int *zone) {
#if PG_VERSION_NUM >= 160000
    DateTimeErrorExtra extra;
    return DecodeDateTime(fields, types, count, kind, time, fraction, zone, &extra);
#else
    return DecodeDateTime(fields, types, count, kind, time, fraction, zone);
#endif
}

}  // namespace analytics::pg
