#pragma once
// What the triggers of spend have in common: BEFORE INSERT OR UPDATE, and columns found by name.
#include "pg/boundary.hpp"

#include <array>

extern "C" {
#include "commands/trigger.h"
}

namespace analytics::spend {

/// The trigger that calls; 39P01 unless it is one BEFORE INSERT OR UPDATE FOR EACH ROW.
inline TriggerData *before_row_trigger(FunctionCallInfo fcinfo) {
    auto *const trigger = CALLED_AS_TRIGGER(fcinfo) ? reinterpret_cast<TriggerData *>(fcinfo->context) : nullptr;
    if (trigger == nullptr || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
        TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
        throw pg::Error(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
                        "the function must be called by a trigger BEFORE INSERT OR UPDATE FOR EACH ROW");
    return trigger;
}

/// The numbers of columns in a relation: partitions may order theirs differently.
template <std::size_t n>
std::array<int, n> column_numbers(TupleDesc descriptor, const std::array<const char *, n> &names) {
    std::array<int, n> numbers{};
    for (std::size_t i = 0; i < n; ++i) {
        numbers[i] = pg::call([&] { return SPI_fnumber(descriptor, names[i]); });
        if (numbers[i] <= 0)
            throw pg::Error(ERRCODE_UNDEFINED_COLUMN, std::string("the table has no column ") + names[i], {},
                            "The trigger belongs to the tables that analytics.install() makes.");
    }
    return numbers;
}

}  // namespace analytics::spend
