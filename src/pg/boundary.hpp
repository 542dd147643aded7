#pragma once
// The two doors between PostgreSQL's C (errors by longjmp) and our C++ (errors by unwinding): `enter`
// from C into C++, `call` from C++ into C. A longjmp over a destructor skips it, an exception that
// escapes into C ends the server: nothing crosses but through these.
#include "pg/compat.hpp"

namespace analytics::pg {

/// An error of ours, with everything a client needs to act on it.
struct Error : std::runtime_error {
    Error(int state, const std::string &message, std::string d = {}, std::string h = {},
          const char *f = __builtin_FILE(), int l = __builtin_LINE(), const char *fn = __builtin_FUNCTION())
        : std::runtime_error(message), sqlstate(state), line(l), file(f), function(fn), detail(std::move(d)),
          hint(std::move(h)) {}
    int sqlstate, line;
    const char *file, *function;
    std::string detail, hint;
};

/// A PostgreSQL error on its way home. Not a std::exception, so that no
/// `catch (const std::exception &)` can swallow it: the transaction is doomed.
struct PgError {
    ErrorData *data;
};

inline MemoryContext entry_context = nullptr;  // keeps a caught ErrorData; outlives any SPI context

struct Restore {
    sigjmp_buf *jump = PG_exception_stack;
    ErrorContextCallback *callbacks = error_context_stack;
    MemoryContext entry = entry_context;
    Restore() = default;
    Restore(const Restore &) = delete;
    Restore &operator=(const Restore &) = delete;
    ~Restore() { PG_exception_stack = jump, error_context_stack = callbacks, entry_context = entry; }
};

struct Report {  // plain data, because raise() leaves by longjmp
    ErrorData *rethrow = nullptr;
    int sqlstate = ERRCODE_INTERNAL_ERROR, line = 0;
    const char *file = nullptr, *function = nullptr;
    char message[1024], detail[1024], hint[512];
    Report() noexcept { *message = *detail = *hint = '\0'; }  // not zeroed: every call would pay for it

    template <std::size_t N> static void clip(char (&to)[N], const char *from) noexcept {
        strlcpy(to, from, N);
        to[pg_mbcliplen(to, static_cast<int>(strlen(to)), N - 1)] = '\0';  // whole characters
    }
    void set(int state, const char *text) noexcept { sqlstate = state, clip(message, text); }
    [[noreturn]] void raise() const {
        if (rethrow != nullptr) ReThrowError(rethrow);  // keeps SQLSTATE, detail, hint, context, location
        errstart(ERROR, TEXTDOMAIN);                    // ereport(), at the place of the throw
        errcode(sqlstate), errmsg_internal("%s", message);
        if (*detail != '\0') errdetail_internal("%s", detail);
        if (*hint != '\0') errhint("%s", hint);
        errfinish(file, line, function);
        pg_unreachable();
    }
};

/// C -> C++. No exception leaves; it becomes an ereport, raised after the catch
/// block has ended: a longjmp out of a catch leaves the exception alive for good.
template <std::invocable Body> auto enter(Body &&body) -> std::invoke_result_t<Body> {
    Report report;
    try {
        Restore restore;
        entry_context = CurrentMemoryContext;
        return body();
    } catch (const PgError &e) {
        report.rethrow = e.data;
    } catch (const Error &e) {
        report.set(e.sqlstate, e.what());
        Report::clip(report.detail, e.detail.c_str());
        Report::clip(report.hint, e.hint.c_str());
        report.file = e.file, report.line = e.line, report.function = e.function;
    } catch (const std::bad_alloc &) {
        report.set(ERRCODE_OUT_OF_MEMORY, "out of memory");
    } catch (const std::invalid_argument &e) {
        report.set(ERRCODE_INVALID_PARAMETER_VALUE, e.what());
    } catch (const std::domain_error &e) {
        report.set(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, e.what());
    } catch (const std::exception &e) {
        report.set(ERRCODE_INTERNAL_ERROR, e.what());
    } catch (...) {
        report.set(ERRCODE_INTERNAL_ERROR, "unknown C++ exception");
    }
    static_assert(std::is_trivially_destructible_v<Report>);
    report.raise();
}

/// C++ -> C. The lambda is left by longjmp on error: nothing in it may own a
/// destructor. Capture references, take and return plain data.
template <std::invocable F> auto call(F &&f) -> std::invoke_result_t<F> {
    static_assert(std::is_void_v<std::invoke_result_t<F>> || std::is_trivially_copyable_v<std::invoke_result_t<F>>);
    MemoryContext const context = CurrentMemoryContext;
    {
        Restore restore;  // made before the jump buffer, so the jump lands inside its scope
        sigjmp_buf here;
        if (sigsetjmp(here, 0) == 0) {  // 0: saving the signal mask costs 250 ns and PostgreSQL does not need it
            PG_exception_stack = &here;
            return f();
        }
    }
    MemoryContextSwitchTo(entry_context);
    ErrorData *const data = CopyErrorData();
    FlushErrorState();
    MemoryContextSwitchTo(context);
    throw PgError{data};
}

/// Lets a long loop be cancelled (statement_timeout, pg_cancel_backend).
inline void check_for_interrupts() {
    if (INTERRUPTS_PENDING_CONDITION()) call([] { ProcessInterrupts(); });
}

}  // namespace analytics::pg

/// One SQL-callable function. PG 15 makes neither it nor its info record visible by itself.
#define ANALYTICS_FUNCTION(name)                                          \
    extern "C" {                                                          \
    PGDLLEXPORT Datum name(PG_FUNCTION_ARGS);                             \
    PG_FUNCTION_INFO_V1(name);                                            \
    }                                                                     \
    static Datum name##_body(FunctionCallInfo fcinfo);                    \
    Datum name(PG_FUNCTION_ARGS) {                                        \
        return analytics::pg::enter([&] { return name##_body(fcinfo); }); \
    }                                                                     \
    static Datum name##_body([[maybe_unused]] FunctionCallInfo fcinfo)
