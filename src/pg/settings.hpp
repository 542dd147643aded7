#pragma once
// The settings, in one place. docs/settings.md describes them.
namespace analytics::pg {

/// agent_analytics.refresh_wait: milliseconds that a refresh waits for writers which still may read the old limit.
inline int refresh_wait_ms = 1000;

}  // namespace analytics::pg
