#pragma once
// Rows of the stores that this backend has read before.
//
// A dashboard asks for the same hours again and again, and between two refreshes they are the same rows. What was read
// is remembered with the state of the rollup that the snapshot saw (StoresVersion: every refresh that writes a store
// writes the rollup's row of the registry in the same transaction) and with who read it for whom, so that a look that
// would find something else, or nothing, is another question. Any change of a relation's definition, rights or
// policies, or of roles, forgets everything.
#include "core/memory/recently_used.hpp"
#include "engine/live.hpp"

#include <functional>
#include <string>

namespace analytics::engine {

/// What is asked of a rollup's stores.
struct StoredQuestion {
    int32 rollup;
    StoresVersion version;
    std::string tenant, caller;  // whose rows, and which tenant row security takes the caller for
    std::string store;           // of analytics_store, that is asked
    bool counts_only;            // distinct measures by their count alone
    std::vector<int> measures;
    std::vector<core::TimeRange> ranges;
};

/// The question and who asks it as bytes, so that comparing is cheap.
std::string key_of(const StoredQuestion &);
/// Whether the answer depends on the question alone: policies of somebody's own may ask for anything.
bool may_be_remembered(const StoredQuestion &);
/// Moves when what is remembered may be wrong whatever its version.
uint64 stored_rows_epoch();

/// Something made of stored rows, by question.
template <class Value> class StoredMemory {
  public:
    explicit StoredMemory(std::size_t most_bytes) : known_(most_bytes) {}

    /// Null when it is not known; good until the next call.
    Value *find(const std::string &key) {
        if (std::exchange(epoch_, stored_rows_epoch()) != stored_rows_epoch()) known_.clear();
        return known_.find(key);
    }
    /// For a key that find() did not find, of a question that may be remembered. Is not kept when `epoch`, as it was
    /// before the rows were read, is over.
    void put(std::string key, Value value, std::size_t bytes, uint64 epoch) {
        if (epoch == stored_rows_epoch()) known_.put(std::move(key), std::move(value), bytes);
    }

  private:
    core::RecentlyUsed<std::string, Value> known_;
    uint64 epoch_ = 0;
};

/// How the values of a column are copied.
struct StoredColumn {
    bool by_value;
    int16 length;
};

using TakeRow = std::function<void(const Datum *values, const bool *nulls)>;

/// Gives each row to `take`: remembered ones, else those that `read` gives to its argument. At most 8 MB are kept, what
/// was not asked for longest goes first; rows of more than 256 kB together are not. Sets that lie out of line are kept
/// as references, which stay good as long as the version is the same.
void each_stored_row(const StoredQuestion &, const std::vector<StoredColumn> &columns, const TakeRow &take,
                     const std::function<void(const TakeRow &)> &read);

void register_stored_rows_callbacks();

}  // namespace analytics::engine
