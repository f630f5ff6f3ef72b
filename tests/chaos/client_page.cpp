#include "tests/chaos/client_page.hpp"

#include <new>
#include <stdexcept>
#include <sys/mman.h>

#include <fcntl.h>
#include <unistd.h>

namespace torc::chaos {

MappedPage::MappedPage(const std::string& path, How how) {
    const bool make = how == How::make;
    const int file =
        ::open(path.c_str(), O_RDWR | O_CLOEXEC | (make ? O_CREAT | O_TRUNC : 0), 0600);
    if (file < 0) throw std::runtime_error("cannot open " + path);
    void* memory = MAP_FAILED;
    if (!make || ::ftruncate(file, sizeof(ClientPage)) == 0) {
        memory = ::mmap(nullptr, sizeof(ClientPage), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    }
    ::close(file);
    if (memory == MAP_FAILED) throw std::runtime_error("cannot map " + path);
    page_ = make ? new (memory) ClientPage : static_cast<ClientPage*>(memory);
}

MappedPage::~MappedPage() { ::munmap(page_, sizeof(ClientPage)); }

}  // namespace torc::chaos
