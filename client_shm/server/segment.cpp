#include "client_shm/server/segment.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <sys/mman.h>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace torc::client_shm {
namespace {

std::size_t mapped_bytes(std::uint64_t capacity) { return kSegmentHeaderBytes + 2 * capacity; }

tl::unexpected<Error> system_failure(const char* what) {
    return failure(std::string("client memory: ") + what + ": " + std::strerror(errno),
                   "check free memory, the memory limit of the daemon's cgroup, and "
                   "session_ring_bytes * 2 * sessions");
}

/// Header and ring at `base`, the ring once more behind itself.
bool map_mirrored(void* base, int fd, std::uint64_t capacity, int protection) {
    auto* bytes = static_cast<std::byte*>(base);
    const std::size_t once = kSegmentHeaderBytes + capacity;
    if (mmap(bytes, once, protection, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) return false;
    return capacity == 0 || mmap(bytes + once, capacity, protection, MAP_SHARED | MAP_FIXED, fd,
                                 kSegmentHeaderBytes) != MAP_FAILED;
}

}  // namespace

Segment::Segment(Segment&& other) noexcept
    : fd_{std::move(other.fd_)},
      base_{std::exchange(other.base_, nullptr)},
      capacity_{std::exchange(other.capacity_, 0)} {}

Segment& Segment::operator=(Segment&& other) noexcept {
    if (this != &other) {
        unmap();
        fd_ = std::move(other.fd_);
        base_ = std::exchange(other.base_, nullptr);
        capacity_ = std::exchange(other.capacity_, 0);
    }
    return *this;
}

Segment::~Segment() { unmap(); }

void Segment::unmap() {
    if (base_ != nullptr) munmap(base_, mapped_bytes(capacity_));
    base_ = nullptr;
}

Result<Segment> Segment::make(const SegmentIdentity& identity, SegmentWriter writer) {
    Segment segment;
    segment.fd_.reset(memfd_create("torc-session", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!segment.fd_) return system_failure("memfd_create");
    const int fd = segment.fd();
    const std::size_t file_bytes = kSegmentHeaderBytes + identity.capacity;
    if (fallocate(fd, 0, 0, static_cast<off_t>(file_bytes)) != 0) return system_failure("allocate");
    if (pwrite(fd, &identity, sizeof identity, 0) != static_cast<ssize_t>(sizeof identity)) {
        return system_failure("write");
    }

    void* base = mmap(nullptr, mapped_bytes(identity.capacity), PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return system_failure("reserve address space");
    segment.base_ = base;
    segment.capacity_ = identity.capacity;
    const bool ours = writer == SegmentWriter::daemon;
    if (!map_mirrored(base, fd, identity.capacity, ours ? PROT_READ | PROT_WRITE : PROT_READ)) {
        return system_failure("map");
    }
    // FUTURE_WRITE must come after our own writable mapping; SEAL last closes the list.
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | (ours ? F_SEAL_FUTURE_WRITE : 0) | F_SEAL_SEAL;
    if (fcntl(fd, F_ADD_SEALS, seals) != 0) return system_failure("seal");
    return segment;
}

}  // namespace torc::client_shm
