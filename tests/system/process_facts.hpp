// What a process has: descriptors, mappings, threads, memory, dispositions of signals. Read from
// /proc and the kernel, for tests that compare before and after.
#pragma once

#include <array>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>

namespace torc::tool {

inline std::set<std::string> names_in(const std::string& folder) {
    std::set<std::string> names;
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator(folder, gone)) {
        names.insert(entry.path().filename().string());
    }
    return names;
}

inline std::size_t entries_of(const std::string& folder) { return names_in(folder).size(); }

inline std::size_t lines_of(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::size_t count = 0;
    while (std::getline(file, line)) ++count;
    return count;
}

/// A field of `<process>/status` that is in kB, such as "VmRSS"; 0 if it is not there.
inline std::uint64_t status_kb(const std::string& process, const std::string& field) {
    std::ifstream file(process + "/status");
    std::string word;
    std::uint64_t value = 0;
    while (file >> word) {
        if (word == field + ":" && file >> value) return value;
    }
    return 0;
}

/// Whether a thread is stopped, by its file `stat`; one that is gone stands as well.
inline bool stands(const std::string& stat) {
    std::ifstream file(stat);
    std::string line;
    if (!std::getline(file, line)) return true;
    const std::size_t name_end = line.rfind(')');
    return name_end + 2 < line.size() && line[name_end + 2] == 'T';
}

/// Waits until a number has not changed for a while; it has to come to rest in a minute.
template <typename F>
void settle(F&& number) {
    constexpr int kTries = 600;
    constexpr int kCalm = 5;
    auto last = number();
    for (int i = 0, calm = 0; i < kTries && calm < kCalm; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        const auto now = number();
        calm = now == last ? calm + 1 : 0;
        last = now;
    }
}

/// Dispositions of all signals of the process, and this thread's mask.
class SignalFacts {
public:
    static SignalFacts now() {
        SignalFacts facts;
        for (int number = 1; number < kSignals; ++number) {
            struct sigaction action{};
            sigaction(number, nullptr, &action);
            Disposition& kept = facts.of_[static_cast<std::size_t>(number)];
            kept.handler = reinterpret_cast<std::uintptr_t>(action.sa_sigaction);
            kept.flags = action.sa_flags;
            for (int other = 1; other < kSignals; ++other) {
                kept.mask |= sigismember(&action.sa_mask, other) == 1 ? bit(other) : 0;
            }
        }
        sigset_t mask;
        pthread_sigmask(SIG_BLOCK, nullptr, &mask);
        for (int other = 1; other < kSignals; ++other) {
            facts.mask_ |= sigismember(&mask, other) == 1 ? bit(other) : 0;
        }
        return facts;
    }
    bool operator==(const SignalFacts&) const = default;

private:
    static constexpr int kSignals = 65;  // 1..64 on Linux
    static std::uint64_t bit(int number) { return std::uint64_t{1} << (number - 1); }
    struct Disposition {
        std::uintptr_t handler{0};
        int flags{0};
        std::uint64_t mask{0};
        bool operator==(const Disposition&) const = default;
    };

    std::array<Disposition, kSignals> of_{};
    std::uint64_t mask_{0};
};

}  // namespace torc::tool
