#pragma once
// One-dimensional arrays of SQL: made from Datums, and taken apart into them.
#include "pg/boundary.hpp"

namespace analytics::pg {

/// An array of `type` elements, in the current memory context.
inline Datum to_array(std::span<const Datum> elements, Oid type) {
    return call([&] {
        int16 length = 0;
        bool by_value = false;
        char alignment = 0;
        get_typlenbyvalalign(type, &length, &by_value, &alignment);
        return PointerGetDatum(construct_array(const_cast<Datum *>(elements.data()), static_cast<int>(elements.size()),
                                               type, length, by_value, alignment));
    });
}

/// The same with NULLs: nulls[i] tells that element i is one.
inline Datum to_array(std::span<const Datum> elements, const bool *nulls, Oid type) {
    return call([&] {
        int16 length = 0;
        bool by_value = false;
        char alignment = 0;
        get_typlenbyvalalign(type, &length, &by_value, &alignment);
        int size = static_cast<int>(elements.size()), from = 1;
        return PointerGetDatum(construct_md_array(const_cast<Datum *>(elements.data()), const_cast<bool *>(nulls), 1,
                                                  &size, &from, type, length, by_value, alignment));
    });
}

/// What an array holds; of several dimensions all elements in a row. Lives in the current memory context.
struct ArrayElements {
    Datum *values;
    bool *nulls;
    int count, dimensions;
};
inline ArrayElements elements_of(Datum array, Oid type) {
    return call([&] {
        int16 length = 0;
        bool by_value = false;
        char alignment = 0;
        get_typlenbyvalalign(type, &length, &by_value, &alignment);
        ArrayElements e{};
        ArrayType *const a = DatumGetArrayTypeP(array);
        e.dimensions = ARR_NDIM(a);
        deconstruct_array(a, type, length, by_value, alignment, &e.values, &e.nulls, &e.count);
        return e;
    });
}

}  // namespace analytics::pg
