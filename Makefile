# agent_analytics: PGXS build of the module and its install script, and the project's own commands.
#   make && make install && make installcheck     the packager's way, PG_CONFIG=... picks the server
#   make demo [DATA=folder]                       facts in, answers out, in a throwaway cluster; demo-shell stays in psql
#   make check-long                               and fuzzers, recovery, sanitizers, clang-tidy
#   make check | make check-quick                 tests of each change | unit, SQL and pgTAP tests only (3 minutes)
#   make format | lint | bench                    clang-format in place | clang-tidy | micro-benchmarks of the core
# The project's commands keep their servers in a folder under /tmp and leave nothing behind.
PROJECT_COMMANDS = demo demo-shell check check-quick check-long format lint bench
.PHONY: $(PROJECT_COMMANDS)

# They do not need PGXS, so that on a bare machine they can say what to install.
ifeq ($(filter-out $(PROJECT_COMMANDS),$(or $(MAKECMDGOALS),all)),)

export PG_CONFIG DATA KEEP END
demo:        ; @scripts/demo.sh
demo-shell:  ; @scripts/demo.sh shell
check:       ; @scripts/check.sh
check-long:  ; @scripts/check.sh long
check-quick: ; @scripts/check.sh unit regress tap
format:      ; @test/run_format.sh apply
lint:        ; @test/run_tidy.sh
bench:       ; @scripts/bench.sh

else

EXTENSION   = agent_analytics
EXTVERSION  = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" agent_analytics.control)
MODULE_big  = agent_analytics

# Every C++ file under src/ belongs to the module; src/core/ builds without PostgreSQL too (CMakeLists.txt).
OBJS        = $(patsubst %.cpp,%.o,$(sort $(wildcard src/*/*.cpp src/*/*/*.cpp)))
DATA_built  = $(EXTENSION)--$(EXTVERSION).sql

# The install script is these files in this order. A new domain adds its line here (CONTRIBUTING.md).
SQL_PARTS   = $(shell sed -e 's/\#.*//' src/install_script.list)

REGRESS     = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
EXTRA_CLEAN = $(OBJS:.o=.d) $(PRECOMPILED) build

# What every file outside the core begins with is parsed once: a third of the time of a build. GCC takes the header
# itself where it cannot use this.
PRECOMPILED = src/pg/precompiled.hpp.gch
BOUND_OBJS  = $(filter-out src/core/%,$(OBJS))

WARNINGS     = -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wno-deprecated -Werror
PG_CPPFLAGS  = -Isrc -isystem $(shell $(PG_CONFIG) --includedir-server) -MMD -MP
PG_CXXFLAGS  = -std=c++20 -g1 $(WARNINGS) -fvisibility=hidden -fvisibility-inlines-hidden -ffp-contract=off
SHLIB_LINK   = -lroaring -lxlsxwriter -lcurl -lstdc++ -Wl,-z,relro,-z,now -Wl,--version-script=src/pg/exports.map

PG_CONFIG   ?= pg_config
PGXS        := $(shell $(PG_CONFIG) --pgxs)
# PGXS would compile bitcode with clang and without PG_CXXFLAGS; JIT inlining has nothing to gain here.
override with_llvm = no
# Nothing is linked that only the server's folder of libraries has.
override enable_rpath = no
include $(PGXS)
include src/pg/compiler.mk

-include $(OBJS:.o=.d) $(PRECOMPILED:.gch=.d)

$(PRECOMPILED): src/pg/precompiled.hpp
	$(CXX) $(CXXFLAGS) $(CPPFLAGS) -x c++-header -c $< -o $@ -MF src/pg/precompiled.hpp.d -MT $@
$(BOUND_OBJS): $(PRECOMPILED)
$(BOUND_OBJS): private override CXXFLAGS += -include src/pg/precompiled.hpp

# CREATE OR REPLACE is for upgrade scripts; an install script must fail on an object that someone planted.
$(EXTENSION)--$(EXTVERSION).sql: $(SQL_PARTS) src/install_script.list agent_analytics.control
	@{ printf '%s\n' '\echo Use "CREATE EXTENSION agent_analytics" to load this file. \quit'; \
	   for part in $(SQL_PARTS); do printf '\n-- %s\n' "$$part"; sed -E 's/^CREATE OR REPLACE /CREATE /' $$part; done; } > $@

endif
