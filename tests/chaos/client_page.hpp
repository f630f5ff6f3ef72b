// Memory that the chaos test and one of its client processes share, in a file: what the client is
// to do, and how far it is. It outlives the client, which may be killed at any moment.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace torc::chaos {

/// What all clients do now; each moves on by itself.
enum class Phase : std::uint32_t {
    chaos,  ///< everything at random
    last,   ///< nothing new but one last message to the group of all
    over,   ///< nothing is written down any more, but the session stays
    gone,   ///< ends
};

struct ClientPage {
    std::atomic<Phase> phase{Phase::chaos};  ///< the test's; all else is the client's

    std::atomic<std::uint32_t> life{0};  ///< number of the latest session, through all processes
    std::atomic<bool> has_session{false};
    std::atomic<std::uint32_t> members{0};  ///< of the group of all
    std::atomic<std::uint32_t> lasts{0};    ///< clients whose last message came
    std::atomic<bool> has_all_last{false};  ///< its own included
    std::atomic<bool> over{false};          ///< the trace is complete

    std::atomic<std::uint64_t> said{0};
    std::atomic<std::uint64_t> heard{0};
    std::atomic<std::uint64_t> views{0};
    std::atomic<std::uint64_t> flushes{0};   ///< views of flush groups that it answered for
    std::atomic<std::uint64_t> refused{0};   ///< messages that it ought not to have sent
    std::atomic<std::uint64_t> timeouts{0};  ///< sessions that it lost by its silence
};
static_assert(std::atomic<Phase>::is_always_lock_free &&
              std::atomic<std::uint64_t>::is_always_lock_free);

/// The page in a file, for as long as this object lives. Throws if it cannot be had.
class MappedPage {
public:
    /// Makes the file, zeroed, or maps one that is there.
    enum class How : bool { make, open };
    MappedPage(const std::string& path, How how);
    ~MappedPage();
    MappedPage(const MappedPage&) = delete;
    MappedPage& operator=(const MappedPage&) = delete;

    ClientPage& operator*() const { return *page_; }
    ClientPage* operator->() const { return page_; }

private:
    ClientPage* page_{nullptr};
};

}  // namespace torc::chaos
