#include "tests/sim/apart.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <stdexcept>
#include <sys/time.h>
#include <sys/wait.h>
#include <utility>

#include <malloc.h>
#include <poll.h>
#include <unistd.h>

#include "base/check.hpp"
#include "base/mutants.hpp"

namespace torc::sim {
namespace {

constexpr std::uint64_t kBatch = 64;  ///< runs of one process: forking stays cheap, memory bounded
constexpr std::size_t kTextMax = 16 * 1024;

/// What a child says, with `text_bytes` of text behind it.
struct Message {
    bool is_last_word{false};  ///< of a failed check: no report follows
    bool failed{false};
    std::uint32_t text_bytes{0};
    std::uint64_t trace{0};
    std::uint64_t events{0};
    std::uint64_t messages{0};
    std::uint64_t installs{0};
    std::int64_t virtual_ns{0};
    std::int64_t healing_ns{0};
    std::int64_t saying_ns{0};
    std::uint64_t mutant_fired{0};
};

/// The pipe to the parent, for the check handler, which gets no argument of ours.
int child_pipe = -1;

void write_all(int fd, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) std::_Exit(EXIT_FAILURE);  // the parent is gone
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

void say(Message message, std::string_view text) {
    text = text.substr(0, kTextMax);
    message.text_bytes = static_cast<std::uint32_t>(text.size());
    write_all(child_pipe, std::as_bytes(std::span(&message, 1)));
    write_all(child_pipe, std::as_bytes(std::span(text.data(), text.size())));
}

void on_failed_check(const char* expression, const std::source_location& where) {
    Message message;
    message.is_last_word = true;
    say(message, "check " + std::string(expression) + " at " + where.file_name() + ":" +
                     std::to_string(where.line()));
}

void report_of_child(const Outcome& outcome, std::uint64_t fired) {
    Message message;
    message.failed = outcome.failed;
    message.trace = outcome.trace;
    message.events = outcome.events;
    message.messages = outcome.messages;
    message.installs = outcome.installs;
    message.virtual_ns = outcome.virtual_time.count();
    message.healing_ns = outcome.healing.count();
    message.saying_ns = outcome.saying.count();
    message.mutant_fired = fired;
    say(message, outcome.what);
}

Report report_of(const Message& message, std::string text) {
    Report report;
    report.outcome.failed = message.failed;
    report.outcome.what = std::move(text);
    report.outcome.trace = message.trace;
    report.outcome.events = message.events;
    report.outcome.messages = message.messages;
    report.outcome.installs = message.installs;
    report.outcome.virtual_time = Nanos{message.virtual_ns};
    report.outcome.healing = Nanos{message.healing_ns};
    report.outcome.saying = Nanos{message.saying_ns};
    report.mutant_fired = message.mutant_fired;
    return report;
}

/// Some runs that a child works off, from `next` to `end`.
struct Batch {
    std::uint64_t next{0};
    std::uint64_t end{0};
};

/// Every boot of a node allocates megabytes: the child keeps them instead of giving them back to
/// the system and getting them anew, page by page.
void keep_memory() {
#ifdef __GLIBC__
    ::mallopt(M_MMAP_THRESHOLD, 1 << 30);
    ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

/// Processor time, not wall-clock time: on a busy machine nothing must fail that would not fail on
/// an idle one.
void limit_cpu(std::uint32_t seconds) {
    itimerval limit{};
    limit.it_value.tv_sec = seconds;
    ::setitimer(ITIMER_PROF, &limit, nullptr);
}

[[noreturn]] void live_as_child(int pipe, Batch batch, const Apart& apart,
                                const RunSource& source) {
    keep_memory();
    child_pipe = pipe;
    set_check_handler(&on_failed_check);
    for (; batch.next < batch.end; ++batch.next) {
        limit_cpu(apart.seconds_a_run);
        const Scenario scenario = source(batch.next);
        const std::uint64_t fired_before = mutant_firings();
        const Outcome outcome = World(scenario.options, scenario.schedule).run();
        report_of_child(outcome, mutant_firings() - fired_before);
    }
    std::exit(EXIT_SUCCESS);  // not _Exit: leaks and coverage are told at exit
}

/// A child as its parent sees it.
struct Child {
    pid_t pid{-1};
    int pipe{-1};
    Batch batch;
    std::string last_words;
    std::vector<std::byte> heard;  ///< not yet a whole message
};

class Crew {
public:
    Crew(std::uint64_t count, const Apart& apart, const RunSource& source, const RunSink& sink)
        : count_(count), apart_(apart), source_(source), sink_(sink) {}
    ~Crew() {
        for (Child& child : children_) ::kill(child.pid, SIGKILL);
        for (Child& child : children_) bury(child);
    }
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    void work() {
        while (!stopped_) {
            while (children_.size() < apart_.jobs && next_ < count_) {
                const std::uint64_t end = std::min(count_, next_ + batch_size());
                start({std::exchange(next_, end), end});
            }
            if (children_.empty()) return;
            listen();
        }
    }

private:
    /// Small batches at the end, so that no job waits for another.
    std::uint64_t batch_size() const {
        const std::uint64_t share = (count_ - next_) / (2 * apart_.jobs) + 1;
        return std::min(kBatch, share);
    }

    void start(Batch batch) {
        std::array<int, 2> ends{};
        if (::pipe(ends.data()) != 0) throw std::runtime_error("no pipe for a child");
        std::fflush(nullptr);  // else the child says it once more
        const pid_t pid = ::fork();
        if (pid < 0) throw std::runtime_error("no child process");
        if (pid == 0) {
            ::close(ends[0]);
            live_as_child(ends[1], batch, apart_, source_);
        }
        ::close(ends[1]);
        children_.push_back({pid, ends[0], batch, {}, {}});
    }

    void listen() {
        std::vector<pollfd> polled;
        for (const Child& child : children_) polled.push_back({child.pipe, POLLIN, 0});
        if (::poll(polled.data(), polled.size(), -1) < 0) return;
        for (std::size_t i = polled.size(); i-- > 0 && !stopped_;) {
            if (polled[i].revents != 0 && !hear(children_[i])) end(i);
        }
    }

    /// False if the child has no more to say.
    bool hear(Child& child) {
        std::array<std::byte, 4096> bytes{};
        const ssize_t got = ::read(child.pipe, bytes.data(), bytes.size());
        if (got < 0) return errno == EINTR;
        if (got == 0) return false;
        child.heard.insert(child.heard.end(), bytes.begin(), bytes.begin() + got);
        while (!stopped_ && take_message(child)) {
        }
        return true;
    }

    bool take_message(Child& child) {
        Message message;
        if (child.heard.size() < sizeof message) return false;
        std::memcpy(&message, child.heard.data(), sizeof message);
        const std::size_t whole = sizeof message + message.text_bytes;
        if (child.heard.size() < whole) return false;
        std::string text(message.text_bytes, '\0');
        std::memcpy(text.data(), child.heard.data() + sizeof message, text.size());
        child.heard.erase(child.heard.begin(),
                          child.heard.begin() + static_cast<std::ptrdiff_t>(whole));
        if (message.is_last_word) {
            child.last_words = std::move(text);
        } else {
            tell(child.batch.next++, report_of(message, std::move(text)));
        }
        return true;
    }

    void tell(std::uint64_t number, const Report& report) {
        if (!sink_(number, report)) stopped_ = true;
    }

    /// The pipe is closed: all is done, or the run under way took the child with it.
    void end(std::size_t at) {
        Child child = std::move(children_[at]);
        children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(at));
        const int status = bury(child);
        if (child.batch.next == child.batch.end) {
            // Behind its last run: a sanitizer found something, or it could not end.
            if (status == 0) return;
            --child.batch.next;
        }
        Report report;
        report.outcome.failed = true;
        report.outcome.what = cause_of(status, child.last_words);
        tell(child.batch.next, report);
        if (++child.batch.next < child.batch.end && !stopped_) start(child.batch);
    }

    std::string cause_of(int status, const std::string& last_words) const {
        if (!last_words.empty()) return last_words;
        if (!WIFSIGNALED(status)) {
            return "process ended with status " + std::to_string(WEXITSTATUS(status));
        }
        const int signal = WTERMSIG(status);
        if (signal == SIGPROF) {
            return "no end within " + std::to_string(apart_.seconds_a_run) + " s of processor time";
        }
        return "signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
    }

    static int bury(const Child& child) {
        ::close(child.pipe);
        int status = 0;
        while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
        }
        return status;
    }

    std::uint64_t count_;
    const Apart& apart_;
    const RunSource& source_;
    const RunSink& sink_;
    std::uint64_t next_{0};
    bool stopped_{false};
    std::vector<Child> children_;
};

}  // namespace

void run_apart(std::uint64_t count, const Apart& apart, const RunSource& source,
               const RunSink& sink) {
    Crew(count, apart, source, sink).work();
}

Report run_one_apart(const Scenario& scenario, std::uint32_t seconds_max) {
    Report result;
    run_apart(
        1, Apart{1, seconds_max}, [&](std::uint64_t) { return scenario; },
        [&](std::uint64_t, const Report& report) {
            result = report;
            return true;
        });
    return result;
}

}  // namespace torc::sim
