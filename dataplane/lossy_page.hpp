// The switchboard of the lossy port: one small file in runtime_dir that the daemon maps and anybody
// who may write it changes, while the daemon runs. It exists only where `[lossy] enabled = true`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "config/settings.hpp"

namespace torc::dataplane {

/// What the file holds, in words of its own size so that each is read and written whole.
struct LossyRates {
    static constexpr std::uint64_t kMagic = 0x3179'7373'6F6C'6374;  // "tclossy1"

    std::uint64_t magic{kMagic};
    std::uint64_t loss_ppm{0};
    std::uint64_t duplicate_ppm{0};
    std::uint64_t delay_ppm{0};
    std::uint64_t delay_ns{0};
    /// One bit a daemon, by its index: everything it sends is lost here.
    std::array<std::uint64_t, kNodesMax / 64> deaf_to{};

    void set_deaf_to(NodeIndex node, bool deaf) {
        const std::uint64_t bit = std::uint64_t{1} << raw(node) % 64;
        std::uint64_t& word = deaf_to[raw(node) / 64];
        word = deaf ? word | bit : word & ~bit;
    }
    bool is_deaf_to(std::uint16_t node) const {
        return node < kNodesMax && (deaf_to[node / 64] >> node % 64 & 1) != 0;
    }
    friend bool operator==(const LossyRates&, const LossyRates&) = default;
};
static_assert(kNodesMax % 64 == 0 && sizeof(LossyRates) % sizeof(std::uint64_t) == 0);

/// Rates as the configuration gives them.
LossyRates rates_of(const config::LossySettings& settings);

/// `<runtime_dir>/<node>.lossy`.
std::string lossy_path(const std::string& runtime_dir, const std::string& node);

/// The daemon's end. **Threads**: the ring core reads, anybody writes the file.
class LossyPage {
public:
    /// Makes the file anew (an older one keeps its readers and is unlinked) with `rates` in it.
    /// **Fails** if the folder cannot be written.
    static Result<LossyPage> create(const std::string& path, const LossyRates& rates);
    /// Without a file, for tests.
    static Result<LossyPage> unnamed(const LossyRates& rates);
    ~LossyPage();
    LossyPage(LossyPage&& other) noexcept;
    LossyPage& operator=(LossyPage&&) = delete;

    /// The rates in force; a few loads. Each is whole, several may be of two writes.
    LossyRates read() const;
    void write(const LossyRates& rates);

private:
    LossyPage(std::uint64_t* words, std::string path) : words_(words), path_(std::move(path)) {}
    static Result<LossyPage> map(int fd, const std::string& path, const LossyRates& rates);

    std::uint64_t* words_;
    std::string path_;  ///< unlinked in the end; empty: none
};

/// The other end: changes the rates of a running daemon. **Fails** if there is no such file, if it
/// is none of ours, or if it may not be written.
Result<LossyRates> read_rates(const std::string& path);
Result<void> write_rates(const std::string& path, const LossyRates& rates);

}  // namespace torc::dataplane
