// The writing end: a temporary file, filled, then renamed over the old one.
#include "telemetry/counters_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>
#include <sys/mman.h>

#include <fcntl.h>
#include <unistd.h>

namespace torc::telemetry {

namespace {

constexpr int kMode = 0644;

tl::unexpected<Error> system_failure(const std::string& path, const char* what, int code) {
    std::string remedy;
    if (code == ENOENT) remedy = "the folder is missing: create it, or set runtime_dir in [daemon]";
    if (code == EACCES || code == EPERM) remedy = "the daemon's user may not write there";
    if (code == ENOSPC) remedy = "no room on that file system";
    return failure(path + ": " + what + ": " + std::strerror(code), remedy);
}

/// A file under a temporary name, removed unless it was renamed.
class Temporary {
public:
    explicit Temporary(std::string path)
        : path_{std::move(path)},
          fd_{open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kMode)} {}
    ~Temporary() {
        if (fd_ < 0) return;
        close(fd_);
        if (!kept_) unlink(path_.c_str());
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;

    int fd() const { return fd_; }
    bool rename_to(const std::string& path) {
        kept_ = std::rename(path_.c_str(), path.c_str()) == 0;
        return kept_;
    }

private:
    std::string path_;
    int fd_;
    bool kept_{false};
};

}  // namespace

std::string counters_path(std::string_view runtime_dir, std::string_view node) {
    return std::string(runtime_dir).append("/").append(node).append(".counters");
}

void CountersFile::Unmap::operator()(CountersPage* page) const {
    munmap(page, sizeof(CountersPage));
}

Result<CountersFile> CountersFile::create(const std::string& path, const PageOwner& owner) {
    const std::string temporary_path = path + "." + std::to_string(getpid()) + ".new";
    unlink(temporary_path.c_str());  // of an earlier process with this pid that died here
    Temporary temporary(temporary_path);
    if (temporary.fd() < 0) return system_failure(path, "cannot create", errno);
    const int full = posix_fallocate(temporary.fd(), 0, sizeof(CountersPage));
    if (full != 0) return system_failure(path, "cannot reserve its blocks", full);
    void* const memory =
        mmap(nullptr, sizeof(CountersPage), PROT_READ | PROT_WRITE, MAP_SHARED, temporary.fd(), 0);
    if (memory == MAP_FAILED) return system_failure(path, "cannot map", errno);
    CountersFile file(new (memory) CountersPage{});
    prepare(file.page(), owner);
    if (!temporary.rename_to(path)) return system_failure(path, "cannot rename", errno);
    return file;
}

}  // namespace torc::telemetry
