#pragma once
// How long computations are cancelled: they call this now and then, and whoever gave it throws to end them.
#include <functional>

namespace analytics::core {

/// Called about every millisecond of work; an exception it throws leaves the computation, which keeps no state. May be
/// empty: nothing is called then.
using Stop = std::function<void()>;

}  // namespace analytics::core
