#include "engine/merge.hpp"

#include "core/sketch/distinct_union.hpp"
#include "engine/set_unions.hpp"
#include "engine/sketch_types.hpp"
#include "pg/memory.hpp"

extern "C" {
#include "common/int.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/typcache.h"
}

namespace analytics::engine {
namespace {

Datum copy(const MergeType &type, Datum value) {
    return pg::call([&] { return datumCopy(value, type.by_value, type.length); });
}

Datum numeric_sum(Datum a, Datum b) {
    return pg::call([&] { return DirectFunctionCall2(numeric_add, a, b); });
}

}  // namespace

MergeType::MergeType(const Measure &measure) : kind(measure.kind), type(measure.type) {
    pg::call([&] {
        get_typlenbyval(type, &length, &by_value);
        if (kind != MeasureKind::min && kind != MeasureKind::max) return;
        TypeCacheEntry *const entry = lookup_type_cache(type, TYPECACHE_CMP_PROC_FINFO);
        if (!OidIsValid(entry->cmp_proc_finfo.fn_oid)) elog(ERROR, "type %u has no order", type);
        compare = &entry->cmp_proc_finfo;
        collation = get_typcollation(type);
    });
}

void MergeState::add(const MergeType &type, Datum value, bool null, int64 count) {
    count_ += count;
    any_ = true;
    if (null) return;
    if (!value_set_) {
        value_ = copy(type, value);
        value_set_ = true;
        return;
    }
    switch (type.kind) {
    case MeasureKind::count:
    case MeasureKind::sum:
    case MeasureKind::avg:
        return add_sum(type, value);
    case MeasureKind::min:
    case MeasureKind::max:
        return add_extreme(type, value);
    case MeasureKind::distinct:
        return add_set(is_out_of_line(value) ? copy(type, value) : value);
    case MeasureKind::quantiles:
        return add_sketch(value);
    }
}

void MergeState::add_sum(const MergeType &type, Datum value) {
    if (type.type == NUMERICOID) {
        if (!more_) more_.emplace();
        if (!more_->add(value)) value_ = numeric_sum(value_, value);
    } else if (type.type == FLOAT8OID) {
        value_ = Float8GetDatum(DatumGetFloat8(value_) + DatumGetFloat8(value));
    } else {
        int64 sum = 0;
        if (pg_add_s64_overflow(DatumGetInt64(value_), DatumGetInt64(value), &sum))
            throw pg::Error(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, "a sum of integers is out of range", {},
                            "Make the measure a sum of numeric.");
        value_ = Int64GetDatum(sum);
    }
}

void MergeState::add_extreme(const MergeType &type, Datum value) {
    int32 const order =
        pg::call([&] { return DatumGetInt32(FunctionCall2Coll(type.compare, type.collation, value, value_)); });
    if (type.kind == MeasureKind::min ? order < 0 : order > 0) value_ = copy(type, value);
}

void MergeState::add_set(Datum value) {
    auto const put = [&](Datum set) {
        if (is_out_of_line(set)) out_of_line_.push_back(set);
        else set_->merge(stored_bytes(set));
    };
    if (set_ == nullptr) {
        set_ = std::make_unique<core::DistinctSet>();
        put(value_);
    }
    put(value);
}

void MergeState::finish_set(Cell &cell, bool with_sets) {
    if (set_ == nullptr) {
        if (with_sets && value_set_) cell.value = value_;
        return;
    }
    if (out_of_line_.empty()) {
        cell.count = static_cast<int64>(set_->cardinality());
        if (with_sets) cell.value = to_datum(*set_);
        return;
    }
    std::span<const std::byte> const far = united_out_of_line(out_of_line_);
    std::vector<std::byte> const near = set_->bytes();
    if (!with_sets) {
        cell.count = static_cast<int64>(core::united_cardinality(far, near));
        return;
    }
    std::vector<std::byte> const all = core::united(far, near);
    cell.count = static_cast<int64>(core::DistinctSet::cardinality(all));
    cell.value = detail::make_value(all);
}

void MergeState::add_sketch(Datum value) {
    if (sketch_ == nullptr) sketch_ = std::make_unique<core::QuantileSketch>(quantile_sketch(value_));
    sketch_->merge(stored_bytes(value));
}

Cell MergeState::finish(const MergeType &type, bool with_sets) {
    Cell cell;
    cell.null = !any_;
    cell.count = count_;
    if (!any_) return cell;
    switch (type.kind) {
    case MeasureKind::distinct:
        finish_set(cell, with_sets);
        break;
    case MeasureKind::quantiles:
        cell.value = sketch_ != nullptr ? to_datum(*sketch_) : value_;
        cell.null = !value_set_;
        break;
    default:
        cell.value = more_ ? numeric_sum(value_, more_->value()) : value_;
        cell.null = !value_set_;
        break;
    }
    return cell;
}

int64 as_int64(const Measure &measure, const Cell &cell) {
    if (measure.kind == MeasureKind::distinct) return cell.count;
    if (cell.null) return 0;
    if (measure.type == INT8OID) return DatumGetInt64(cell.value);
    if (measure.type == NUMERICOID)
        return pg::call([&] { return DatumGetInt64(DirectFunctionCall1(numeric_int8, cell.value)); });
    throw pg::Error(ERRCODE_DATATYPE_MISMATCH, "measure \"" + measure.name + "\" is not a whole number");
}

double as_double(const Measure &measure, const Cell &cell) {
    if (measure.kind == MeasureKind::distinct) return static_cast<double>(cell.count);
    if (cell.null) return 0;
    if (measure.type == FLOAT8OID) return DatumGetFloat8(cell.value);
    if (measure.type == INT8OID) return static_cast<double>(DatumGetInt64(cell.value));
    if (measure.type == NUMERICOID)
        return pg::call([&] { return DatumGetFloat8(DirectFunctionCall1(numeric_float8, cell.value)); });
    throw pg::Error(ERRCODE_DATATYPE_MISMATCH, "measure \"" + measure.name + "\" is not a number");
}

Datum as_numeric(const Measure &measure, const Cell &cell) {
    if (measure.type == NUMERICOID && !cell.null) return cell.value;
    if (measure.type == FLOAT8OID && !cell.null)
        return pg::call([&] { return DirectFunctionCall1(float8_numeric, cell.value); });
    int64 const whole = as_int64(measure, cell);
    return pg::call([&] { return NumericGetDatum(int64_to_numeric(whole)); });
}

std::optional<double> quantile(const Cell &cell, double p) {
    std::optional<double> value;
    quantiles(cell, std::span(&p, 1), std::span(&value, 1));
    return value;
}

void quantiles(const Cell &cell, std::span<const double> probabilities, std::span<std::optional<double>> into) {
    if (cell.null) return;
    core::QuantileSketch const sketch = quantile_sketch(cell.value);
    for (std::size_t i = 0; i < probabilities.size(); ++i) into[i] = sketch.quantile(probabilities[i]);
}

}  // namespace analytics::engine
