#include "engine/metric_values.hpp"

#include "core/expression/evaluate.hpp"

namespace analytics::engine {
namespace {

// Plain calls into numeric.c: they may raise, so they stand inside pg::call.
Datum numeric(PGFunction f, Datum a) { return DirectFunctionCall1(f, a); }
Datum numeric(PGFunction f, Datum a, Datum b) { return DirectFunctionCall2(f, a, b); }
int numeric_compare(Datum a, Datum b) { return DatumGetInt32(numeric(numeric_cmp, a, b)); }
Datum from_int(int64 value) { return NumericGetDatum(int64_to_numeric(value)); }
bool finite(Datum value) {
    Numeric const number = DatumGetNumeric(value);
    return !numeric_is_nan(number) && !numeric_is_inf(number);
}

Datum to_numeric(Oid type, Datum value) {
    switch (type) {
    case NUMERICOID:
        return value;
    case INT8OID:
        return from_int(DatumGetInt64(value));
    case INT4OID:
        return from_int(DatumGetInt32(value));
    case INT2OID:
        return from_int(DatumGetInt16(value));
    case FLOAT4OID:
        return numeric(float4_numeric, value);
    default:
        return numeric(float8_numeric, value);
    }
}

bool is_number(Oid type) {
    return type == NUMERICOID || type == INT8OID || type == INT4OID || type == INT2OID || type == FLOAT8OID ||
           type == FLOAT4OID;
}

/// The arithmetic of core::evaluate on numerics.
struct NumericMath {
    using Number = Datum;
    const core::Program &program;
    const Measure *const *measures;
    const Datum *constants;
    Datum zero;
    const Cell *cells;

