#pragma once
#include "core/privacy/find.hpp"

namespace analytics::core::privacy {

/// Where an IBAN (ISO 13616) that begins at i ends, with or without gaps; else i. Of its country's length, and its
/// check digits are right unless the word IBAN stands before it.
std::size_t iban_end(std::string_view text, std::size_t i);

}  // namespace analytics::core::privacy
