// Parsed once for all files outside the core (Makefile). Files include what they use all the same: CMake, clang-tidy
// and other compilers do without this.
#include "pg/args.hpp"
#include "pg/arrays.hpp"
#include "pg/rows.hpp"
#include "pg/spi.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>
