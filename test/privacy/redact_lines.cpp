// Reads texts, a JSON string a line, and writes them redacted, the same way.
#include "core/privacy/redact.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

int main() {
    std::string line;
    while (std::getline(std::cin, line)) {
        std::string const text = nlohmann::json::parse(line).get<std::string>();
        std::cout << nlohmann::json(analytics::core::redacted(text).value_or(text)).dump() << '\n';
    }
}
