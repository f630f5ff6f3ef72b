// The tables in membership/README.md and ARCHITECTURE.md are the table in state.cpp.
#include "membership/state.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "telemetry/counters.hpp"

namespace torc::membership::test {
namespace {

std::vector<std::string> cells_of(const std::string& line) {
    std::vector<std::string> cells;
    std::istringstream stream(line);
    std::string cell;
    std::getline(stream, cell, '|');
    while (std::getline(stream, cell, '|')) {
        const auto first = cell.find_first_not_of(' ');
        const auto last = cell.find_last_not_of(' ');
        cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
    }
    return cells;
}

/// The rows below that head.
std::vector<std::vector<std::string>> table_in(const char* path, const std::string& head) {
    std::ifstream file(path);
    std::vector<std::vector<std::string>> rows;
    bool inside = false;
    for (std::string line; std::getline(file, line);) {
        if (line == head) {
            inside = true;
            std::getline(file, line);  // the rule below the head
        } else if (inside && line.empty()) {
            break;
        } else if (inside) {
            rows.push_back(cells_of(line));
        }
    }
    return rows;
}

TEST(State, ReadmeHasEveryEdgeAndNoOther) {
    const auto rows = table_in(TORC_MEMBERSHIP_README, "| from | to | cause | when |");
    ASSERT_EQ(rows.size(), edges().size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        ASSERT_EQ(rows[i].size(), 4u);
        EXPECT_EQ(rows[i][0], name_of(edges()[i].from)) << "row " << i;
        EXPECT_EQ(rows[i][1], name_of(edges()[i].to)) << "row " << i;
        EXPECT_EQ(rows[i][2], name_of(edges()[i].cause)) << "row " << i;
        EXPECT_FALSE(rows[i][3].empty()) << "row " << i;
    }
}

TEST(State, ArchitectureHasEveryEdgeAndNoOther) {
    const auto rows = table_in(TORC_ARCHITECTURE, "| from | to | causes |");
    std::vector<std::vector<std::string>> expected;
    for (const Edge& edge : edges()) {
        const std::string from = name_of(edge.from);
        const std::string to = name_of(edge.to);
        const auto row = std::find_if(expected.begin(), expected.end(), [&](const auto& cells) {
            return cells[0] == from && cells[1] == to;
        });
        if (row == expected.end()) {
            expected.push_back({from, to, name_of(edge.cause)});
        } else {
            (*row)[2] += std::string(", ") + name_of(edge.cause);
        }
    }
    EXPECT_EQ(rows, expected);
}

TEST(State, EveryCauseHasAnEdgeAndACounterOfItsName) {
    static_assert(kCauses == telemetry::kCauseCounters);
    for (std::size_t i = 0; i < kCauses; ++i) {
        const auto cause = static_cast<Cause>(i);
        bool used = false;
        for (const Edge& edge : edges()) used = used || edge.cause == cause;
        EXPECT_TRUE(used) << name_of(cause);
        EXPECT_EQ(telemetry::name_of(telemetry::counter_at(telemetry::kFirstCauseCounter, cause)),
                  std::string("entered_") + name_of(cause));
    }
}

TEST(State, NothingLeavesLeft) {
    for (const Edge& edge : edges()) EXPECT_NE(edge.from, State::left);
    EXPECT_FALSE(is_edge(State::gather, State::operational, Cause::installed));
    EXPECT_TRUE(is_edge(State::recover, State::operational, Cause::installed));
}

}  // namespace
}  // namespace torc::membership::test
