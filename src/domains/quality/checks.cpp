// A tenant's own rules: what may be stored as a predicate, and what the stored ones say.
#include "domains/quality/scores.hpp"
#include "pg/args.hpp"
#include "pg/compat.hpp"

#include <algorithm>

extern "C" {
#include "access/table.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "commands/trigger.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace analytics::quality {
namespace {

/// Text as one expression and nothing beside it; nullptr if it is more or less. Raises syntax errors.
Node *parse_expression(const char *text) {
    List *const statements = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
    if (list_length(statements) != 1) return nullptr;
    Node *const statement = linitial_node(RawStmt, statements)->stmt;
    if (!IsA(statement, SelectStmt)) return nullptr;
    auto *const select = castNode(SelectStmt, statement);
    if (list_length(select->targetList) != 1 || select->distinctClause != NIL || select->intoClause != nullptr ||
        select->fromClause != NIL || select->whereClause != nullptr || select->groupClause != NIL ||
        select->havingClause != nullptr || select->windowClause != NIL || select->valuesLists != NIL ||
        select->sortClause != NIL || select->limitOffset != nullptr || select->limitCount != nullptr ||
        select->lockingClause != NIL || select->withClause != nullptr || select->op != SETOP_NONE)
        return nullptr;
    auto *const target = linitial_node(ResTarget, select->targetList);
    // A lone * is a column's name to the grammar, and nothing that transformExpr expects.
    if (IsA(target->val, ColumnRef) && IsA(linitial(castNode(ColumnRef, target->val)->fields), A_Star)) return nullptr;
    return target->name == nullptr && target->indirection == NIL ? target->val : nullptr;
}

/// As a CHECK of the table would be read: no subquery, aggregate, window function or set. Raises what is wrong.
Node *analyse(const char *table, Node *expression, const char *text) {
    Oid const relation = get_relname_relid(table, get_namespace_oid("analytics_data", false));
    Relation const opened = table_open(relation, AccessShareLock);
    ParseState *const state = make_parsestate(nullptr);
    state->p_sourcetext = text;
    ParseNamespaceItem *const item =
        addRangeTableEntryForRelation(state, opened, AccessShareLock, nullptr, false, true);
    addNSItemToQuery(state, item, false, true, true);
    Node *node = transformExpr(state, expression, EXPR_KIND_CHECK_CONSTRAINT);
    node = coerce_to_boolean(state, node, "predicate");
    assign_expr_collations(state, node);
    table_close(opened, NoLock);
    return node;
}

/// What comes with PostgreSQL and never changes: nobody has planted it.
bool is_own_object(Oid oid) { return oid < FirstUnpinnedObjectId; }

bool is_foreign_function(Oid function, void *) {
    return !is_own_object(function) || func_volatile(function) != PROVOLATILE_IMMUTABLE;
}

bool is_foreign(Node *node, void *context);

/// is_foreign as expression_tree_walker takes it: a function without arguments up to PostgreSQL 15, then a typed one.
struct ForeignWalker {
    template <class F> operator F() const { return reinterpret_cast<F>(reinterpret_cast<void *>(is_foreign)); }
};

/// Whether anything in the expression could run code of somebody's: a function, an operator, a type that is not
/// PostgreSQL's own, or a function whose result is not made of its arguments alone. An operator by its name, too:
/// whoever has planted it may put another function behind it.
bool is_foreign(Node *node, void *context) {
    if (node == nullptr) return false;
    switch (nodeTag(node)) {
    case T_CoerceToDomain:
    case T_CoerceToDomainValue:
    case T_SQLValueFunction:
    case T_NextValueExpr:
    case T_CurrentOfExpr:
    case T_SubLink:
    case T_SubPlan:
    case T_Param:
    case T_RowCompareExpr:
        return true;
    case T_OpExpr:
    case T_DistinctExpr:
    case T_NullIfExpr:  // the same struct
        if (!is_own_object(reinterpret_cast<OpExpr *>(node)->opno)) return true;
        break;
    case T_ScalarArrayOpExpr:
        if (!is_own_object(castNode(ScalarArrayOpExpr, node)->opno)) return true;
        break;
    case T_Var:
        if (castNode(Var, node)->varattno <= 0) return true;  // whole rows and system columns
        break;
    default:
        break;
    }
    bool const typed = !IsA(node, List) && !IsA(node, CaseWhen);
    if (typed && !is_own_object(exprType(node))) return true;
    if (check_functions_in_node(node, is_foreign_function, nullptr)) return true;
    return expression_tree_walker(node, ForeignWalker(), context);
}

constexpr const char *allowed =
    "a boolean expression over the columns of the table and PostgreSQL's own immutable functions";

}  // namespace

std::array<std::vector<Check>, 4> run_checks(const pg::Spi &spi, const std::string &tenant, int64 from, int64 to) {
    static pg::Statement any(
        "SELECT FROM analytics_data.data_quality_checks k WHERE k.tenant_id = $1 AND k.enabled LIMIT 1", {TEXTOID},
        pg::PlanFor::by_index);
    static pg::Statement statement("SELECT c.name, c.table_name, c.dimension, c.weight, c.judged, c.failed, c.error "
                                   "FROM analytics_internal.run_checks($1, $2, $3) c",
                                   {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID});
    constexpr std::array<std::string_view, 4> names{"completeness", "accuracy", "timeliness", "consistency"};
    std::array<std::vector<Check>, 4> checks;
    Datum const whose = pg::to_text(tenant);
    if (any.run(spi, std::array{whose}).empty()) return checks;
    pg::Result const rows = statement.run(spi, std::array{whose, TimestampTzGetDatum(from), TimestampTzGetDatum(to)});
    for (uint64 i = 0; i < rows.size(); ++i) {
        Check check{pg::to_string(*rows.get(i, 0)), pg::to_string(*rows.get(i, 1)), DatumGetFloat8(*rows.get(i, 3)),
                    DatumGetInt64(*rows.get(i, 4)), DatumGetInt64(*rows.get(i, 5)), std::nullopt};
        if (auto const error = rows.get(i, 6)) check.error = pg::to_string(*error);
        auto const dimension = std::find(names.begin(), names.end(), pg::to_string(*rows.get(i, 2))) - names.begin();
        checks.at(static_cast<std::size_t>(dimension)).push_back(std::move(check));
    }
    return checks;
}

}  // namespace analytics::quality

