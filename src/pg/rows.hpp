#pragma once
// Typed rows for set-returning functions, materialised.
#include "pg/memory.hpp"
#include "pg/values.hpp"

#include <array>
#include <tuple>

namespace analytics::pg {

/// A sink for the rows of a set-returning function. Its constructor compares the types with the function's row type
/// in the catalog and throws 42804 when an old SQL definition meets a new library.
template <class... Ts> class RowSink {
  public:
    explicit RowSink(FunctionCallInfo fcinfo) {
        // A function of one column returns a plain type, and only its caller has a row type for it.
        call([&] { InitMaterializedSRF(fcinfo, sizeof...(Ts) == 1 ? MAT_SRF_USE_EXPECTED_DESC : 0); });
        auto *info = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
        store_ = info->setResult;
        descriptor_ = info->setDesc;
        check();
        scratch_ =
            call([] { return AllocSetContextCreate(CurrentMemoryContext, "analytics row", ALLOCSET_SMALL_SIZES); });
    }

    void put(const Ts &...values) {
        {
            InContext const in(scratch_);
            int i = 0;
            ((datums_[i] = Cell<Ts>::write(values, nulls_[i]), ++i), ...);
        }
        call([&] {
            tuplestore_putvalues(store_, descriptor_, datums_.data(), nulls_.data());
            MemoryContextReset(scratch_);
        });
    }

  private:
    void check() const {
        constexpr std::array<Oid, sizeof...(Ts)> types{Cell<Ts>::oid...};
        bool same = descriptor_->natts == static_cast<int>(sizeof...(Ts));
        for (int i = 0; same && i < descriptor_->natts; ++i)
            same = TupleDescAttr(descriptor_, i)->atttypid == types[static_cast<std::size_t>(i)];
        if (!same)
            throw Error(ERRCODE_DATATYPE_MISMATCH, "the function's definition and the library do not fit together",
                        "The SQL definition is of another version than the loaded library.",
                        "Run ALTER EXTENSION agent_analytics UPDATE.");
    }

    Tuplestorestate *store_ = nullptr;
    TupleDesc descriptor_ = nullptr;
    MemoryContext scratch_ = nullptr;
    std::array<Datum, sizeof...(Ts)> datums_{};
    std::array<bool, sizeof...(Ts)> nulls_{};
};

/// One composite value (a function RETURNS a row, not a set). Made in the caller's memory, also while SPI is connected.
template <class... Ts> Datum make_row(FunctionCallInfo fcinfo, const Ts &...values) {
    InContext const in(entry_context);
    TupleDesc const descriptor = call([&] {
        TupleDesc desc = nullptr;
        if (get_call_result_type(fcinfo, nullptr, &desc) != TYPEFUNC_COMPOSITE)
            elog(ERROR, "the function must return a composite type");
        return BlessTupleDesc(desc);
    });
    constexpr std::array<Oid, sizeof...(Ts)> types{Cell<Ts>::oid...};
    bool same = descriptor->natts == static_cast<int>(sizeof...(Ts));
    for (int i = 0; same && i < descriptor->natts; ++i)
        same = TupleDescAttr(descriptor, i)->atttypid == types[static_cast<std::size_t>(i)];
    if (!same)
        throw Error(ERRCODE_DATATYPE_MISMATCH, "the function's definition and the library do not fit together", {},
                    "Run ALTER EXTENSION agent_analytics UPDATE.");
    std::array<Datum, sizeof...(Ts)> datums{};
    std::array<bool, sizeof...(Ts)> nulls{};
    int i = 0;
    ((datums[static_cast<std::size_t>(i)] = Cell<Ts>::write(values, nulls[static_cast<std::size_t>(i)]), ++i), ...);
    return call([&] { return HeapTupleGetDatum(heap_form_tuple(descriptor, datums.data(), nulls.data())); });
}

}  // namespace analytics::pg
