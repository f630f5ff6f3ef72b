// What one client of the chaos test saw, as records for the checker, and the plain mistakes that
// need no checker: a payload that is not what was said, a call that failed in a way it must not.
// Every record is with the kernel before the call returns: the client may be killed then.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/chaos/client_page.hpp"
#include "tests/checker/record.hpp"
#include "torc/torc.h"

namespace torc::chaos {

class ClientLog {
public:
    /// Appends to the trace, which has its first line, and to the file of mistakes.
    ClientLog(std::uint32_t node, ClientPage& page, const std::string& trace,
              const std::string& mistakes);
    ~ClientLog();
    ClientLog(const ClientLog&) = delete;
    ClientLog& operator=(const ClientLog&) = delete;

    /// A new session; what follows is of it.
    void opened(const std::string& private_name);
    void closed();
    void lost();
    /// Before the message is handed over.
    void said(std::uint64_t message, unsigned service, const std::vector<std::string>& groups,
              bool subgroup);
    /// A message that was refused, at once or later.
    void refused(std::uint64_t message);
    void heard(std::uint64_t message, const torc_message& what);
    void signal(const torc_message& what);
    void asked(const std::string& group);
    void flushed(const std::string& group);
    /// VIEW or SELF_LEAVE.
    void view(const torc_message& what, bool flush);

    /// Kept, up to a bound: the run has failed.
    void mistake(const std::string& text);

private:
    static constexpr int kMistakesKept = 20;

    void put(const check::Record& record);

    check::Process at_;
    check::Session session_;
    check::Trace trace_;  ///< of names and lists only
    ClientPage& page_;
    int file_{-1};
    std::string mistakes_path_;
    int mistakes_{0};
};

}  // namespace torc::chaos
