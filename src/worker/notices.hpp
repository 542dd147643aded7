#pragma once
// Notices of alerts on their way out: webhooks, sent by the worker.
#include <map>
#include <string>
#include <vector>

namespace analytics::worker {

struct Notice {
    std::string tenant, delivery, url, body;
    std::map<std::string, std::string> headers;
    std::string problem;  // after send(): why it was not taken; empty: it was
};

/// Posts the notices, all at the same time, outside of any transaction. A request takes 10 seconds at the most, follows
/// no redirect, and ends where the answer has more than 64 kB. What is not answered by 2xx has a problem. `hosts` are
/// the only ones allowed, with commas; empty: any whose address is public. `interrupted` is called
/// several times a second; it may throw, and then no request is left behind.
void send(std::vector<Notice> &, const std::string &hosts, void (*interrupted)());

}  // namespace analytics::worker
