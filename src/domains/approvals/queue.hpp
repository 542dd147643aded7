#pragma once
// What waits for a decision.
#include "domains/approvals/drafts.hpp"

namespace analytics::approvals {

/// The queue at a moment; the numbers stand in its index. NULL where nothing waits.
struct Waiting {
    int64 drafts, urgent;
    Number mean_confidence, oldest_minutes;
};

Waiting waiting_at(const pg::Spi &, const std::string &tenant, int64 as_of);

}  // namespace analytics::approvals
