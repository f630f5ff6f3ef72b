#include "dataplane/lossy_page.hpp"

#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "dataplane/fd.hpp"

namespace torc::dataplane {
namespace {

constexpr std::size_t kWords = sizeof(LossyRates) / sizeof(std::uint64_t);
constexpr mode_t kOwnerOnly = 0600;
using Words = std::array<std::uint64_t, kWords>;

tl::unexpected<Error> refused(const std::string& what, const std::string& path) {
    return failure(what + " " + path + ": " + std::strerror(errno));
}

}  // namespace

LossyRates rates_of(const config::LossySettings& settings) {
    LossyRates rates;
    rates.loss_ppm = settings.loss_ppm;
    rates.duplicate_ppm = settings.duplicate_ppm;
    rates.delay_ppm = settings.delay_ppm;
    rates.delay_ns = static_cast<std::uint64_t>(settings.delay.count());
    return rates;
}

std::string lossy_path(const std::string& runtime_dir, const std::string& node) {
    return runtime_dir + "/" + node + ".lossy";
}

Result<LossyPage> LossyPage::create(const std::string& path, const LossyRates& rates) {
    ::unlink(path.c_str());
    const Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly));
    if (file.get() < 0) return refused("cannot make", path);
    return map(file.get(), path, rates);
}

Result<LossyPage> LossyPage::unnamed(const LossyRates& rates) {
    const Fd file(::memfd_create("torc-lossy", MFD_CLOEXEC));
    if (file.get() < 0) return refused("cannot make", "a memory file");
    return map(file.get(), {}, rates);
}

Result<LossyPage> LossyPage::map(int fd, const std::string& path, const LossyRates& rates) {
    if (::ftruncate(fd, sizeof(LossyRates)) != 0) return refused("cannot size", path);
    void* const memory =
        ::mmap(nullptr, sizeof(LossyRates), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) return refused("cannot map", path);
    LossyPage page(static_cast<std::uint64_t*>(memory), path);
    page.write(rates);
    return page;
}

LossyPage::LossyPage(LossyPage&& other) noexcept
    : words_(std::exchange(other.words_, nullptr)), path_(std::exchange(other.path_, {})) {}

LossyPage::~LossyPage() {
    if (words_ != nullptr) ::munmap(words_, sizeof(LossyRates));
    if (!path_.empty()) ::unlink(path_.c_str());
}

LossyRates LossyPage::read() const {
    Words copy;
    for (std::size_t i = 0; i < kWords; ++i) {
        copy[i] = std::atomic_ref<std::uint64_t>(words_[i]).load(std::memory_order_relaxed);
    }
    return std::bit_cast<LossyRates>(copy);
}

void LossyPage::write(const LossyRates& rates) {
    const auto copy = std::bit_cast<Words>(rates);
    for (std::size_t i = 0; i < kWords; ++i) {
        std::atomic_ref<std::uint64_t>(words_[i]).store(copy[i], std::memory_order_relaxed);
    }
}

Result<LossyRates> read_rates(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return refused("cannot read", path);
    LossyRates rates;
    if (::pread(file.get(), &rates, sizeof rates, 0) != sizeof rates ||
        rates.magic != LossyRates::kMagic) {
        return failure(path + " is not the page of a lossy port");
    }
    return rates;
}

Result<void> write_rates(const std::string& path, const LossyRates& rates) {
    if (const Result<LossyRates> present = read_rates(path); !present) {
        return tl::unexpected(present.error());
    }
    const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (file.get() < 0) return refused("cannot write", path);
    if (::pwrite(file.get(), &rates, sizeof rates, 0) != sizeof rates) {
        return refused("cannot write", path);
    }
    return {};
}

}  // namespace torc::dataplane
