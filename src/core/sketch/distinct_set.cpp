#include "core/sketch/distinct_set.hpp"

#include <algorithm>

namespace analytics::core {

namespace {

constexpr const char *name = "distinct_set";
constexpr std::uint64_t most_values = (std::uint64_t{1} << 48) - 1;

IntegerSet::Form form_of(DistinctSet::Kind kind) {
    return kind == DistinctSet::Kind::integer_list ? IntegerSet::Form::list : IntegerSet::Form::bitmaps;
}

// The payload of a set, with the checks that need its length only.
std::span<const std::byte> payload_of(std::span<const std::byte> stored, const DistinctSet::Head &head) {
    std::span<const std::byte> const payload = stored.subspan(DistinctSet::header_bytes);
    bool const fits =
        head.kind == DistinctSet::Kind::empty ? payload.empty()
        : head.kind == DistinctSet::Kind::hashes
            ? payload.size() % HashSet::stored_bytes == 0 && payload.size() / HashSet::stored_bytes == head.count
            : true;
    if (!fits) ByteReader(stored, name).refuse("its length does not fit its count");
    return payload;
}

}  // namespace

void DistinctSet::choose_first(Holds what) {
    if (holds_ != Holds::nothing)
        throw std::invalid_argument("integers and other values cannot be in one distinct_set");
    holds_ = what;
}

DistinctSet::Head DistinctSet::head(std::span<const std::byte> stored) {
    ByteReader reader(stored, name);
    if (stored.size() < header_bytes) reader.refuse("it ends too early");
    auto const word = reader.fixed<std::uint64_t>();
    if ((word & 0xFF) != 1) reader.refuse("its format version is unknown");
    auto const kind = static_cast<std::uint8_t>(word >> 8);
    if (kind > static_cast<std::uint8_t>(Kind::integer_bitmaps)) reader.refuse("its kind is unknown");
    Head const head{static_cast<Kind>(kind), word >> 16};
    if ((head.kind == Kind::empty) != (head.count == 0)) reader.refuse("its count is wrong");
    return head;
}

void DistinctSet::write_head(std::byte *to, const Head &head) {
    if (head.count > most_values) throw std::length_error("a distinct_set holds at most 2^48 - 1 values");
    store(to, std::uint64_t{1} | std::uint64_t{static_cast<std::uint8_t>(head.kind)} << 8 | head.count << 16);
}

bool DistinctSet::holds(std::span<const std::byte> stored, Hash128 hash) {
    Head const found = head(stored);
    if (found.kind != Kind::hashes) return false;
    std::span<const std::byte> const payload = payload_of(stored, found);
    std::size_t first = 0, behind = static_cast<std::size_t>(found.count);
    while (first < behind) {
        std::size_t const middle = first + (behind - first) / 2;
        auto const here = load<Hash128>(payload.data() + HashSet::stored_bytes * middle);
        if (here == hash) return true;
        if (here < hash) first = middle + 1;
        else behind = middle;
    }
    return false;
}

void DistinctSet::merge(std::span<const std::byte> stored) {
    Head const incoming = head(stored);
    std::span<const std::byte> const payload = payload_of(stored, incoming);
    switch (incoming.kind) {
    case Kind::empty:
        return;
    case Kind::hashes:
        choose(Holds::hashes);
        hashes_.add_stored(payload);
        return;
    case Kind::integer_list:
    case Kind::integer_bitmaps:
        choose(Holds::integers);
        integers_.add_stored(form_of(incoming.kind), payload, incoming.count);
        return;
    }
}

std::uint64_t DistinctSet::cardinality() {
    switch (holds_) {
    case Holds::hashes:
        return hashes_.size();
    case Holds::integers:
        return integers_.size();
    default:
        return 0;
    }
}

std::vector<std::byte> DistinctSet::bytes() {
    std::uint64_t const count = cardinality();
    auto const start = [count](Kind kind, std::size_t payload) {
        ByteWriter writer(header_bytes + payload);
        write_head(writer.grow(header_bytes), {kind, count});
        return writer;
    };
    if (count == 0) return start(Kind::empty, 0).release();
    if (holds_ == Holds::hashes) {
        std::size_t const size = HashSet::stored_bytes * static_cast<std::size_t>(count);
        ByteWriter writer = start(Kind::hashes, size);
        hashes_.write(writer.grow(size));
        return writer.release();
    }
    IntegerSet::Stored const stored = integers_.stored();
    ByteWriter writer = start(stored.form == IntegerSet::Form::list ? Kind::integer_list : Kind::integer_bitmaps,
                              stored.payload.size());
    std::copy(stored.payload.begin(), stored.payload.end(), writer.grow(stored.payload.size()));
    return writer.release();
}

void DistinctSet::validate(std::span<const std::byte> stored) {
    Head const found = head(stored);
    std::span<const std::byte> const payload = payload_of(stored, found);
    if (found.kind == Kind::hashes) {
        HashSet::validate(payload);
    } else if (found.kind != Kind::empty) {
        IntegerSet::validate(form_of(found.kind), payload, found.count);
    }
}

}  // namespace analytics::core
