#include "engine/set_unions.hpp"

#include "core/memory/recently_used.hpp"
#include "engine/sketch_types.hpp"

#include <string>

extern "C" {
#include "access/detoast.h"
}

namespace analytics::engine {
namespace {

constexpr std::size_t most_bytes = std::size_t{8} << 20;

/// The table and number of each set, as bytes.
std::string identities_of(std::span<const Datum> sets) {
    std::string identities;
    for (Datum const set : sets) {
        varatt_external pointer;
        VARATT_EXTERNAL_GET_POINTER(pointer, reinterpret_cast<varlena *>(DatumGetPointer(set)));
        identities.append(reinterpret_cast<const char *>(&pointer.va_toastrelid), sizeof pointer.va_toastrelid);
        identities.append(reinterpret_cast<const char *>(&pointer.va_valueid), sizeof pointer.va_valueid);
    }
    return identities;
}

}  // namespace

bool is_out_of_line(Datum set) { return VARATT_IS_EXTERNAL_ONDISK(reinterpret_cast<varlena *>(DatumGetPointer(set))); }

std::span<const std::byte> united_out_of_line(std::span<const Datum> sets) {
    static core::RecentlyUsed<std::string, std::vector<std::byte>> known(most_bytes);
    std::string identities = identities_of(sets);
    if (const std::vector<std::byte> *const set = known.find(identities)) return *set;
    core::DistinctSet together;
    for (Datum const set : sets) together.merge(stored_bytes(set));
    std::vector<std::byte> bytes = together.bytes();
    std::size_t const size = bytes.size() + identities.size();
    return known.put(std::move(identities), std::move(bytes), size);
}

}  // namespace analytics::engine