ANALYTICS_FUNCTION(analytics_check_predicate) {
    using namespace analytics;
    using namespace analytics::quality;
    auto *const data = reinterpret_cast<TriggerData *>(fcinfo->context);
    if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(data->tg_event) || !TRIGGER_FIRED_FOR_ROW(data->tg_event))
        throw pg::Error(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED, "check_predicate must be a BEFORE ROW trigger");
    HeapTuple const row = TRIGGER_FIRED_BY_UPDATE(data->tg_event) ? data->tg_newtuple : data->tg_trigtuple;
    struct Texts {
        const char *table, *predicate;
    };
    Texts const texts = pg::call([&] {
        auto const value = [&](const char *column) -> const char * {
            bool null = false;
            TupleDesc const descriptor = RelationGetDescr(data->tg_relation);
            Datum const datum = heap_getattr(row, SPI_fnumber(descriptor, column), descriptor, &null);
            return null ? nullptr : TextDatumGetCString(datum);
        };
        return Texts{value("table_name"), value("predicate")};
    });
    bool const known = texts.table != nullptr &&
                       (strcmp(texts.table, "agent_approvals") == 0 || strcmp(texts.table, "agent_queries") == 0 ||
                        strcmp(texts.table, "training_examples") == 0);
    if (!known || texts.predicate == nullptr ||
        strlen(texts.predicate) > 4000)  // the constraints of the table refuse it
        return PointerGetDatum(row);
    Node *const parsed = pg::call([&] { return parse_expression(texts.predicate); });
    if (parsed == nullptr)
        pg::bad_argument("predicate", "more than an expression", allowed,
                         "Write only what holds for a good row, as in a CHECK: latency_ms < 60000");
    bool const foreign = pg::call([&] { return is_foreign(analyse(texts.table, parsed, texts.predicate), nullptr); });
    if (foreign)
        pg::bad_argument("predicate", "of more than that", allowed,
                         "Functions of extensions and your own, functions of the clock, the settings or the time zone, "
                         "whole rows and types that are not PostgreSQL's own are not allowed.");
    return PointerGetDatum(row);
}
