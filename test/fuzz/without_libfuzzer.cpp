// Stands in for libFuzzer where a compiler has none: TARGET SECONDS FILE... feeds the target each file as it is, and
// then changes of them, always the same ones in the same order, for so many seconds but at least 2,000. The input at
// which it ends is written to the file `crash` of the working directory.
#include "fuzz.hpp"

#include <csignal>
#include <ctime>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace {

constexpr std::size_t longest = 4000;
constexpr long least_changes = 2000;
std::string current;

void keep_input(int) {
    std::ofstream("crash", std::ios::binary) << current;
    std::_Exit(1);
}

class Changes {
  public:
    explicit Changes(const std::vector<std::string> &corpus) : corpus_(corpus) {}

    std::string next() {
        std::string text = any();
        for (auto changes = 1 + below(6); changes > 0; --changes) change(text);
        if (text.size() > longest) text.resize(longest);
        return text;
    }

  private:
    std::size_t below(std::size_t n) { return n == 0 ? 0 : random_() % n; }
    const std::string &any() { return corpus_[below(corpus_.size())]; }
    void change(std::string &text) {
        const std::string &other = any();
        std::size_t const at = below(text.size() + 1), from = below(other.size() + 1);
        switch (below(5)) {
        case 0:
            text.insert(at, other, from, below(40));
            break;
        case 1:
            text.erase(at, below(10));
            break;
        case 2:
            text.insert(at, 1, static_cast<char>(below(256)));
            break;
        case 3:
            text.replace(at, below(20), other, from, below(20));
            break;
        default:
            if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        }
    }

    const std::vector<std::string> &corpus_;
    std::mt19937 random_{20261122};
};

void run(std::string input) {
    current = std::move(input);
    (void)LLVMFuzzerTestOneInput(reinterpret_cast<const unsigned char *>(current.data()), current.size());
}

}  // namespace

int main(int count, char **arguments) {
    std::vector<std::string> corpus;
    for (int i = 2; i < count; ++i) {
        std::ifstream file(arguments[i], std::ios::binary);
        corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    if (corpus.empty()) return 2;
    (void)std::signal(SIGABRT, keep_input);
    run({});
    for (const std::string &file : corpus) run(file);
    Changes changes(corpus);
    auto const stop = std::time(nullptr) + std::atol(arguments[1]);
    long runs = 0;
    for (; runs < least_changes || std::time(nullptr) < stop; ++runs) run(changes.next());
    (void)std::printf("%ld runs\n", runs + static_cast<long>(corpus.size()) + 1);
}
