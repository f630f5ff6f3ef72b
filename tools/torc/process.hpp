// Child processes of the tool: started without a shell, ended by their own pid, never orphaned.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace torc::tool {

/// Runs a program to its end; gives its exit code, or 128 + signal. Throws if it cannot start.
int run_program(const std::vector<std::string>& arguments, bool quiet = false);

/// CPU seconds that a process has used so far (all threads); 0 if it is gone.
double cpu_seconds_of(pid_t pid);

class Process {
public:
    /// Whether a child may go on when this process ends, however it ends.
    enum class Lifetime : bool { ends_with_parent, outlives_parent };

    /// Starts `arguments[0]` with stdout and stderr appended to `log`.
    Process(const std::vector<std::string>& arguments, const std::string& log,
            Lifetime lifetime = Lifetime::ends_with_parent);
    ~Process();
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;

    pid_t pid() const { return pid_; }
    bool running();
    /// Sends a signal; does nothing once the child was reaped.
    void signal(int number);
    /// Waits for the end, then reaps; false when `seconds` passed first.
    bool wait(double seconds);
    int exit_status() const { return status_; }

private:
    pid_t pid_{-1};
    int status_{0};
};

}  // namespace torc::tool
