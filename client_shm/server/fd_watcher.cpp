#include "client_shm/server/fd_watcher.hpp"

#include <liburing.h>
#include <unordered_map>
#include <vector>

#include <poll.h>
#include <time.h>

#include "base/check.hpp"

namespace torc::client_shm {
namespace {

struct Watch {
    int fd{-1};
    bool armed{false};  ///< io_uring: a poll request is under way
};

/// One-shot poll requests, armed again before the next wait: that makes them level-triggered.
class UringWatcher final : public FdWatcher {
public:
    static std::unique_ptr<FdWatcher> make() {
        std::unique_ptr<UringWatcher> watcher(new UringWatcher);
        if (io_uring_queue_init(kEntries, &watcher->ring_, IORING_SETUP_CLAMP) != 0) return nullptr;
        watcher->initialised_ = true;
        // The timed wait below needs EXT_ARG; a kernel without it is served by ppoll.
        if ((watcher->ring_.features & IORING_FEAT_EXT_ARG) == 0) return nullptr;
        return watcher;
    }
    ~UringWatcher() override {
        if (initialised_) io_uring_queue_exit(&ring_);
    }

    void watch(int fd, std::uint64_t token) override {
        TORC_CHECK(token != kIgnored);
        watches_.emplace(token, Watch{fd, false});
        to_arm_.push_back(token);
    }

    void unwatch(std::uint64_t token) override {
        const auto found = watches_.find(token);
        if (found == watches_.end()) return;
        if (found->second.armed) {
            io_uring_sqe* sqe = take_sqe();
            io_uring_prep_poll_remove(sqe, token);
            io_uring_sqe_set_data64(sqe, kIgnored);
            io_uring_submit(&ring_);  // the request holds the file open; let go before it is closed
        }
        watches_.erase(found);
    }

    std::size_t wait(std::span<std::uint64_t> ready, Nanos timeout) override {
        for (const std::uint64_t token : to_arm_) arm(token);
        to_arm_.clear();
        __kernel_timespec limit{timeout.count() / 1'000'000'000, timeout.count() % 1'000'000'000};
        io_uring_cqe* cqe = nullptr;
        io_uring_submit_and_wait_timeout(&ring_, &cqe, 1, &limit, nullptr);
        std::size_t count = 0;
        while (count < ready.size() && io_uring_peek_cqe(&ring_, &cqe) == 0) {
            const std::uint64_t token = io_uring_cqe_get_data64(cqe);
            const int result = cqe->res;
            io_uring_cqe_seen(&ring_, cqe);
            const auto found = watches_.find(token);
            if (found == watches_.end()) continue;  // our removals, and polls that they ended
            found->second.armed = false;
            to_arm_.push_back(token);
            if (result > 0) ready[count++] = token;
        }
        return count;
    }

    const char* name() const override { return "io_uring"; }

private:
    static constexpr unsigned kEntries = 256;
    static constexpr std::uint64_t kIgnored = ~std::uint64_t{0};

    UringWatcher() = default;

    void arm(std::uint64_t token) {
        const auto found = watches_.find(token);
        if (found == watches_.end()) return;
        io_uring_sqe* sqe = take_sqe();
        io_uring_prep_poll_add(sqe, found->second.fd, POLLIN | POLLHUP | POLLRDHUP);
        io_uring_sqe_set_data64(sqe, token);
        found->second.armed = true;
    }

    io_uring_sqe* take_sqe() {
        io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
        while (sqe == nullptr) {  // full: hand over what is queued
            io_uring_submit(&ring_);
            sqe = io_uring_get_sqe(&ring_);
        }
        return sqe;
    }

    io_uring ring_{};
    bool initialised_{false};
    std::unordered_map<std::uint64_t, Watch> watches_;
    std::vector<std::uint64_t> to_arm_;
};

class PollWatcher final : public FdWatcher {
public:
    void watch(int fd, std::uint64_t token) override { watches_.emplace(token, fd); }
    void unwatch(std::uint64_t token) override { watches_.erase(token); }

    std::size_t wait(std::span<std::uint64_t> ready, Nanos timeout) override {
        polled_.clear();
        tokens_.clear();
        for (const auto& [token, fd] : watches_) {
            polled_.push_back({fd, POLLIN | POLLRDHUP, 0});
            tokens_.push_back(token);
        }
        const timespec limit{timeout.count() / 1'000'000'000, timeout.count() % 1'000'000'000};
        if (ppoll(polled_.data(), polled_.size(), &limit, nullptr) <= 0) return 0;
        std::size_t count = 0;
        // What does not fit is found again by the next call: level-triggered.
        for (std::size_t i = 0; i < polled_.size() && count < ready.size(); ++i) {
            if (polled_[i].revents != 0) ready[count++] = tokens_[i];
        }
        return count;
    }

    const char* name() const override { return "ppoll"; }

private:
    std::unordered_map<std::uint64_t, int> watches_;
    std::vector<pollfd> polled_;
    std::vector<std::uint64_t> tokens_;
};

}  // namespace

std::unique_ptr<FdWatcher> make_fd_watcher(bool allow_uring) {
    if (allow_uring) {
        if (std::unique_ptr<FdWatcher> watcher = UringWatcher::make()) return watcher;
    }
    return std::make_unique<PollWatcher>();
}

}  // namespace torc::client_shm
