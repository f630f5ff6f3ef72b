// Collects everything that is wrong with a configuration, so that one run reports it all.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/document.hpp"

namespace torc::config {

class Problems {
public:
    void add(const Place& place, const std::string& message, std::string remedy = {}) {
        errors_.push_back({place.text() + ": " + message, std::move(remedy)});
    }
    void add(Error error) { errors_.push_back(std::move(error)); }

    bool empty() const { return errors_.empty(); }
    std::vector<Error> take() { return std::move(errors_); }

private:
    std::vector<Error> errors_;
};

}  // namespace torc::config
