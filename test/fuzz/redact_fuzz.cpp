// What must hold for redaction of any bytes: it ends, is idempotent, keeps what is valid UTF-8 valid, and finds nothing
// where a second look at its result would. Built with libFuzzer (clang -fsanitize=fuzzer); without it, main below feeds
// the files it is given and random changes of them.
#include "core/privacy/redact.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>

using namespace analytics::core;

namespace {

bool valid_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        auto const b = static_cast<unsigned char>(text[i]);
        std::size_t const length = b < 0x80 ? 1 : b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : b >= 0xC2 ? 2 : 0;
        if (length == 0 || i + length > text.size()) return false;
        for (std::size_t k = 1; k < length; ++k)
            if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
        i += length;
    }
    return true;
}

void must(bool holds, const char *what, std::string_view text) {
    if (holds) return;
    (void)std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(text.size()), text.data());
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size) {
    std::string_view const text(reinterpret_cast<const char *>(data), size);
    // The first byte says how much of the text is a name.
    std::size_t const cut = text.empty() ? 0 : std::min<std::size_t>(static_cast<unsigned char>(text[0]) % 16, size);
    KnownName const name(text.substr(0, cut));
    for (const KnownName &n : {KnownName(), name}) {
        std::string const once = redacted(text, n).value_or(std::string(text));
        must(!redacted(once, n), "not idempotent", text);
        must(!valid_utf8(text) || valid_utf8(once), "no longer UTF-8", text);
    }
    (void)redacted_value(text.substr(0, cut), text.substr(cut));
    return 0;
}

#ifdef WITHOUT_LIBFUZZER
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

/// fuzz SECONDS FILE...
int main(int count, char **arguments) {
    std::vector<std::string> corpus;
    for (int i = 2; i < count; ++i) {
        std::ifstream file(arguments[i], std::ios::binary);
        corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    if (corpus.empty()) return 2;
    std::mt19937 random(std::random_device{}());
    auto const below = [&](std::size_t n) { return n == 0 ? 0 : random() % n; };
    auto const stop = std::time(nullptr) + std::atol(arguments[1]);
    long runs = 0;
    for (; std::time(nullptr) < stop; ++runs) {
        std::string text = corpus[below(corpus.size())];
        for (auto changes = below(6); changes > 0; --changes) {
            const std::string &other = corpus[below(corpus.size())];
            std::size_t const at = below(text.size() + 1), from = below(other.size() + 1);
            switch (below(4)) {
            case 0:
                text.insert(at, other.substr(from, below(40)));
                break;
            case 1:
                text.erase(at, below(10));
                break;
            case 2:
                text.insert(at, 1, static_cast<char>(below(256)));
                break;
            default:
                if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
            }
        }
        if (text.size() > 4000) text.resize(4000);
        (void)LLVMFuzzerTestOneInput(reinterpret_cast<const unsigned char *>(text.data()), text.size());
    }
    (void)std::printf("%ld runs\n", runs);
}
#endif
