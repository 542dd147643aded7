// The library's magic block, the mark by which PostgreSQL knows a module that fits it.
#include "pg/compat.hpp"

extern "C" {
PG_MODULE_MAGIC;
}
