// Values with units as an operator writes them: "300ms", "4MiB". A number and a unit, nothing else;
// a bare number is refused, because nobody remembers whether it was milliseconds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace torc::config {

enum class UnitError : std::uint8_t {
    none,
    not_a_number,  ///< does not begin with digits, or holds anything but digits and a unit
    missing_unit,  ///< digits only
    unknown_unit,
    too_large,  ///< does not fit 63 bits of nanoseconds or bytes
};

struct Quantity {
    std::int64_t value{0};  ///< nanoseconds or bytes; meaningful when `error` is none
    UnitError error{UnitError::none};
    std::string_view unit;  ///< as written, also when unknown; into the argument
};

/// Reads digits and one of ns us ms s min h. Total: every string gives a value or an error.
Quantity parse_duration(std::string_view text);
/// Reads digits and one of B KiB MiB GiB. Total as well.
Quantity parse_bytes(std::string_view text);

/// The shortest exact form, in the largest unit that divides: "2s", "1500us". Takes: not negative.
std::string format_duration(Nanos duration);
std::string format_bytes(std::uint64_t bytes);

/// "ns, us, ms, s, min or h" and "B, KiB, MiB or GiB", for messages.
std::string_view duration_units();
std::string_view byte_units();

}  // namespace torc::config
