// The judgement on a datagram, the same for both ways of receiving.
#include "dataplane/udp_receiver.hpp"

namespace torc::dataplane {

bool ReceiveContext::accept(const sockaddr_in& source, std::size_t size, bool truncated) const {
    switch (filter.judge(ntohl(source.sin_addr.s_addr))) {
        case SourceFilter::Verdict::own:
            ++udp.rx_own;
            return false;
        case SourceFilter::Verdict::foreign:
            ++udp.rx_foreign;
            ++counters.rx_rejected;
            return false;
        case SourceFilter::Verdict::peer:
            break;
    }
    if (truncated || size == 0) {
        ++(truncated ? udp.rx_truncated : udp.rx_empty);
        ++counters.rx_rejected;
        return false;
    }
    ++counters.rx_frames;
    counters.rx_bytes += size;
    return true;
}

}  // namespace torc::dataplane
