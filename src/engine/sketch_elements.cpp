#include "engine/sketch_elements.hpp"

#include <limits>

extern "C" {
#include "utils/uuid.h"
}

namespace analytics::engine {

namespace {

[[noreturn]] void refuse(Oid type, const char *detail) {
    const char *const name = pg::call([&] { return format_type_be(type); });
    throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
                    std::string("values of type ") + name + " cannot be in a distinct_set", detail,
                    "Pass another expression for them, x::text for example if equal values have equal texts.");
}

std::span<const std::byte> as_bytes(const void *data, std::size_t size) {
    return {static_cast<const std::byte *>(data), size};
}

// Detoasted if need be.
std::span<const std::byte> varlena_bytes(Datum value) {
    auto *held = reinterpret_cast<varlena *>(DatumGetPointer(value));
    if (VARATT_IS_EXTERNAL(held) || VARATT_IS_COMPRESSED(held))
        held = pg::call([&] { return pg_detoast_datum_packed(held); });
    return as_bytes(VARDATA_ANY(held), VARSIZE_ANY_EXHDR(held));
}

}  // namespace

ElementType::ElementType(Oid declared, Oid collation) {
    Oid const type = pg::call([&] { return getBaseType(declared); });
    auto const set = [this](Family family, Layout layout, std::size_t width = 0) {
        family_ = family, layout_ = layout, width_ = width;
    };
    switch (type) {
    case INT2OID:
        set(Family::integer, Layout::int16);
        break;
    case INT4OID:
        set(Family::integer, Layout::int32);
        break;
    case INT8OID:
        set(Family::integer, Layout::int64);
        break;
    case TEXTOID:
    case VARCHAROID:
        set(Family::text, Layout::varlena);
        break;
    case BPCHAROID:
        set(Family::text, Layout::padded);
        break;
    case NAMEOID:
        set(Family::text, Layout::name);
        break;
    case BYTEAOID:
        set(Family::bytes, Layout::varlena);
        break;
    case UUIDOID:
        set(Family::uuid, Layout::fixed, UUID_LEN);
        break;
    case NUMERICOID:
        set(Family::number, Layout::sent);
        break;
    case FLOAT4OID:
        set(Family::floating, Layout::float32);
        break;
    case FLOAT8OID:
        set(Family::floating, Layout::float64);
        break;
    case BOOLOID:
        set(Family::boolean, Layout::boolean);
        break;
    case DATEOID:
        set(Family::date, Layout::int32);
        break;
    case TIMEOID:
        set(Family::time, Layout::int64);
        break;
    case TIMESTAMPOID:
        set(Family::timestamp, Layout::int64);
        break;
    case TIMESTAMPTZOID:
        set(Family::timestamptz, Layout::int64);
        break;
    case INETOID:
    case CIDROID:
        set(Family::network, Layout::sent);
        break;
    case MACADDROID:
        set(Family::macaddr, Layout::fixed, 6);
        break;
    case MACADDR8OID:
        set(Family::macaddr8, Layout::fixed, 8);
        break;
    default:
        if (!pg::call([&] { return type_is_enum(type); }))
            refuse(declared, "It is not known which of their representations are equal values.");
        set(Family::text, Layout::output);
        break;
    }
    if (family_ == Family::text && OidIsValid(collation) &&
        !pg::call([&] { return get_collation_isdeterministic(collation); }))
        refuse(declared, "Their collation is nondeterministic: different characters may be equal.");
    if (layout_ == Layout::sent || layout_ == Layout::output) {
        bool const sent = layout_ == Layout::sent;
        function_ = pg::call([&] {
            Oid function = InvalidOid;
            bool varlena_type = false;
            if (sent) getTypeBinaryOutputInfo(type, &function, &varlena_type);
            else getTypeOutputInfo(type, &function, &varlena_type);
            return function;
        });
    }
}

int64 ElementType::integer(Datum value) const noexcept {
    switch (layout_) {
    case Layout::int16:
        return DatumGetInt16(value);
    case Layout::int32:
        return DatumGetInt32(value);
    case Layout::boolean:
        return DatumGetBool(value) ? 1 : 0;
    default:
        return DatumGetInt64(value);
    }
}

core::Hash128 ElementType::hash(Datum value) const {
    switch (layout_) {
    case Layout::varlena:
        return hash_of(varlena_bytes(value));
    case Layout::padded: {
        std::span<const std::byte> bytes = varlena_bytes(value);
        while (!bytes.empty() && bytes.back() == std::byte{' '}) bytes = bytes.first(bytes.size() - 1);
        return hash_of(bytes);
    }
    case Layout::fixed:
        return hash_of(as_bytes(DatumGetPointer(value), width_));
    case Layout::name:
        return hash_of(as_bytes(DatumGetPointer(value), strlen(NameStr(*DatumGetName(value)))));
    case Layout::float32:
    case Layout::float64: {
        double number = layout_ == Layout::float32 ? static_cast<double>(DatumGetFloat4(value)) : DatumGetFloat8(value);
        number = std::isnan(number) ? std::numeric_limits<double>::quiet_NaN() : number + 0.0;
        return hash_of(as_bytes(&number, sizeof number));
    }
    case Layout::sent: {
        bytea *const sent = pg::call([&] { return OidSendFunctionCall(function_, value); });
        // A numeric is sent as four 16-bit numbers (digits, weight, sign, scale) and the digits.
        if (family_ == Family::number) std::memset(VARDATA(sent) + 6, 0, 2);
        return hash_of(as_bytes(VARDATA(sent), VARSIZE(sent) - VARHDRSZ));
    }
    case Layout::output: {
        const char *const label = pg::call([&] { return OidOutputFunctionCall(function_, value); });
        return hash_of(as_bytes(label, strlen(label)));
    }
    default: {
        int64 const number = integer(value);
        return hash_of(as_bytes(&number, sizeof number));
    }
    }
}

}  // namespace analytics::engine
