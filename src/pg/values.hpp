#pragma once
// C++ values for SQL values: how each type becomes a Datum and which type it is in the catalog.
#include "pg/boundary.hpp"

extern "C" {
#include "utils/date.h"
}

namespace analytics::pg {

/// An instant: microseconds since 2000-01-01 00:00 UTC, as PostgreSQL keeps it.
struct Timestamp {
    int64 at;
};
/// A day: days since 2000-01-01.
struct Date {
    int32 day;
};
/// Values that stay as PostgreSQL made them.
struct NumericValue {
    Datum datum;
};
struct JsonbValue {
    Datum datum;
};
template <Oid type> struct Raw { Datum datum; };

template <class T> struct Column;  // a type without one does not compile
template <> struct Column<bool> {
    static constexpr Oid oid = BOOLOID;
    static Datum datum(bool v) { return BoolGetDatum(v); }
};
template <> struct Column<int32> {
    static constexpr Oid oid = INT4OID;
    static Datum datum(int32 v) { return Int32GetDatum(v); }
};
template <> struct Column<int64> {
    static constexpr Oid oid = INT8OID;
    static Datum datum(int64 v) { return Int64GetDatum(v); }
};
/// No NaN or infinity leaves a function: RowSink writes NULL for them.
template <> struct Column<double> {
    static constexpr Oid oid = FLOAT8OID;
    static Datum datum(double v) { return Float8GetDatum(v); }
};
template <> struct Column<Timestamp> {
    static constexpr Oid oid = TIMESTAMPTZOID;
    static Datum datum(Timestamp v) { return TimestampTzGetDatum(v.at); }
};
template <> struct Column<Date> {
    static constexpr Oid oid = DATEOID;
    static Datum datum(Date v) { return DateADTGetDatum(v.day); }
};
template <> struct Column<NumericValue> {
    static constexpr Oid oid = NUMERICOID;
    static Datum datum(NumericValue v) { return v.datum; }
};
template <> struct Column<JsonbValue> {
    static constexpr Oid oid = JSONBOID;
    static Datum datum(JsonbValue v) { return v.datum; }
};
template <Oid type> struct Column<Raw<type>> {
    static constexpr Oid oid = type;
    static Datum datum(Raw<type> v) { return v.datum; }
};
template <> struct Column<std::string_view> {
    static constexpr Oid oid = TEXTOID;
    static Datum datum(std::string_view v) {
        return call([&] { return PointerGetDatum(cstring_to_text_with_len(v.data(), static_cast<int>(v.size()))); });
    }
};
template <> struct Column<std::string> : Column<std::string_view> {};

template <class T> struct Cell {
    static constexpr Oid oid = Column<T>::oid;
    static Datum write(const T &v, bool &null) {
        null = false;
        if constexpr (std::is_same_v<T, double>) null = !std::isfinite(v);
        return null ? Datum(0) : Column<T>::datum(v);
    }
};
template <class T> struct Cell<std::optional<T>> {
    static constexpr Oid oid = Column<T>::oid;
    static Datum write(const std::optional<T> &v, bool &null) {
        null = !v.has_value();
        return null ? Datum(0) : Cell<T>::write(*v, null);
    }
};

/// The characters of a text Datum: of the value itself, or of a copy in the current memory context if it was toasted.
inline std::string_view text_view(Datum value) {
    auto *held = reinterpret_cast<text *>(DatumGetPointer(value));
    if (VARATT_IS_EXTERNAL(held) || VARATT_IS_COMPRESSED(held)) held = call([&] { return DatumGetTextPP(value); });
    return {VARDATA_ANY(held), VARSIZE_ANY_EXHDR(held)};
}

/// A text Datum as a C++ string (detoasted, copied).
inline std::string to_string(Datum text_value) { return std::string(text_view(text_value)); }

inline Datum to_text(std::string_view v) { return Column<std::string_view>::datum(v); }

}  // namespace analytics::pg