    Datum constant(int i) const { return constants[i]; }
    Value measure(int i) const {
        const Cell &cell = cells[i];
        const Measure &m = *measures[i];
        switch (m.kind) {
        case MeasureKind::distinct:
            return from_int(cell.count);
        case MeasureKind::count:
        case MeasureKind::sum:
            return cell.null ? zero : to_numeric(m.type, cell.value);
        case MeasureKind::avg:
            if (cell.null || cell.count == 0) return std::nullopt;
            return divide(to_numeric(m.type, cell.value), from_int(cell.count));
        default:
            return cell.null ? Value() : Value(to_numeric(m.type, cell.value));
        }
    }
    Value quantile(int i) const {
        const core::Quantile &q = program.quantiles[static_cast<std::size_t>(i)];
        if (cells[q.measure].null) return std::nullopt;
        std::optional<double> const value = engine::quantile(cells[q.measure], q.probability);
        return value ? Value(numeric(float8_numeric, Float8GetDatum(*value))) : Value();
    }
    static Datum add(Datum a, Datum b) { return numeric(numeric_add, a, b); }
    static Datum subtract(Datum a, Datum b) { return numeric(numeric_sub, a, b); }
    static Datum multiply(Datum a, Datum b) { return numeric(numeric_mul, a, b); }
    static Datum divide(Datum a, Datum b) { return numeric(numeric_div, a, b); }
    static Datum negate(Datum a) { return numeric(numeric_uminus, a); }
    static Datum abs(Datum a) { return numeric(numeric_abs, a); }
    static Datum round(Datum a, int n) { return numeric(numeric_round, a, Int32GetDatum(n)); }
    static int compare(Datum a, Datum b) { return numeric_compare(a, b); }
    bool is_zero(Datum a) const { return numeric_compare(a, zero) == 0; }
};

}  // namespace

core::MeasureRole role_of(const Measure &measure) {
    switch (measure.kind) {
    case MeasureKind::count:
        return core::MeasureRole::additive;
    case MeasureKind::sum:
        return is_number(measure.type) ? core::MeasureRole::additive : core::MeasureRole::other;
    case MeasureKind::min:
    case MeasureKind::max:
        return is_number(measure.type) ? core::MeasureRole::extreme : core::MeasureRole::other;
    case MeasureKind::avg:
        return is_number(measure.type) ? core::MeasureRole::average : core::MeasureRole::other;
    case MeasureKind::distinct:
        return core::MeasureRole::distinct;
    case MeasureKind::quantiles:
        return core::MeasureRole::sketch;
    }
    return core::MeasureRole::other;
}

Rounding rounding_of(const core::Program &program, std::string_view unit) {
    using enum Rounding::Kind;
    switch (program.precision) {
    case core::Precision::exact:
    case core::Precision::chosen:
        return {none};
    case core::Precision::scaled:
        return {trim};
    case core::Precision::derived:
        break;
    }
    if (unit == "ms" || unit == "s" || unit == "seconds") return {decimals, 3};
    if (unit == "ratio") return {decimals, 4};
    if (unit == "percent" || unit == "%") return {decimals, 2};
    return {money, 2};
}

Evaluator::Evaluator(const core::Program &program, std::vector<const Measure *> measures, Fill fill)
    : program_(program), measures_(std::move(measures)), fill_(fill), constants_(program.constants.size()),
      stack_(static_cast<std::size_t>(program.stack)), nothing_(measures_.size()) {
    for (std::size_t i = 0; i < constants_.size(); ++i) {
        const char *const literal = program.constants[i].c_str();
        constants_[i] = pg::call([&] {
            return DirectFunctionCall3(numeric_in, CStringGetDatum(literal), ObjectIdGetDatum(InvalidOid),
                                       Int32GetDatum(-1));
        });
    }
    zero_ = pg::call([] { return from_int(0); });
}

bool Evaluator::empty(const Cell *cells) const {
    if (cells == nullptr) return true;
    for (std::size_t i = 0; i < measures_.size(); ++i) {
        if (cells[i].null) continue;
        switch (measures_[i]->kind) {
        case MeasureKind::count:
            if (DatumGetInt64(cells[i].value) != 0) return false;
            break;
        case MeasureKind::distinct:
            if (cells[i].count != 0) return false;
            break;
        default:
            return false;
        }
    }
    return true;
}

void Evaluator::run(std::span<const Cell *const> rows, std::span<Value> values) {
    NumericMath math{program_, measures_.data(), constants_.data(), zero_, nullptr};
    Value last;
    // One door for all slots: nothing in here owns anything.
    pg::call([&] {
        for (std::size_t i = 0; i < rows.size(); ++i) {
            bool const none = fill_ != Fill::zero && empty(rows[i]);
            Value value;
            if (!none) {
                math.cells = rows[i] != nullptr ? rows[i] : nothing_.data();
                value = core::evaluate(program_, math, stack_.data());
                if (value && !finite(*value)) value = std::nullopt;
            }
            if (!value && fill_ == Fill::zero) value = zero_;
            if (!value && fill_ == Fill::last) value = last;
            values[i] = last = value;
        }
    });
}

Value rounded(const Value &value, const Rounding &rounding) {
    if (!value || rounding.kind == Rounding::Kind::none) return value;
    return pg::call([&]() -> Value {
        if (rounding.kind == Rounding::Kind::trim) return numeric(numeric_trim_scale, *value);
        int decimals = rounding.decimals;
        if (rounding.kind == Rounding::Kind::money) {
            double const size = std::fabs(DatumGetFloat8(numeric(numeric_float8_no_overflow, *value)));
            if (size > 0 && size < 1) {
                decimals = std::min(40, 5 - static_cast<int>(std::floor(std::log10(size))));
                return numeric(numeric_trim_scale, numeric(numeric_round, *value, Int32GetDatum(decimals)));
            }
        }
        return numeric(numeric_round, *value, Int32GetDatum(decimals));
    });
}

Value pct_change(const Value &value, const Value &previous) {
    if (!value || !previous) return std::nullopt;
    return pg::call([&]() -> Value {
        Datum const size = numeric(numeric_abs, *previous);
        if (numeric_compare(size, from_int(0)) == 0) return std::nullopt;
        Datum const change = numeric(numeric_mul, numeric(numeric_sub, *value, *previous), from_int(100));
        return numeric(numeric_round, numeric(numeric_div, change, size), Int32GetDatum(2));
    });
}

int compare(const Value &a, const Value &b) {
    if (!a || !b) return (a ? 1 : 0) - (b ? 1 : 0);
    return pg::call([&] { return numeric_compare(*a, *b); });
}

}  // namespace analytics::engine
