#pragma once
// What a distinct_set keeps of a SQL value.
#include "core/sketch/hash_set.hpp"
#include "pg/boundary.hpp"

namespace analytics::engine {

/// How values of one type become members of a set. Equal values must become equal members whatever the session's
/// settings are, so a type is taken only if its equality is known here; all others are refused.
///
/// smallint, integer, bigint: the number itself. Otherwise a hash, seeded with the Family, of these bytes:
///   text, varchar, character (without its trailing blanks), name, enum (its label): the characters, in the database's
///   encoding; text with a nondeterministic collation is refused
///   numeric: sign, weight and digits as sent, without the scale (1.0 = 1.00)
///   real, double precision: the double, with one zero and one NaN
///   boolean, date, time, timestamp, timestamptz: the value as a 64-bit integer
///   uuid, macaddr, macaddr8, bytea: the bytes;  inet, cidr: as sent
/// The families and their numbers are part of the stored format.
class ElementType {
  public:
    enum class Family : std::uint8_t {
        integer,
        text,
        bytes,
        uuid,
        number,
        floating,
        boolean,
        date,
        time,
        timestamp,
        timestamptz,
        network,
        macaddr,
        macaddr8
    };

    /// @throws pg::Error 22023 for a type or collation that cannot be taken
    ElementType(Oid declared, Oid collation);

    bool is_integer() const noexcept { return family_ == Family::integer; }
    int64 integer(Datum value) const noexcept;
    core::Hash128 hash(Datum value) const;

  private:
    enum class Layout : std::uint8_t {
        int16,
        int32,
        int64,
        boolean,
        float32,
        float64,
        varlena,
        padded,
        fixed,
        name,
        sent,
        output
    };

    core::Hash128 hash_of(std::span<const std::byte> bytes) const {
        return core::hash_bytes(bytes, static_cast<std::uint64_t>(family_));
    }

    Family family_ = Family::integer;
    Layout layout_ = Layout::int64;
    std::size_t width_ = 0;      // of Layout::fixed
    Oid function_ = InvalidOid;  // the type's send or output function
};

}  // namespace analytics::engine
