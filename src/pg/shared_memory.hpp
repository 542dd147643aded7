#pragma once
// One block of memory that all processes of the server share, and the locks in it. Made when the server starts and the
// library is in shared_preload_libraries; on PostgreSQL 17 and newer also without, when it is first asked for. It holds
// plain data only, no pointer, and begins anew when the server does, also after the crash of a backend.
#include "pg/boundary.hpp"

extern "C" {
#include "storage/lwlock.h"
}

namespace analytics::pg {

/// Says what will be asked for; called by _PG_init. `make` is given zeroed memory and the tranche for its locks, once
/// for each life of the server; it may not raise.
void request_shared_memory(std::size_t bytes, void (*make)(void *block, int tranche));

/// The block, or null where there is none: on PostgreSQL 15 and 16 without shared_preload_libraries.
void *shared_memory();

/// f() under a lock. It may not throw or raise: an error while the lock is held by a C++ scope leaves the session deaf
/// to cancels.
template <class F> auto with_lock(LWLock &lock, LWLockMode mode, F &&f) {
    static_assert(std::is_nothrow_invocable_v<F>);
    call([&] { LWLockAcquire(&lock, mode); });
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
        f();
        LWLockRelease(&lock);
    } else {
        auto const result = f();
        LWLockRelease(&lock);
        return result;
    }
}

}  // namespace analytics::pg
