#include "worker/notices.hpp"

#include "core/text/public_address.hpp"

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace analytics::worker {
namespace {

constexpr long longest_ms = 10'000, connect_ms = 5'000;
constexpr std::size_t longest_answer = 65'536;

/// While it lives no signal reaches this thread, nor those that curl starts now to look names up: PostgreSQL's handlers
/// are for its own thread.
class SignalsBlocked {
  public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked &) = delete;
    SignalsBlocked &operator=(const SignalsBlocked &) = delete;

  private:
    sigset_t before_{};
};

bool listed(const std::string &hosts, const std::string &host) {
    std::size_t from = 0;
    while (from <= hosts.size()) {
        std::size_t const to = std::min(hosts.find(',', from), hosts.size());
        std::string name = hosts.substr(from, to - from);
        std::erase(name, ' ');
        if (!name.empty() && name.size() == host.size() && strcasecmp(name.c_str(), host.c_str()) == 0) return true;
        from = to + 1;
    }
    return false;
}

std::string host_of(const std::string &url) {
    std::unique_ptr<CURLU, void (*)(CURLU *)> const parsed(curl_url(), curl_url_cleanup);
    char *part = nullptr;
    if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
        curl_url_get(parsed.get(), CURLUPART_HOST, &part, 0) != CURLUE_OK)
        return {};
    std::string host = part;
    curl_free(part);
    return host;
}

/// Opens no socket to an address that is not public.
curl_socket_t open_public(void *refused, curlsocktype, curl_sockaddr *to) {
    bool good = false;
    if (to->family == AF_INET) {
        auto const *const v4 = reinterpret_cast<const sockaddr_in *>(&to->addr);
        good = core::is_public_address(reinterpret_cast<const unsigned char *>(&v4->sin_addr), 4);
    } else if (to->family == AF_INET6) {
        auto const *const v6 = reinterpret_cast<const sockaddr_in6 *>(&to->addr);
        good = core::is_public_address(reinterpret_cast<const unsigned char *>(&v6->sin6_addr), 16);
    }
    if (!good) {
        *static_cast<bool *>(refused) = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

std::size_t count_answer(char *, std::size_t size, std::size_t n, void *seen) {
    std::size_t &total = *static_cast<std::size_t *>(seen);
    total += size * n;
    return total > longest_answer ? 0 : size * n;  // 0 ends the request
}

/// One POST.
struct Request {
    Request(const Notice &notice, bool anywhere) : easy(curl_easy_init()) {
        if (easy == nullptr) throw std::bad_alloc();
        add_header("Content-Type: application/json");
        add_header("X-Delivery-Id: " + notice.delivery);
        add_header("Expect:");
        for (auto const &[name, value] : notice.headers) add_header(name + ": " + value);
        set(CURLOPT_URL, notice.url.c_str());
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_PROXY, "");
        set(CURLOPT_POST, 1L);
        set(CURLOPT_POSTFIELDSIZE, static_cast<long>(notice.body.size()));
        set(CURLOPT_POSTFIELDS, notice.body.data());  // the notice outlives the request
        set(CURLOPT_HTTPHEADER, headers);
        set(CURLOPT_USERAGENT, "agent_analytics");
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_TIMEOUT_MS, longest_ms);
        set(CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
        set(CURLOPT_WRITEFUNCTION, count_answer);
        set(CURLOPT_WRITEDATA, &answered);
        if (!anywhere) {
            set(CURLOPT_OPENSOCKETFUNCTION, open_public);
            set(CURLOPT_OPENSOCKETDATA, &refused);
        }
    }
    ~Request() {
        curl_easy_cleanup(easy);
        curl_slist_free_all(headers);
    }
    Request(const Request &) = delete;
    Request &operator=(const Request &) = delete;

    /// Why it was not taken. Nothing of the address or the answer: both may be secret.
    std::string problem(CURLcode code) const {
        if (refused)
            return "the address of the host is not public, and agent_analytics.notification_hosts does not name it";
        if (code == CURLE_WRITE_ERROR) return "the answer was too long";
        if (code != CURLE_OK) return curl_easy_strerror(code);
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        return status >= 200 && status < 300 ? std::string() : "HTTP status " + std::to_string(status);
    }

    CURL *easy;

  private:
    template <class T> void set(CURLoption option, T value) {
        if (curl_easy_setopt(easy, option, value) != CURLE_OK) throw std::runtime_error("libcurl lacks an option");
    }
    void add_header(const std::string &line) {
        curl_slist *const longer = curl_slist_append(headers, line.c_str());
        if (longer == nullptr) throw std::bad_alloc();
        headers = longer;
    }

    curl_slist *headers = nullptr;
    std::size_t answered = 0;
    bool refused = false;
};

struct Multi {
    Multi() : handle(curl_multi_init()) {
        if (handle == nullptr) throw std::bad_alloc();
    }
    ~Multi() {
        SignalsBlocked const blocked;
        for (CURL *const easy : added) curl_multi_remove_handle(handle, easy);
        curl_multi_cleanup(handle);
    }
    Multi(const Multi &) = delete;
    Multi &operator=(const Multi &) = delete;
    CURLM *handle;
    std::vector<CURL *> added;
};

}  // namespace

void send(std::vector<Notice> &notices, const std::string &hosts, void (*interrupted)()) {
    static bool const ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!ready) throw std::runtime_error("libcurl cannot be initialised");
    std::vector<std::unique_ptr<Request>> requests;  // outlive the Multi
    Multi multi;
    for (Notice &notice : notices) {
        std::string const host = host_of(notice.url);
        bool const named = listed(hosts, host);
        requests.push_back(std::make_unique<Request>(notice, named));
        notice.problem = "not sent";
        if (!hosts.empty() && !named) {
            notice.problem = "agent_analytics.notification_hosts does not name the host";
            continue;
        }
        curl_multi_add_handle(multi.handle, requests.back()->easy);
        multi.added.push_back(requests.back()->easy);
    }
    for (int running = 1; running > 0;) {
        {
            SignalsBlocked const blocked;
            if (curl_multi_perform(multi.handle, &running) != CURLM_OK) throw std::runtime_error("libcurl failed");
        }
        int left = 0;
        while (const CURLMsg *const message = curl_multi_info_read(multi.handle, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            for (std::size_t i = 0; i < requests.size(); ++i)
                if (requests[i]->easy == message->easy_handle)
                    notices[i].problem = requests[i]->problem(message->data.result);
        }
        if (running > 0) curl_multi_poll(multi.handle, nullptr, 0, 200, nullptr);
        interrupted();
    }
}

}  // namespace analytics::worker
