#pragma once
// Groups of digits with little between them: "(415) 555-0132".
#include "core/privacy/find.hpp"

namespace analytics::core::privacy {

/// Up to ten groups of digits from a place on, between them at most three of " -./()" . None where the first one is
/// part of a word or has more than 34 digits.
class Groups {
  public:
    explicit Groups(std::string_view text) : text_(text) {}
    void read(std::size_t from);

    std::string_view text() const { return text_; }
    std::size_t count() const { return count_; }
    std::size_t from(std::size_t i) const { return groups_[i].from; }
    std::size_t to(std::size_t i) const { return groups_[i].to; }
    std::size_t length(std::size_t i) const { return to(i) - from(i); }
    /// What stands between group i - 1 and group i.
    std::string_view gap(std::size_t i) const { return text_.substr(to(i - 1), from(i) - to(i - 1)); }
    /// All digits of the first k groups.
    std::string_view digits(std::size_t k) const { return std::string_view(digits_.data(), sums_[k]); }
    unsigned value(std::size_t i) const {
        unsigned v = 0;
        for (std::size_t k = from(i); k < to(i) && k < from(i) + 9; ++k)
            v = v * 10 + static_cast<unsigned>(text_[k] - '0');
        return v;
    }
    /// Whether the first group sticks to a word or a number before it by one of - . / : , _ # and the like.
    bool stuck_before() const;
    /// Whether a find may end with group i: no letter and no further digits stick to it.
    bool may_end(std::size_t i) const;

  private:
    struct Group {
        std::size_t from, to;
    };
    std::string_view text_;
    std::array<Group, 10> groups_{};
    std::array<std::size_t, 11> sums_{};
    std::array<char, 340> digits_{};
    std::size_t count_ = 0;
};

struct PhoneNumber {
    std::size_t from = 0, to = 0;  // equal: none
};
/// Whether the groups begin with a telephone number: an international one by its + or 00, a national one by its shape,
/// or anything of seven digits or more where the words before it say so.
PhoneNumber phone_number(const Groups &);

}  // namespace analytics::core::privacy
