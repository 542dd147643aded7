// The items of a batch as typed rows. Nothing here raises for what an item holds: each text is checked before one of
// PostgreSQL's input functions, which would end the whole batch, sees it.
#include "pg/arrays.hpp"
#include "pg/datetime.hpp"
#include "pg/memory.hpp"
#include "pg/values.hpp"

#include <algorithm>
#include <charconv>

extern "C" {
#include "utils/jsonb.h"
}

namespace analytics::engine {
namespace {

/// What a key holds: a value, nothing, or something of another type (`good` is false).
struct Value {
    Datum datum = 0;
    bool null = false, good = true;
};
constexpr Value wrong{.good = false};

/// A number as text: a JSON number in its own words, a JSON string if it is nothing but a number of reasonable size.
std::optional<std::string> number_text(const JsonbValue &value) {
    if (value.type == jbvNumeric) {
        Numeric const number = value.val.numeric;
        return std::string(pg::call([&] { return numeric_normalize(number); }));
    }
    if (value.type != jbvString || value.val.string.len > 200) return std::nullopt;
    std::string_view rest(value.val.string.val, static_cast<std::size_t>(value.val.string.len));
    auto const digits = [&rest] {
        std::size_t n = 0;
        while (n < rest.size() && rest[n] >= '0' && rest[n] <= '9') ++n;
        rest.remove_prefix(n);
        return n;
    };
    auto const skip = [&rest](std::string_view any_of) {
        bool const found = !rest.empty() && any_of.find(rest.front()) != std::string_view::npos;
        if (found) rest.remove_prefix(1);
        return found;
    };
    std::string text(rest);
    if (skip("+")) text.erase(0, 1);
    else skip("-");
    std::size_t mantissa = digits();
    if (skip(".")) mantissa += digits();
    if (mantissa == 0) return std::nullopt;
    if (skip("eE")) {
        skip("+-");
        std::size_t const exponent = digits();
        if (exponent == 0 || exponent > 3) return std::nullopt;
    }
    return rest.empty() ? std::optional(text) : std::nullopt;
}

Value numeric_value(const JsonbValue &value) {
    if (value.type == jbvNumeric) return {NumericGetDatum(value.val.numeric)};
    std::optional<std::string> const text = number_text(value);
    if (!text) return wrong;
    const char *const given = text->c_str();
    return {pg::call([&] {
        return DirectFunctionCall3(numeric_in, CStringGetDatum(given), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
    })};
}

template <class T> Value machine_value(const JsonbValue &value) {
    std::optional<std::string> const text = number_text(value);
    if (!text) return wrong;
    T number{};
    auto const [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc{} || end != text->data() + text->size()) return wrong;
    return {pg::Column<T>::datum(number)};
}

Value text_value(const JsonbValue &value) {
    if (value.type == jbvString)
        return {pg::to_text({value.val.string.val, static_cast<std::size_t>(value.val.string.len)})};
    if (value.type != jbvNumeric) return wrong;
    Datum const number = NumericGetDatum(value.val.numeric);
    return {pg::call([&] { return CStringGetTextDatum(DatumGetCString(DirectFunctionCall1(numeric_out, number))); })};
}

Value boolean_value(const JsonbValue &value) {
    if (value.type == jbvBool) return {BoolGetDatum(value.val.boolean)};
    if (value.type != jbvString) return wrong;
    std::string_view const text(value.val.string.val, static_cast<std::size_t>(value.val.string.len));
    if (text != "true" && text != "false") return wrong;
    return {BoolGetDatum(text == "true")};
}

Value instant_value(const JsonbValue &value) {
    if (value.type != jbvString) return wrong;
    std::string const text(value.val.string.val, static_cast<std::size_t>(value.val.string.len));
    std::optional<int64> const at = pg::parse_instant(text.c_str());
    return at ? Value{TimestampTzGetDatum(*at)} : wrong;
}

Value json_value(JsonbValue &value) {
    return {pg::call([&] { return JsonbPGetDatum(JsonbValueToJsonb(&value)); })};
}

Value value_of(JsonbValue &value, Oid type) {
    if (value.type == jbvNull) return {.null = true};
    switch (type) {
    case TEXTOID:
        return text_value(value);
    case NUMERICOID:
        return numeric_value(value);
    case INT8OID:
        return machine_value<int64>(value);
    case INT4OID:
        return machine_value<int32>(value);
    case FLOAT8OID:
        return machine_value<double>(value);
    case BOOLOID:
        return boolean_value(value);
    case TIMESTAMPTZOID:
        return instant_value(value);
    case JSONBOID:
        return json_value(value);
    default:
        throw pg::Error(ERRCODE_INTERNAL_ERROR, "read_items cannot read a key of type " + std::to_string(type));
    }
}

const char *expectation(Oid type) {
    switch (type) {
    case TEXTOID:
        return "a string";
    case INT8OID:
    case INT4OID:
        return "an integer";
    case BOOLOID:
        return "true or false";
    case TIMESTAMPTZOID:
        return "an instant such as 2025-01-31T12:00:00Z";
    default:
        return "a number";
    }
}

/// Fills a row from one element of the array: index, message, keys.
class ItemReader {
  public:
    ItemReader(TupleDesc descriptor, Datum required) : descriptor_(descriptor) {
        for (int i = keys; i < descriptor->natts; ++i)
            names_.emplace_back(NameStr(TupleDescAttr(descriptor, i)->attname));
        required_.assign(names_.size(), false);
        pg::ArrayElements const list = pg::elements_of(required, TEXTOID);
        for (int i = 0; i < list.count; ++i) {
            std::string const name = list.nulls[i] ? "" : pg::to_string(list.values[i]);
            for (std::size_t k = 0; k < names_.size(); ++k)
                if (names_[k] == name) required_[k] = true;
        }
        values.resize(static_cast<std::size_t>(descriptor->natts));
        nulls.reset(new bool[values.size()]);
    }

    void read(int32 index, const JsonbValue &element) {
        std::fill_n(nulls.get(), values.size(), true);
        values[0] = Int32GetDatum(index), nulls[0] = false;
        std::string const problem = fill(element);
        if (problem.empty()) return;
        std::fill_n(nulls.get() + keys + 1, values.size() - keys - 1, true);
        values[1] = pg::to_text(problem), nulls[1] = false;
    }

    std::vector<Datum> values;
    std::unique_ptr<bool[]> nulls;

  private:
    static constexpr int keys = 2;  // columns before the keys

    /// What is wrong with the item, or nothing.
    std::string fill(const JsonbValue &element) {
        if (element.type != jbvBinary || !JsonContainerIsObject(element.val.binary.data))
            return "an item must be an object";
        JsonbContainer *const object = element.val.binary.data;
        std::string problem;
        std::uint32_t known = 0;
        for (std::size_t k = 0; k < names_.size(); ++k) {
            JsonbValue storage;
            const std::string &name = names_[k];
            JsonbValue *const found = pg::call([&] {
                return getKeyJsonValueFromContainer(object, name.data(), static_cast<int>(name.size()), &storage);
            });
            known += found != nullptr;
            Oid const type = TupleDescAttr(descriptor_, static_cast<int>(k) + keys)->atttypid;
            Value const value = found == nullptr ? Value{.null = true} : value_of(*found, type);
            values[k + keys] = value.datum;
            nulls[k + keys] = value.null || !value.good;
            if (!problem.empty()) continue;
            if (!value.good) problem = name + " must be " + expectation(type);
            else if (value.null && required_[k]) problem = name + " must be given";
        }
        if (problem.empty() && known < JsonContainerSize(object))
            problem = "unknown key \"" + unknown_key(object) + '"';
        return problem;
    }

    /// The first key of the object that is no column.
    std::string unknown_key(JsonbContainer *object) const {
        JsonbIterator *iterator = pg::call([&] { return JsonbIteratorInit(object); });
        for (;;) {
            JsonbValue value;
            JsonbIteratorToken const token = pg::call([&] { return JsonbIteratorNext(&iterator, &value, true); });
            if (token == WJB_DONE) return {};
            if (token != WJB_KEY) continue;
            std::string const key(value.val.string.val, static_cast<std::size_t>(value.val.string.len));
            if (std::find(names_.begin(), names_.end(), key) == names_.end()) return key.substr(0, clipped(key));
        }
    }
    static std::size_t clipped(const std::string &key) {
        return static_cast<std::size_t>(
            pg::call([&] { return pg_mbcliplen(key.data(), static_cast<int>(key.size()), 100); }));
    }

    TupleDesc descriptor_;
    std::vector<std::string> names_;
    std::vector<bool> required_;
};

}  // namespace
}  // namespace analytics::engine

ANALYTICS_FUNCTION(analytics_read_items) {
    using namespace analytics;
    pg::call([&] { InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC); });
    auto *const info = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    TupleDesc const descriptor = info->setDesc;
    Tuplestorestate *const store = info->setResult;
    if (descriptor->natts < 3 || TupleDescAttr(descriptor, 0)->atttypid != INT4OID ||
        TupleDescAttr(descriptor, 1)->atttypid != TEXTOID)
        throw pg::Error(ERRCODE_DATATYPE_MISMATCH,
                        "read_items must be called AS t(index integer, message text, key type, ...)");

