// Set-up errors as values. The hot path has enums; exceptions stay inside the libraries we call.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace torc {

/// What went wrong and what to do about it, both as text for an operator.
struct Error {
    std::string message;  ///< names the thing that failed, e.g. "torc.toml:12: unknown key ..."
    std::string remedy;   ///< what the operator can do; may be empty
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> failure(std::string message, std::string remedy = {}) {
    return tl::unexpected<Error>(Error{std::move(message), std::move(remedy)});
}

}  // namespace torc
