# agent_analytics: PGXS build of the module and its install script, and the project's own commands.
#   make && make install && make installcheck     the packager's way, PG_CONFIG=... picks the server
#   make demo | make check | make check-quick     throwaway clusters in build/, nothing outside is touched
EXTENSION   = agent_analytics
EXTVERSION  = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" agent_analytics.control)
MODULE_big  = agent_analytics

# Every C++ file under src/ belongs to the module; src/core/ builds without PostgreSQL too (CMakeLists.txt).
OBJS        = $(patsubst %.cpp,%.o,$(sort $(wildcard src/*/*.cpp src/*/*/*.cpp)))
DATA_built  = $(EXTENSION)--$(EXTVERSION).sql

# The install script is these files in this order. A new domain adds its line here (CONTRIBUTING.md).
SQL_PARTS   = $(shell sed -e 's/\#.*//' src/install_script.list)

REGRESS     = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
EXTRA_CLEAN = $(OBJS:.o=.d) build

WARNINGS     = -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wno-deprecated -Werror
PG_CPPFLAGS  = -Isrc -isystem $(shell $(PG_CONFIG) --includedir-server) -MMD -MP
PG_CXXFLAGS  = -std=c++20 $(WARNINGS) -fvisibility=hidden -fvisibility-inlines-hidden -ffp-contract=off
SHLIB_LINK   = -lroaring -lstdc++

PG_CONFIG   ?= pg_config
PGXS        := $(shell $(PG_CONFIG) --pgxs)
# PGXS would compile bitcode with clang and without PG_CXXFLAGS; JIT inlining has nothing to gain here.
override with_llvm = no
include $(PGXS)

-include $(OBJS:.o=.d)

# CREATE OR REPLACE is for upgrade scripts; an install script must fail on an object that someone planted.
$(EXTENSION)--$(EXTVERSION).sql: $(SQL_PARTS) src/install_script.list agent_analytics.control
	@{ printf '%s\n' '\echo Use "CREATE EXTENSION agent_analytics" to load this file. \quit'; \
	   for part in $(SQL_PARTS); do printf '\n-- %s\n' "$$part"; sed -E 's/^CREATE OR REPLACE /CREATE /' $$part; done; } > $@
