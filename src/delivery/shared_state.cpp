#include "delivery/shared_state.hpp"

namespace analytics::delivery {
namespace {

void make(SharedBuckets &buckets, int tranche) {
    for (LWLockPadded &lock : buckets.locks) LWLockInitialize(&lock.lock, tranche);
}

void make_state(void *block, int tranche) {
    auto *state = static_cast<SharedState *>(block);
    // Without a random number buckets only may be made to meet by who knows the hash.
    if (!pg_strong_random(&state->seed, sizeof state->seed)) state->seed = static_cast<std::uint64_t>(MyProcPid);
    make(state->anonymous, tranche);
    make(state->known, tranche);
    LWLockInitialize(&state->ring.lock.lock, tranche);
}

}  // namespace

SharedState *shared_state() {
    static bool said = false;
    auto *const state = static_cast<SharedState *>(pg::shared_memory());
    if (state == nullptr && !said) {
        said = true;
        pg::call([] {
            ereport(WARNING, (errmsg("agent_analytics counts no calls: every request passes its limits"),
                              errdetail("The library has no shared memory."),
                              errhint("Set shared_preload_libraries = 'agent_analytics' and restart the server.")));
        });
    }
    return state;
}

void request_shared_state() { pg::request_shared_memory(sizeof(SharedState), make_state); }

}  // namespace analytics::delivery
