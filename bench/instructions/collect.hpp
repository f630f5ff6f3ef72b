// Between the marks callgrind counts; outside of them, and when the program runs alone, a mark is a
// handful of instructions that do nothing.
#pragma once

#include <string>

#include <valgrind/callgrind.h>

namespace torc::bench {

/// What is executed while it lives is counted.
class Collecting {
public:
    explicit Collecting(bool wanted) : wanted_(wanted) {
        if (wanted_) CALLGRIND_TOGGLE_COLLECT;
    }
    ~Collecting() {
        if (wanted_) CALLGRIND_TOGGLE_COLLECT;
    }
    Collecting(const Collecting&) = delete;
    Collecting& operator=(const Collecting&) = delete;

private:
    bool wanted_;
};

/// Ends a part of the profile, with what was counted since the last one, and gives it a name.
inline void end_part(const std::string& name) { CALLGRIND_DUMP_STATS_AT(name.c_str()); }

}  // namespace torc::bench
