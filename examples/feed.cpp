// A feed of quotes from one producer to many readers, as fast as the readers go:
//
//     feed read FEED                   prints a line when the feed ends
//     feed publish FEED COUNT READERS  waits for so many readers, then sends COUNT quotes
//
// Quotes are FIFO: readers need this producer's order, not a place among everybody else's messages,
// and so a quote is delivered as soon as it and its predecessors are there. They are written and
// read in place: the producer fills the memory that the daemon sends from, a reader looks at the
// memory that the daemon wrote, and quotes share messages because each message costs something.
//
// The producer is a member of the group itself, to see who listens; TORC_SELF_DISCARD spares it its
// own quotes. A reader that cannot keep up is warned first; a program that computes much should
// leave that out until it has caught up, for only the latest price counts. One that does not read
// at all is disconnected by its daemon, and nobody else waits for it.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

#include "torc/torc.hpp"

namespace {

enum MessageType : std::uint16_t { kQuotes = 1, kEnd = 2 };

struct Quote {
    std::uint64_t number;  ///< from 1, without gaps
    std::uint32_t instrument;
    std::uint32_t price;
};

constexpr std::size_t kQuotesPerMessage = 50;
constexpr std::uint32_t kInstruments = 100;

/// Numbers at the head of a kEnd message.
struct End {
    std::uint64_t quotes;
};

int failed(const char* what, torc::Status status) {
    std::fprintf(stderr, "feed: %s: %s\n", what, status.text());
    return EXIT_FAILURE;
}

Quote make_quote(std::uint64_t number) {
    return {number, static_cast<std::uint32_t>(number % kInstruments),
            static_cast<std::uint32_t>(number * 2654435761U >> 7)};
}

/// Sends quotes first .. first + count - 1 in one message.
torc::Status send_quotes(torc::Session& session, const char* feed, std::uint64_t first,
                         std::size_t count) {
    auto place =
        session.reserve({feed}, count * sizeof(Quote), TORC_FIFO | TORC_SELF_DISCARD, kQuotes);
    if (!place) return place.status();
    for (std::size_t i = 0; i < count; ++i) {
        const Quote quote = make_quote(first + i);
        std::memcpy(place->room().data() + i * sizeof quote, &quote, sizeof quote);
    }
    return place->commit(count * sizeof(Quote));
}

/// Until the group has so many members.
torc::Status wait_for_members(torc::Session& session, std::size_t wanted) {
    for (;;) {
        auto record = session.receive();
        if (!record) return record.status();
        if (record->kind() == TORC_REFUSED) return record->reason();
        if (record->kind() == TORC_VIEW && record->members().size() >= wanted) return {};
    }
}

int publish(torc::Session& session, const char* feed, std::uint64_t count, std::size_t readers) {
    if (const auto status = wait_for_members(session, readers + 1); !status) {
        return failed("waiting for readers", status);
    }
    for (std::uint64_t sent = 0; sent < count;) {
        const std::size_t some = std::min<std::uint64_t>(kQuotesPerMessage, count - sent);
        if (const auto status = send_quotes(session, feed, sent + 1, some); !status) {
            return failed("send", status);
        }
        sent += some;
    }
    const End end{count};
    const std::string_view bytes(static_cast<const char*>(static_cast<const void*>(&end)),
                                 sizeof end);
    const auto status = session.send(feed, bytes, TORC_FIFO | TORC_SELF_DISCARD, kEnd);
    return status ? EXIT_SUCCESS : failed("send", status);
}

class Reader {
public:
    /// False at the end of the feed.
    bool take(const torc::Message& record) {
        if (record.kind() == TORC_WARNING) {
            std::fprintf(stderr, "feed: too slow: %" PRIu64 " of %" PRIu64 " bytes wait\n",
                         record.fill_bytes(), record.capacity_bytes());
        }
        if (record.kind() != TORC_MESSAGE) return true;
        if (record.type() == kEnd) return false;
        const auto payload = record.payload();
        for (std::size_t at = 0; at + sizeof(Quote) <= payload.size(); at += sizeof(Quote)) {
            Quote quote;
            std::memcpy(&quote, payload.data() + at, sizeof quote);
            if (quote.number != seen_ + 1) ++gaps_;
            seen_ = quote.number;
            prices_[quote.instrument] = quote.price;
        }
        return true;
    }

    void print() const {
        std::uint64_t sum = 0;
        for (const auto& [instrument, price] : prices_) sum = sum * 31 + instrument + price;
        std::printf("%" PRIu64 " quotes, %" PRIu64 " gaps, prices %016" PRIx64 "\n", seen_, gaps_,
                    sum);
    }

private:
    std::uint64_t seen_{0};
    std::uint64_t gaps_{0};
    std::map<std::uint32_t, std::uint32_t> prices_;
};

int read(torc::Session& session) {
    Reader reader;
    for (;;) {
        auto record = session.receive();
        if (!record) return failed("receive", record.status());
        if (record->kind() == TORC_REFUSED) return failed("join", record->reason());
        if (!reader.take(*record)) break;
    }
    reader.print();
    return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view verb = argc > 1 ? argv[1] : "";
    if (!(verb == "read" && argc == 3) && !(verb == "publish" && argc == 5)) {
        std::fprintf(stderr, "usage: feed read FEED | feed publish FEED COUNT READERS\n");
        return EXIT_FAILURE;
    }
    torc::SessionOptions options;
    options.daemon = std::getenv("TORC_DAEMON");
    options.runtime_dir = std::getenv("TORC_RUNTIME_DIR");
    auto session = torc::Session::connect(options);
    if (!session) return failed("connect", session.status());
    if (const auto joined = session->join(argv[2]); !joined) return failed("join", joined);
    if (verb == "read") return read(*session);
    return publish(*session, argv[2], std::strtoull(argv[3], nullptr, 10),
                   std::strtoull(argv[4], nullptr, 10));
}
