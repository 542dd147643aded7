// analytics_internal.in_range(at, from, to): from <= at < to, with a planner support function. Written as two
// comparisons in a join, PostgreSQL expects a ninth of the table in each range, and plans (and compiles) for that; live
// ranges are small.
#include "pg/boundary.hpp"

extern "C" {
#include "access/stratnum.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
}

namespace {

constexpr double expected_share = 0.0005;  // of the rows of a table lie in one live range
// The cost of an index scan comes from its conditions, not from the share above, and each bound in a join counts as a
// third of the table. Said three times, a range counts as a 729th; the scan itself drops the repetitions.
constexpr int repetitions = 3;

/// "at >= from", "at < to" for an index on `at`, or NIL where it cannot serve.
List *index_conditions(SupportRequestIndexCondition *request) {
    if (request->indexarg != 0 || !IsA(request->node, FuncExpr)) return NIL;
    auto *function = castNode(FuncExpr, request->node);
    auto *at = static_cast<Expr *>(linitial(function->args));
    Node *const bounds[] = {static_cast<Node *>(lsecond(function->args)), static_cast<Node *>(lthird(function->args))};
    StrategyNumber const strategies[] = {BTGreaterEqualStrategyNumber, BTLessStrategyNumber};
    List *conditions = NIL;
    for (int i = 0; i < 2 * repetitions; ++i) {
        Node *const bound = bounds[i % 2];
        if (!is_pseudo_constant_for_index(request->root, bound, request->index)) return NIL;
        Oid const op = get_opfamily_member(request->opfamily, TIMESTAMPTZOID, TIMESTAMPTZOID,
                                           static_cast<int16>(strategies[i % 2]));
        if (!OidIsValid(op)) return NIL;
        conditions = lappend(
            conditions, make_opclause(op, BOOLOID, false, at, reinterpret_cast<Expr *>(bound), InvalidOid, InvalidOid));
    }
    request->lossy = false;
    return conditions;
}

}  // namespace

ANALYTICS_FUNCTION(analytics_in_range) {
    TimestampTz const at = PG_GETARG_TIMESTAMPTZ(0);
    PG_RETURN_BOOL(at >= PG_GETARG_TIMESTAMPTZ(1) && at < PG_GETARG_TIMESTAMPTZ(2));
}

ANALYTICS_FUNCTION(analytics_in_range_support) {
    Node *const request = reinterpret_cast<Node *>(PG_GETARG_POINTER(0));
    return analytics::pg::call([&]() -> Datum {
        if (IsA(request, SupportRequestSelectivity)) {
            reinterpret_cast<SupportRequestSelectivity *>(request)->selectivity = expected_share;
            return PointerGetDatum(request);
        }
        if (IsA(request, SupportRequestIndexCondition))
            return PointerGetDatum(index_conditions(reinterpret_cast<SupportRequestIndexCondition *>(request)));
        return PointerGetDatum(nullptr);
    });
}
