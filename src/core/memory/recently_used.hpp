#pragma once
// What a backend remembers, within a limit of memory.
#include <cstddef>
#include <functional>
#include <list>
#include <unordered_map>
#include <utility>

namespace analytics::core {

/// Values by key; those not asked for longest go when their bytes, as the caller counts them, exceed the limit. The
/// newest stays whatever its size. Not for several threads.
template <class Key, class Value, class Hash = std::hash<Key>> class RecentlyUsed {
  public:
    explicit RecentlyUsed(std::size_t most_bytes) : most_bytes_(most_bytes) {}

    /// Null when it is not known; good until the next put() or clear().
    Value *find(const Key &key) {
        auto const found = index_.find(key);
        if (found == index_.end()) return nullptr;
        entries_.splice(entries_.begin(), entries_, found->second);
        return &entries_.front().value;
    }
    /// `key` must not be known.
    const Value &put(Key key, Value value, std::size_t bytes) {
        entries_.push_front({std::move(key), std::move(value), bytes});
        index_.emplace(entries_.front().key, entries_.begin());
        bytes_ += bytes;
        while (bytes_ > most_bytes_ && entries_.size() > 1) {
            bytes_ -= entries_.back().bytes;
            index_.erase(entries_.back().key);
            entries_.pop_back();
        }
        return entries_.front().value;
    }
    void clear() {
        index_.clear();
        entries_.clear();
        bytes_ = 0;
    }

  private:
    struct Entry {
        Key key;
        Value value;
        std::size_t bytes;
    };
    std::size_t most_bytes_, bytes_ = 0;
    std::list<Entry> entries_;
    std::unordered_map<Key, typename std::list<Entry>::iterator, Hash> index_;
};

}  // namespace analytics::core
