// The client's end of a session, mapped as libtorc maps it: what stands across from the daemon's
// side where that is measured alone. No socket, no bell, no lock: it writes records and reads them.
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <sys/mman.h>

#include "base/check.hpp"
#include "base/ids.hpp"
#include "client_shm/names.hpp"
#include "client_shm/rings.hpp"
#include "client_shm/server/session_table.hpp"

namespace torc::bench {

class TinyClient {
public:
    explicit TinyClient(const client_shm::SessionSlot& slot) : capacity_(slot.submit.capacity()) {
        const std::size_t once = client_shm::kSegmentHeaderBytes + capacity_;
        void* const base = mmap(nullptr, once + capacity_, PROT_NONE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        TORC_CHECK(base != MAP_FAILED);
        base_ = static_cast<std::byte*>(base);
        map(base_, once, slot.submit.fd(), 0);
        map(base_ + once, capacity_, slot.submit.fd(), client_shm::kSegmentHeaderBytes);
        submit_ = static_cast<client_shm::SubmitHeader*>(base);
        auto* const deliver = slot.deliver.header<client_shm::DeliverHeader>();
        producer_ = client_shm::RingProducer(base_ + client_shm::kSegmentHeaderBytes, capacity_,
                                             &submit_->submit_tail, &deliver->submit_head,
                                             &submit_->submit_origin);
        consumer_ = client_shm::RingConsumer(slot.deliver.data(), capacity_, &submit_->deliver_head,
                                             &deliver->deliver_tail, &deliver->deliver_origin);
    }
    ~TinyClient() { munmap(base_, client_shm::kSegmentHeaderBytes + 2 * capacity_); }
    TinyClient(const TinyClient&) = delete;
    TinyClient& operator=(const TinyClient&) = delete;

    /// Writes a record; the daemon sees it after `publish`.
    void join(std::string_view group) {
        const std::size_t bytes = client_shm::name_bytes(group.size());
        TORC_CHECK(producer_.reserve(bytes) == client_shm::RingStatus::ok);
        client_shm::write_name(producer_.body(), group);
        commit(client_shm::RecordType::join, bytes);
        group_.clear();
    }
    /// A message to the group of the one before begins like it, as libtorc would say.
    void send(std::string_view group, std::span<const std::byte> payload) {
        if (group == group_) {
            TORC_CHECK(producer_.reserve(payload.size()) == client_shm::RingStatus::ok);
            std::memcpy(producer_.body(), payload.data(), payload.size());
            return commit(client_shm::RecordType::send, payload.size(), client_shm::kSameHead);
        }
        const client_shm::SendBody head{
            static_cast<std::uint8_t>(Service::agreed), 0, 7, 1,
            static_cast<std::uint16_t>(client_shm::name_bytes(group.size()))};
        const std::size_t at =
            client_shm::align_up(sizeof head + head.names_bytes, client_shm::kPayloadAlign);
        TORC_CHECK(producer_.reserve(at + payload.size()) == client_shm::RingStatus::ok);
        std::memcpy(producer_.body(), &head, sizeof head);
        client_shm::write_name(producer_.body() + sizeof head, group);
        std::memcpy(producer_.body() + at, payload.data(), payload.size());
        commit(client_shm::RecordType::send, at + payload.size());
        group_ = group;
    }
    void publish() { producer_.publish(); }

    /// Reads everything and gives it back. Gives: how many messages; views are not counted.
    std::size_t drain() {
        std::size_t messages = 0;
        client_shm::RecordView record;
        while (consumer_.peek(record) == client_shm::RingStatus::ok) {
            std::uint64_t records = 1;
            if (record.header.type == client_shm::RecordType::run) {
                client_shm::RunBody run;
                std::memcpy(&run, record.body, sizeof run);
                messages += records = run.records;
                log_bytes_ += run.bytes;
            }
            messages += record.header.type == client_shm::RecordType::message ? 1 : 0;
            consumer_.advance(record);
            records_ += records;
        }
        submit_->released.store(records_, std::memory_order_relaxed);
        submit_->log_released.store(log_bytes_, std::memory_order_relaxed);
        consumer_.publish();
        return messages;
    }

private:
    static void map(std::byte* at, std::size_t bytes, int fd, std::size_t offset) {
        TORC_CHECK(mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
                        static_cast<off_t>(offset)) != MAP_FAILED);
    }
    void commit(client_shm::RecordType type, std::size_t body_bytes, std::uint16_t flags = 0) {
        producer_.commit({static_cast<std::uint32_t>(body_bytes), type, flags, ++operation_});
    }

    std::uint64_t capacity_;
    std::byte* base_{nullptr};
    client_shm::SubmitHeader* submit_{nullptr};
    client_shm::RingProducer producer_;
    client_shm::RingConsumer consumer_;
    std::uint64_t operation_{0};
    std::string group_;  ///< of the last record, if that was a message
    std::uint64_t records_{0};
    std::uint64_t log_bytes_{0};
};

}  // namespace torc::bench
