// The field tables cover their structs: every byte once, in order.
#include "wire/describe.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace torc::wire {
namespace {

TEST(Describe, FieldsCoverEachStructWithoutGapOrOverlap) {
    for_each_struct([](auto described, std::size_t size) {
        std::size_t at = 0;
        std::set<std::string> names;
        for (const Field& field : described.fields) {
            EXPECT_EQ(field.offset, at) << described.name << "." << field.name;
            EXPECT_TRUE(names.insert(field.name).second) << described.name << "." << field.name;
            EXPECT_NE(std::string(field.meaning), "") << described.name << "." << field.name;
            at += field.size;
        }
        EXPECT_EQ(at, size) << described.name;
    });
}

}  // namespace
}  // namespace torc::wire
