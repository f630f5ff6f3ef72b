// The wire's integers: the bytes are little-endian on every host, and any place will do.
#include "base/byte_order.hpp"

#include <array>
#include <cstring>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace torc {
namespace {

template <typename T>
std::array<unsigned char, sizeof(T)> bytes_of(Le<T> value) {
    std::array<unsigned char, sizeof(T)> bytes{};
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

TEST(ByteOrder, the_least_byte_comes_first) {
    EXPECT_EQ(bytes_of(le16{0x0102}), (std::array<unsigned char, 2>{0x02, 0x01}));
    EXPECT_EQ(bytes_of(le32{0x01020304}), (std::array<unsigned char, 4>{4, 3, 2, 1}));
    EXPECT_EQ(bytes_of(le64{0x0102030405060708}),
              (std::array<unsigned char, 8>{8, 7, 6, 5, 4, 3, 2, 1}));
}

TEST(ByteOrder, structs_of_them_have_no_padding) {
    struct Mixed {
        le16 a;
        le64 b;
        le32 c;
    };
    EXPECT_EQ(sizeof(Mixed), 14u);
    EXPECT_EQ(alignof(Mixed), 1u);
}

TEST(ByteOrder, works_in_constant_expressions) {
    static_assert(le32{0xDEADBEEF}.get() == 0xDEADBEEF);
    static_assert(le16{}.get() == 0);
}

RC_GTEST_PROP(ByteOrder, a_value_survives_the_wire_at_any_offset,
              (std::uint64_t value, std::uint8_t offset)) {
    std::array<std::byte, 256 + sizeof(le64)> wire{};
    const le64 sent{value};
    std::memcpy(wire.data() + offset, &sent, sizeof sent);
    for (std::size_t i = 0; i < sizeof sent; ++i) {
        RC_ASSERT(wire[offset + i] == static_cast<std::byte>(value >> (8 * i) & 0xFF));
    }
    le64 received;
    std::memcpy(&received, wire.data() + offset, sizeof received);
    RC_ASSERT(received.get() == value);
}

}  // namespace
}  // namespace torc
