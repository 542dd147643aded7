#pragma once
// Queries: SPI with plans that are prepared once a session and role, and stay generic.
#include "pg/memory.hpp"

#include <map>
#include <unordered_map>

extern "C" {
#include "jit/jit.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/guc.h"
}

namespace analytics::pg {

/// SPI for a scope. On the error path SPI is left to transaction abort.
struct Spi {
    Spi() {
        call([] { SPI_connect(); });
    }
    ~Spi() {
        if (std::uncaught_exceptions() == exceptions) SPI_finish();
    }
    Spi(const Spi &) = delete;
    Spi &operator=(const Spi &) = delete;
    int exceptions = std::uncaught_exceptions();
};

/// The rows of one statement. Lives until its Spi ends; copy what must live longer.
class Result {
  public:
    Result(SPITupleTable *table, uint64 count) : table_(table), count_(count) {}
    uint64 size() const { return count_; }
    bool empty() const { return count_ == 0; }
    TupleDesc descriptor() const { return table_->tupdesc; }
    /// Value and null flag of a cell; column counts from 0. Values are not detoasted.
    Datum get(uint64 row, int column, bool &null) const {
        return heap_getattr(table_->vals[row], column + 1, table_->tupdesc, &null);
    }
    std::optional<Datum> get(uint64 row, int column) const {
        bool null = false;
        Datum const value = get(row, column, null);
        return null ? std::nullopt : std::optional<Datum>(value);
    }
    /// Gives the rows' memory back before Spi ends.
    void free() const {
        call([&] { SPI_freetuptable(table_); });
    }
    void deform(uint64 row, Datum *values, bool *nulls) const {
        heap_deform_tuple(table_->vals[row], table_->tupdesc, values, nulls);
    }

  private:
    SPITupleTable *table_;
    uint64 count_;
};

/// How a saved statement is planned, should it be planned now: always without JIT (compiling costs more than any of our
/// statements, and a generic plan's guess of its rows is high). by_index: by nested loops over indexes only; a store
/// that is small today will not stay so, and a hash join of ranges on the tenant alone is quadratic where there is one.
/// What is asked all the time lies in memory, so no page costs anything: else an index whose order is that of the table
/// is preferred to the one that finds the tenant's rows alone.
/// few_rows: besides, groups by sorting; a hash table made for the rows that a generic plan expects costs milliseconds.
/// by_bitmap: by index, but each page of the table once: late rows lie elsewhere than those of their time, and a scan
/// in the order of time goes to and fro between them.
enum class PlanFor : std::uint8_t { anything, by_index, few_rows, by_bitmap };

class PlannerSettings {
  public:
    explicit PlannerSettings(PlanFor use) {
        jit_enabled = false;
        if (use != PlanFor::anything) {
            enable_seqscan = enable_hashjoin = enable_mergejoin = false;
            seq_page_cost = random_page_cost = 0;
        }
        if (use == PlanFor::few_rows) enable_hashagg = false;
        if (use == PlanFor::by_bitmap) enable_indexscan = enable_indexonlyscan = false;
    }
    ~PlannerSettings() {
        jit_enabled = jit_, enable_seqscan = seqscan_, enable_hashjoin = hash_, enable_mergejoin = merge_;
        enable_hashagg = hashagg_, enable_indexscan = index_, enable_indexonlyscan = index_only_;
        seq_page_cost = seq_page_, random_page_cost = random_page_;
    }
    PlannerSettings(const PlannerSettings &) = delete;
    PlannerSettings &operator=(const PlannerSettings &) = delete;

  private:
    bool jit_ = jit_enabled, seqscan_ = enable_seqscan, hash_ = enable_hashjoin, merge_ = enable_mergejoin,
         hashagg_ = enable_hashagg, index_ = enable_indexscan, index_only_ = enable_indexonlyscan;
    double seq_page_ = seq_page_cost, random_page_ = random_page_cost;
};

/// Where the executor sends the rows of Statement::run_each.
template <class Take> struct RowReceiver : DestReceiver {
    explicit RowReceiver(Take &taker) : DestReceiver{}, take(taker) {
        receiveSlot = receive;
        rStartup = [](DestReceiver *, int, TupleDesc) {};
        rShutdown = rDestroy = [](DestReceiver *) {};
        mydest = DestTuplestore;
    }
    static bool receive(TupleTableSlot *slot, DestReceiver *self) {
        slot_getallattrs(slot);
        auto *const receiver = static_cast<RowReceiver *>(self);
        enter([&] {
            InContext const in(receiver->context);
            receiver->take(static_cast<const Datum *>(slot->tts_values), static_cast<const bool *>(slot->tts_isnull));
        });
        return true;
    }
    Take &take;
    MemoryContext context = CurrentMemoryContext;
};

/// A statement that is planned once a session and role. Generic from the start: PostgreSQL's own choice never
/// becomes generic for a time range, and planning then costs 10-20 % of a short read. Without workers, because
/// the answers of a rollup depend on this backend's memory. Names carry their schema, values are parameters.
class Statement {
  public:
    Statement(std::string sql, std::vector<Oid> types, PlanFor use = PlanFor::anything)
        : sql_(std::move(sql)), types_(std::move(types)), use_(use) {}

