// What must hold for redaction of any bytes: it ends, is idempotent, keeps what is valid UTF-8 valid, and finds nothing
// where a second look at its result would.
#include "core/privacy/redact.hpp"
#include "fuzz.hpp"

#include <algorithm>

using namespace analytics::core;
using analytics::fuzz::must;
using analytics::fuzz::text_of;
using analytics::fuzz::valid_utf8;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size) {
    std::string_view const text = text_of(data, size);
    // The first byte says how much of the text is a name.
    std::size_t const cut = text.empty() ? 0 : std::min<std::size_t>(static_cast<unsigned char>(text[0]) % 16, size);
    KnownName const name(text.substr(0, cut));
    for (const KnownName &n : {KnownName(), name}) {
        std::string const once = redacted(text, n).value_or(std::string(text));
        must(!redacted(once, n), "a second look finds nothing", text);
        must(!valid_utf8(text) || valid_utf8(once), "UTF-8 stays UTF-8", text);
    }
    (void)redacted_value(text.substr(0, cut), text.substr(cut));
    return 0;
}
