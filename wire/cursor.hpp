// Bounded writing and reading of little-endian fields, one after the other. Failure is sticky: a
// codec reads or writes all its fields and asks once at the end whether every one had room.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/byte_order.hpp"
#include "wire/wire_struct.hpp"

namespace torc::wire {

class Writer {
public:
    explicit Writer(std::span<std::byte> room) : room_(room) {}

    template <WireStruct T>
    void put(const T& value) {
        put_bytes(std::as_bytes(std::span(&value, 1)));
    }
    void u8(std::uint8_t value) { put(Le<std::uint8_t>(value)); }
    void u16(std::uint16_t value) { put(le16(value)); }
    void u32(std::uint32_t value) { put(le32(value)); }
    void u64(std::uint64_t value) { put(le64(value)); }
    void put_bytes(std::span<const std::byte> bytes) {
        if (failed_ || room_.size() - used_ < bytes.size()) {
            failed_ = true;
            return;
        }
        if (!bytes.empty()) std::memcpy(room_.data() + used_, bytes.data(), bytes.size());
        used_ += bytes.size();
    }
    /// For what the format cannot hold, e.g. a number that its field has no bits for.
    void fail() { failed_ = true; }

    /// Bytes written, or 0 if anything did not fit.
    std::size_t finish() const { return failed_ ? 0 : used_; }

private:
    std::span<std::byte> room_;
    std::size_t used_{0};
    bool failed_{false};
};

class Reader {
public:
    explicit Reader(std::span<const std::byte> bytes) : left_(bytes) {}

    /// A value-initialised T once anything failed.
    template <WireStruct T>
    T get() {
        T value{};
        if (failed_ || left_.size() < sizeof(T)) {
            failed_ = true;
            return value;
        }
        std::memcpy(&value, left_.data(), sizeof(T));
        left_ = left_.subspan(sizeof(T));
        return value;
    }
    std::uint8_t u8() { return get<Le<std::uint8_t>>().get(); }
    std::uint16_t u16() { return get<le16>().get(); }
    std::uint32_t u32() { return get<le32>().get(); }
    std::uint64_t u64() { return get<le64>().get(); }
    /// For rules of the format beyond its length.
    void require(bool rule) { failed_ = failed_ || !rule; }

    bool ok() const { return !failed_; }
    /// Everything was in order and nothing is left over.
    bool finished() const { return !failed_ && left_.empty(); }
    std::span<const std::byte> left() const { return left_; }

private:
    std::span<const std::byte> left_;
    bool failed_{false};
};

}  // namespace torc::wire
