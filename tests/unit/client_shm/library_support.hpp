// What the tests of libtorc share: a session with patience, and what the process holds open.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/client_shm/test_daemon.hpp"
#include "torc/torc.h"
#include "torc/torc.hpp"

namespace torc::client_shm::test {

using namespace std::chrono_literals;
using Session = ::torc::Session;  // the library's, not the daemon's

inline constexpr std::int64_t kPatience = 10'000'000'000;  // of tests that expect an answer

inline Session connect(const TempDir& dir, const char* name = nullptr, bool single_threaded = false,
                       std::chrono::nanoseconds spin = 0ns) {
    const std::string path = dir.socket();
    SessionOptions options;
    options.daemon = path.c_str();
    options.name = name;
    options.single_threaded = single_threaded;
    options.spin = spin;
    auto session = Session::connect(options);
    if (!session) {
        // The daemon may be a child that is still starting.
        for (int i = 0; i < 500 && !session; ++i) {
            std::this_thread::sleep_for(10ms);
            session = Session::connect(options);
        }
    }
    EXPECT_TRUE(session) << session.status().text();
    return std::move(*session);
}

inline int try_connect(const std::string& daemon, const char* name = nullptr,
                       const char* runtime_dir = nullptr) {
    torc_options options{};
    options.size = sizeof options;
    options.daemon = daemon.empty() ? nullptr : daemon.c_str();
    options.name = name;
    options.runtime_dir = runtime_dir;
    torc_session* session = nullptr;
    const int code = torc_connect(&options, &session);
    EXPECT_EQ(session != nullptr, code == TORC_OK);
    torc_close(session);
    return code;
}

inline Message expect_message(Session& session) {
    auto message = session.receive(Timeout(std::chrono::nanoseconds(kPatience)));
    EXPECT_TRUE(message) << message.status().text();
    return std::move(*message);
}

inline void skip_message(Session& session) { (void)expect_message(session); }

inline std::size_t open_fds() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator("/proc/self/fd")) {
        ++count;
    }
    return count;
}

inline std::size_t threads() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator("/proc/self/task")) {
        ++count;
    }
    return count;
}

}  // namespace torc::client_shm::test
