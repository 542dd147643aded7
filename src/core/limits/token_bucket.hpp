#pragma once
// A bucket of tokens that refills continuously, kept as one number.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <stdexcept>

namespace analytics::core {

/// `tokens` in each window; as many may be taken at once.
class Rate {
  public:
    /// @param window_ns  the window, nanoseconds; at least one a token
    /// @throws std::invalid_argument when there is no token, or less than a nanosecond for each
    Rate(std::int64_t tokens, std::int64_t window_ns) : tokens_(tokens) {
        if (tokens < 1 || window_ns < tokens)
            throw std::invalid_argument("a rate has at least one token, and a nanosecond for each");
        interval_ = window_ns / tokens;
    }
    std::int64_t tokens() const noexcept { return tokens_; }
    /// Nanoseconds in which one token comes back.
    std::int64_t interval() const noexcept { return interval_; }
    /// Nanoseconds in which an empty bucket is full again. Not the window itself where that does not divide: what is
    /// left would let the bucket hold one token more, or one less.
    std::int64_t capacity() const noexcept { return interval_ * tokens_; }

  private:
    std::int64_t tokens_, interval_;
};

struct Taken {
    bool allowed;
    std::int64_t remaining;   // whole tokens that are left
    std::int64_t wait_ns;     // until as many tokens are there; 0 when allowed
    std::int64_t full_in_ns;  // until the bucket is full again
};

/// Takes `cost` tokens, or none if there are not as many. GCRA (ITU-T I.371, the generic cell rate algorithm): the
/// bucket is the instant at which it will be full again, so that a token is one compare-and-swap, nothing has to refill
/// it, and nothing wraps. Several processes may take from one bucket: together they never get more than it has.
/// @param full_at  the bucket; 0 is a full one
/// @param cost     1 to rate.tokens(); more is never allowed
/// @param now      nanoseconds of a monotonic clock that all who share the bucket read
inline Taken take(std::int64_t &full_at, const Rate &rate, std::int64_t cost, std::int64_t now) noexcept {
    std::atomic_ref<std::int64_t> bucket(full_at);
    static_assert(std::atomic_ref<std::int64_t>::is_always_lock_free);  // a lock would be another process's
    std::int64_t seen = bucket.load(std::memory_order_relaxed);
    for (;;) {
        std::int64_t const missing = std::max<std::int64_t>(seen - now, 0);  // in nanoseconds of refilling
        std::int64_t const free = std::max<std::int64_t>(rate.capacity() - missing, 0);
        if (cost > free / rate.interval())
            return {false, free / rate.interval(), missing + cost * rate.interval() - rate.capacity(), missing};
        std::int64_t const left = missing + cost * rate.interval();
        if (bucket.compare_exchange_weak(seen, now + left, std::memory_order_relaxed))
            return {true, (rate.capacity() - left) / rate.interval(), 0, left};
    }
}

}  // namespace analytics::core
