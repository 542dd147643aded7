#include "engine/stored_rows.hpp"

#include "engine/own_policies.hpp"

#include <cstring>

extern "C" {
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/inval.h"
#include "utils/rls.h"
#include "utils/syscache.h"
}

namespace analytics::engine {
namespace {

constexpr std::size_t most_bytes = std::size_t{8} << 20, most_bytes_of_one = std::size_t{1} << 18;

/// Rows, copied into one piece of memory. Values by reference are offsets into it.
class Rows {
  public:
    void add(const std::vector<StoredColumn> &columns, const Datum *values, const bool *nulls) {
        for (std::size_t c = 0; c < columns.size(); ++c) {
            nulls_.push_back(nulls[c] ? 1 : 0);
            values_.push_back(nulls[c] || columns[c].by_value ? values[c] : put(values[c], columns[c].length));
        }
    }
    void give(const std::vector<StoredColumn> &columns, const TakeRow &take) const {
        std::vector<Datum> values(columns.size());
        auto const nulls = std::make_unique<bool[]>(columns.size());
        for (std::size_t at = 0; at < values_.size(); at += columns.size()) {
            for (std::size_t c = 0; c < columns.size(); ++c) {
                nulls[c] = nulls_[at + c] != 0;
                bool const plain = nulls[c] || columns[c].by_value;
                values[c] = plain ? values_[at + c] : PointerGetDatum(bytes_.data() + values_[at + c]);
            }
            take(values.data(), nulls.get());
        }
    }
    std::size_t bytes() const { return values_.size() * (sizeof(Datum) + 1) + bytes_.size() * sizeof(std::uint64_t); }

  private:
    Datum put(Datum value, int16 length) {
        Size const size = pg::call([&] { return datumGetSize(value, false, length); });
        std::size_t const at = bytes_.size();
        bytes_.resize(at + (size + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t));
        std::memcpy(bytes_.data() + at, DatumGetPointer(value), size);
        return at;
    }

    std::vector<Datum> values_;
    std::vector<char> nulls_;
    std::vector<std::uint64_t> bytes_;  // aligned as any value needs to be
};

uint64 epoch = 1;  // moved by the callbacks, which may do nothing else

}  // namespace

std::string key_of(const StoredQuestion &question) {
    std::string key;
    auto const add = [&](const auto &value) { key.append(reinterpret_cast<const char *>(&value), sizeof value); };
    add(question.rollup);
    add(question.version.place);
    add(question.version.transaction);
    add(question.version.refreshed_at);
    add(GetUserId());
    add(row_security);
    add(question.measures.size());
    for (int const measure : question.measures) add(measure);
    for (core::TimeRange const range : question.ranges) {
        add(range.from);
        add(range.to);
    }
    add(question.counts_only);
    key += question.store;
    key += '\0';
    key += question.tenant;
    key += '\0';
    key += question.caller;
    return key;
}

bool may_be_remembered(const StoredQuestion &question) {
    return !has_own_policies("analytics_store", question.store.c_str());
}

uint64 stored_rows_epoch() { return epoch; }

void each_stored_row(const StoredQuestion &question, const std::vector<StoredColumn> &columns, const TakeRow &take,
                     const std::function<void(const TakeRow &)> &read) {
    static StoredMemory<Rows> memory(most_bytes);
    std::string key = key_of(question);
    if (const Rows *const known = memory.find(key)) return known->give(columns, take);
    uint64 const before = epoch;
    Rows rows;
    read([&](const Datum *values, const bool *nulls) {
        if (rows.bytes() <= most_bytes_of_one) rows.add(columns, values, nulls);
        take(values, nulls);
    });
    if (rows.bytes() > most_bytes_of_one || !may_be_remembered(question)) return;
    std::size_t const bytes = key.size() + rows.bytes();
    memory.put(std::move(key), std::move(rows), bytes, before);
}

void register_stored_rows_callbacks() {
    pg::call([] {
        CacheRegisterRelcacheCallback([](Datum, Oid) { ++epoch; }, Datum(0));
        for (int const cache : {AUTHOID, AUTHMEMROLEMEM})
            CacheRegisterSyscacheCallback(
                cache, [](Datum, int, uint32) { ++epoch; }, Datum(0));
    });
}

}  // namespace analytics::engine
