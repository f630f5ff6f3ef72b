// A broken invariant ends the process, and says where, in every build.
#include "base/check.hpp"

#include <cstdio>

#include <gtest/gtest.h>

namespace torc {
namespace {

TEST(Check, a_true_condition_passes_and_is_evaluated_once) {
    int evaluations = 0;
    TORC_CHECK(++evaluations == 1);
    EXPECT_EQ(evaluations, 1);
}

TEST(CheckDeathTest, a_false_condition_aborts_with_expression_and_place) {
    EXPECT_DEATH(TORC_CHECK(1 + 1 == 3), R"(1 \+ 1 == 3.*check_test\.cpp)");
}

TEST(CheckDeathTest, the_handler_sees_the_expression_before_the_abort) {
    EXPECT_DEATH(
        {
            set_check_handler([](const char* expression, const std::source_location& where) {
                std::fprintf(stderr, "recorder: %s line %u\n", expression,
                             static_cast<unsigned>(where.line()));
            });
            TORC_CHECK(false);
        },
        "recorder: false line [1-9]");
}

}  // namespace
}  // namespace torc
