#pragma once
// The outbox of notices, emptied by the worker.

namespace analytics::worker {

/// Sends what is due. Claimed and ticked off in two short transactions; while requests are under way there is none.
void deliver_notices();

}  // namespace analytics::worker
