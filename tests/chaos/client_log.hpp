// What one client of the chaos test saw, as records for the checker, and the plain mistakes that
// need no checker: a payload that is not what was said, a call that failed in a way it must not.
//
// **Threads**: the client's, until it has ended; the numbers may be read at any time.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/checker/record.hpp"
#include "torc/torc.h"

namespace torc::chaos {

class ClientLog {
public:
    explicit ClientLog(std::uint32_t node) : at_{node, 1} {}

    /// A new session; what follows is of it.
    void opened(const std::string& private_name);
    void closed();
    void lost();
    /// Before the message is handed over; `unsaid` takes the latest back if that was refused.
    void said(std::uint64_t message, unsigned service, const std::vector<std::string>& groups);
    void unsaid();
    /// A message that was refused later, by its number.
    void refused(std::uint64_t message);
    void heard(std::uint64_t message, const torc_message& what);
    void signal(const torc_message& what);
    /// VIEW or SELF_LEAVE.
    void view(const torc_message& what);
    void rest();

    /// Kept, up to a bound, and counted: the run has failed.
    void mistake(const std::string& text);

    std::uint64_t count_said() const { return said_.load(std::memory_order_relaxed); }
    std::uint64_t count_heard() const { return heard_.load(std::memory_order_relaxed); }
    std::uint64_t count_views() const { return views_.load(std::memory_order_relaxed); }
    std::uint64_t count_lives() const { return lives_.load(std::memory_order_relaxed); }

    /// After the client's thread has ended.
    const std::vector<std::string>& mistakes() const { return mistakes_; }
    void write(const std::string& path) const;

private:
    static constexpr std::size_t kMistakesKept = 20;

    static void count(std::atomic<std::uint64_t>& number) {
        number.fetch_add(1, std::memory_order_relaxed);
    }

    check::Process at_;
    check::Session session_;
    check::Trace trace_;
    std::vector<std::string> mistakes_;
    std::atomic<std::uint64_t> said_{0};
    std::atomic<std::uint64_t> heard_{0};
    std::atomic<std::uint64_t> views_{0};
    std::atomic<std::uint64_t> lives_{0};
};

}  // namespace torc::chaos