    engine::ItemReader reader(descriptor, PG_GETARG_DATUM(1));
    Datum const argument = PG_GETARG_DATUM(0);
    Jsonb *const items = pg::call([&] { return DatumGetJsonbP(argument); });
    if (!JB_ROOT_IS_ARRAY(items) || JB_ROOT_IS_SCALAR(items))
        throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "items must be a JSON array of objects", {},
                        "Pass an array, also for a single item.");
    MemoryContext const row = pg::call(
        [] { return AllocSetContextCreate(CurrentMemoryContext, "items of a batch", ALLOCSET_DEFAULT_SIZES); });
    JsonbIterator *iterator = pg::call([&] { return JsonbIteratorInit(&items->root); });
    for (int32 index = 0;;) {
        JsonbValue element;
        JsonbIteratorToken const token = pg::call([&] { return JsonbIteratorNext(&iterator, &element, true); });
        if (token == WJB_DONE) break;
        if (token != WJB_ELEM) continue;
        pg::check_for_interrupts();
        {
            pg::InContext const in(row);
            reader.read(index++, element);
        }
        Datum *const values = reader.values.data();
        bool *const nulls = reader.nulls.get();
        pg::call([&] {
            tuplestore_putvalues(store, descriptor, values, nulls);
            MemoryContextReset(row);
        });
    }
    return 0;
}
