// Three members of a flush group in one ring, and what tests of it need again and again.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "tests/unit/groups/flush_world.hpp"

namespace torc::groups::test {

/// a, b, c on a daemon each, all in the view of `room`.
struct Flush : ::testing::Test {
    Flush() {
        for (const Person* person : {&a, &b, &c}) {
            world.join(*person, "room");
            all_consent();
        }
        world.forget();
    }
    /// Everyone who is asked consents, in the order of a, b, c.
    void all_consent() {
        for (const Person* person : {&a, &b, &c}) world.consent(*person, "room");
    }
    FlushWorld world{3};
    Person a{world.open(0, 0, "a")};
    Person b{world.open(1, 0, "b")};
    Person c{world.open(2, 0, "c")};
    Person d{world.open(2, 1, "d")};
};

inline const Lines kAsked{"flush room"};
inline const Lines kNothing{};
inline Lines line(const std::string& text) { return {text}; }
inline Lines operator+(Lines one, const Lines& other) {
    one.insert(one.end(), other.begin(), other.end());
    return one;
}

}  // namespace torc::groups::test
