// Guards the rule that no effect calls back into the engine.
#pragma once

#include "base/check.hpp"

namespace torc::engine {

class Running {
public:
    explicit Running(bool& flag) : flag_(flag) {
        TORC_CHECK(!flag_);
        flag_ = true;
    }
    ~Running() { flag_ = false; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

private:
    bool& flag_;
};

}  // namespace torc::engine
