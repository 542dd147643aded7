#pragma once
// C++ memory that belongs to a PostgreSQL memory context, so that work_mem and context resets see it.
#include "pg/boundary.hpp"

namespace analytics::pg {

/// std::pmr over a memory context. Exhaustion throws; it never longjmps.
class ContextResource final : public std::pmr::memory_resource {
  public:
    explicit ContextResource(MemoryContext context) noexcept : context_(context) {}

  private:
    void *do_allocate(std::size_t bytes, std::size_t alignment) override {
        void *p = nullptr;
        if (alignment <= MAXIMUM_ALIGNOF && AllocHugeSizeIsValid(bytes))
            p = MemoryContextAllocExtended(context_, bytes, MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
        return p != nullptr ? p : throw std::bad_alloc();
    }
    void do_deallocate(void *p, std::size_t, std::size_t) override { pfree(p); }
    bool do_is_equal(const memory_resource &other) const noexcept override { return this == &other; }
    MemoryContext context_;
};

/// A T that lives in `context`, which runs ~T when reset or deleted. ~T may free, never query or raise.
template <class T, class... Args> T *make_in(MemoryContext context, Args &&...args) {
    struct Holder {
        MemoryContextCallback callback;
        alignas(T) std::byte storage[sizeof(T)];
    };
    auto *holder = static_cast<Holder *>(call([&] { return MemoryContextAllocZero(context, sizeof(Holder)); }));
    T *object = ::new (holder->storage) T(std::forward<Args>(args)...);
    holder->callback.func = [](void *p) { std::destroy_at(static_cast<T *>(p)); };
    holder->callback.arg = object;
    MemoryContextRegisterResetCallback(context, &holder->callback);
    return object;
}

/// Switches CurrentMemoryContext for a scope. The switch itself cannot raise.
class InContext {
  public:
    explicit InContext(MemoryContext context) noexcept : old_(MemoryContextSwitchTo(context)) {}
    InContext(const InContext &) = delete;
    InContext &operator=(const InContext &) = delete;
    ~InContext() { MemoryContextSwitchTo(old_); }

  private:
    MemoryContext old_;
};

}  // namespace analytics::pg