    /// read_only = true keeps the caller's snapshot (all reads of one answer must share one).
    Result run(const Spi &, std::span<const Datum> values, const char *nulls = nullptr, bool read_only = true) {
        SPIPlanPtr const plan = prepare();
        PlannerSettings const settings(use_);
        call([&] {
            int const code = SPI_execute_plan(plan, const_cast<Datum *>(values.data()), nulls, read_only, 0);
            if (code < 0) elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(code));
        });
        return {SPI_tuptable, SPI_processed};
    }

    /// Runs under a snapshot of the caller's choice and still sees this transaction's own writes.
    Result run_under(const Spi &, Snapshot snapshot, std::span<const Datum> values, const char *nulls = nullptr) {
        SPIPlanPtr const plan = prepare();
        PlannerSettings const settings(use_);
        call([&] {
            int const code = SPI_execute_snapshot(plan, const_cast<Datum *>(values.data()), nulls, snapshot,
                                                  InvalidSnapshot, false, true, 0);
            if (code < 0) elog(ERROR, "SPI_execute_snapshot failed: %s", SPI_result_code_string(code));
        });
        return {SPI_tuptable, SPI_processed};
    }

    /// Like run(), but each row goes to `take(values, nulls)` as the executor makes it: nothing is copied or kept. What
    /// the values point to is gone when it returns. It runs in the memory context that is current now.
    template <class Take> void run_each(const Spi &, std::span<const Datum> values, Take take) {
        SPIPlanPtr const plan = prepare();
        PlannerSettings const settings(use_);
        RowReceiver<Take> receiver(take);
        call([&] {
            ParamListInfo const parameters = makeParamList(static_cast<int>(values.size()));
            for (std::size_t i = 0; i < values.size(); ++i)
                parameters->params[i] = {values[i], false, PARAM_FLAG_CONST, types_[i]};
            SPIExecuteOptions options{};
            options.params = parameters;
            options.read_only = true;
            options.dest = &receiver;
            int const code = SPI_execute_plan_extended(plan, &options);
            if (code < 0) elog(ERROR, "SPI_execute_plan_extended failed: %s", SPI_result_code_string(code));
        });
    }

    const std::string &sql() const { return sql_; }

  private:
    SPIPlanPtr prepare() {
        SPIPlanPtr &plan = plans_[GetUserId()];  // with row security a change of role throws a shared plan away
        if (plan == nullptr) {
            const char *const text = sql_.c_str();
            auto const count = static_cast<int>(types_.size());
            Oid *const types = types_.data();
            plan = call([&]() -> SPIPlanPtr {
                SPIPlanPtr fresh = SPI_prepare_cursor(text, count, types, CURSOR_OPT_GENERIC_PLAN);
                if (fresh == nullptr) elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
                SPI_keepplan(fresh);
                return fresh;
            });
        }
        return plan;
    }

    std::string sql_;
    std::vector<Oid> types_;
    PlanFor use_;
    std::map<Oid, SPIPlanPtr> plans_;
};

/// The statement of this backend with this text and use, for text that is put together; made when it is asked for
/// first.
inline Statement &saved_statement(std::string sql, std::vector<Oid> types, PlanFor use) {
    static std::map<PlanFor, std::unordered_map<std::string, Statement>> all;
    std::unordered_map<std::string, Statement> &statements = all[use];
    auto const found = statements.find(sql);
    if (found != statements.end()) return found->second;
    Statement made(sql, std::move(types), use);
    return statements.emplace(std::move(sql), std::move(made)).first->second;
}

/// Runs a statement once, without keeping its plan: definitions, not questions.
inline Result run_once(const Spi &, const std::string &sql, bool read_only = false) {
    const char *const text = sql.c_str();
    call([&] {
        int const code = SPI_execute(text, read_only, 0);
        if (code < 0) elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(code));
    });
    return {SPI_tuptable, SPI_processed};
}

/// Acts as another role for a scope (the owner of the rollup's source, of the notes). PostgreSQL restores the
/// role itself when a transaction or subtransaction aborts. Functions of that role may run meanwhile: they can neither
/// take another role nor leave anything behind (a deferred trigger, say) that would run as the caller later.
class AsUser {
  public:
    explicit AsUser(Oid role) {
        GetUserIdAndSecContext(&role_, &context_);
        SetUserIdAndSecContext(role, context_ | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
    }
    ~AsUser() { SetUserIdAndSecContext(role_, context_); }
    AsUser(const AsUser &) = delete;
    AsUser &operator=(const AsUser &) = delete;

  private:
    Oid role_ = InvalidOid;
    int context_ = 0;
};

/// The same where functions of that role do run: what they set is set back.
class AsUserUnset {
  public:
    explicit AsUserUnset(Oid role) : user_(role), level_(call([] { return NewGUCNestLevel(); })) {}
    ~AsUserUnset() {
        if (std::uncaught_exceptions() == exceptions_) AtEOXact_GUC(false, level_);  // else the abort does it
    }
    AsUserUnset(const AsUserUnset &) = delete;
    AsUserUnset &operator=(const AsUserUnset &) = delete;

  private:
    AsUser user_;
    int level_;
    int exceptions_ = std::uncaught_exceptions();
};

/// The same with nothing but pg_catalog on the search path, for SQL whose operators are not qualified: the caller may
/// have planted an operator of its own. Not for saved statements, which would be planned again and again.
class AsUserPinned {
  public:
    explicit AsUserPinned(Oid role) : user_(role) {
        call([] {
            (void)set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
                                    true, 0, false);
        });
    }

  private:
    AsUserUnset user_;
};

}  // namespace analytics::pg
