#include "pg/shared_memory.hpp"

extern "C" {
#include "storage/ipc.h"
#include "storage/shmem.h"
}

namespace analytics::pg {
namespace {

constexpr const char *block_name = "agent_analytics";

/// The head of the memory; what was asked for comes behind it, on a cache line of its own.
struct alignas(PG_CACHE_LINE_SIZE) Block {
    int tranche;
    std::byte *data() { return reinterpret_cast<std::byte *>(this + 1); }
};

std::size_t bytes_wanted = 0;
void (*make_wanted)(void *, int) = nullptr;
shmem_request_hook_type earlier_request_hook = nullptr;
shmem_startup_hook_type earlier_startup_hook = nullptr;
Block *block = nullptr;

std::size_t block_bytes() { return sizeof(Block) + bytes_wanted; }

void make_block(void *memory) {
    std::memset(memory, 0, block_bytes());
    auto *made = static_cast<Block *>(memory);
    made->tranche = LWLockNewTrancheId();
    make_wanted(made->data(), made->tranche);
}

// The two hooks are C code in all but name: they own nothing, and what they call raises or ends the server's start.
void request() {
    if (earlier_request_hook != nullptr) earlier_request_hook();
    RequestAddinShmemSpace(block_bytes());
}

void start_up() {
    if (earlier_startup_hook != nullptr) earlier_startup_hook();
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    bool found = false;
    block = static_cast<Block *>(ShmemInitStruct(block_name, block_bytes(), &found));
    if (!found) make_block(block);
    LWLockRelease(AddinShmemInitLock);
    LWLockRegisterTranche(block->tranche, block_name);
}

}  // namespace

void request_shared_memory(std::size_t bytes, void (*make)(void *, int)) {
    bytes_wanted = bytes;
    make_wanted = make;
    if (!process_shared_preload_libraries_in_progress) return;
    earlier_request_hook = shmem_request_hook;
    shmem_request_hook = request;
    earlier_startup_hook = shmem_startup_hook;
    shmem_startup_hook = start_up;
}

void *shared_memory() {
    if (block == nullptr)
        call([] {
            block = static_cast<Block *>(named_shared_memory(block_name, block_bytes(), make_block));
            if (block != nullptr) LWLockRegisterTranche(block->tranche, block_name);
        });
    return block == nullptr ? nullptr : block->data();
}

}  // namespace analytics::pg
