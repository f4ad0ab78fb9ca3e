// A ring of fixed size: an entry that is like the one before it only counts.
#include "amba/log/recorder.hpp"

#include <algorithm>
#include <cstring>

namespace amba::log {

namespace {

// How far back a repetition is looked for.
constexpr std::size_t kLookBack = 16;
constexpr std::size_t kMostText = 255;

}  // namespace

// What an entry begins with in the ring; its five texts follow.
struct Recorder::Head {
    std::int64_t first_us;
    std::int64_t last_us;
    Key key;
    std::uint32_t count;
    std::uint16_t message;
    Level level;
    std::uint8_t event;
    std::uint8_t frontend;
    std::uint8_t backend;
    std::uint8_t ended;

    std::size_t size() const { return sizeof(Head) + event + frontend + backend + ended + message; }
};

// `place` counts from the oldest.
Recorder::Head Recorder::head_at(std::size_t place) const {
    Head head;
    std::memcpy(&head, &bytes_[offsets_[(oldest_ + place) % kMost]], sizeof head);
    return head;
}

bool Recorder::repeat(Key key, std::int64_t now_us) {
    for (std::size_t back = 1; back <= std::min(count_, kLookBack); ++back) {
        Head head = head_at(count_ - back);
        if (head.key.about != key.about) continue;
        if (head.key.what != key.what) return false;
        head.last_us = now_us;
        ++head.count;
        std::memcpy(&bytes_[offsets_[(oldest_ + count_ - back) % kMost]], &head, sizeof head);
        return true;
    }
    return false;
}

// Entries lie in the ring in the order of their age, so that those in the way are the oldest.
void Recorder::drop_until_free(std::size_t from, std::size_t to) {
    while (count_ > 0) {
        const std::size_t oldest = offsets_[oldest_];
        const bool in_the_way = oldest < to && oldest + head_at(0).size() > from;
        if (!in_the_way && count_ < kMost) return;
        oldest_ = (oldest_ + 1) % kMost;
        --count_;
    }
}

void Recorder::add(const Entry& entry, Key key, std::int64_t now_us) {
    // The ring is not initialized, so that its pages are touched one by one as it fills.
    if (!bytes_) bytes_.reset(new char[kBytes]);
    const auto length = [](std::string_view text, std::size_t most) {
        return static_cast<std::uint8_t>(std::min(text.size(), most));
    };
    Head head{};
    head.first_us = head.last_us = now_us;
    head.key = key;
    head.count = 1;
    head.level = entry.level;
    head.event = length(entry.event, kMostText);
    head.frontend = length(entry.frontend, kMostText);
    head.backend = length(entry.backend, kMostText);
    head.ended = length(entry.ended, kMostText);
    head.message = static_cast<std::uint16_t>(std::min(entry.message.size(), kMostMessage));
    if (next_ + head.size() > kBytes) {
        drop_until_free(next_, kBytes);
        next_ = 0;
    }
    drop_until_free(next_, next_ + head.size());
    offsets_[(oldest_ + count_) % kMost] = static_cast<std::uint32_t>(next_);
    ++count_;
    ++next_id_;
    const auto append = [&](const void* from, std::size_t size) {
        if (size > 0) std::memcpy(&bytes_[next_], from, size);
        next_ += size;
    };
    append(&head, sizeof head);
    append(entry.event.data(), head.event);
    append(entry.frontend.data(), head.frontend);
    append(entry.backend.data(), head.backend);
    append(entry.ended.data(), head.ended);
    append(entry.message.data(), head.message);
}

std::vector<Event> Recorder::last(std::size_t most) const {
    std::vector<Event> out;
    const std::size_t shown = std::min(most, count_);
    out.reserve(shown);
    for (std::size_t place = count_ - shown; place < count_; ++place) {
        const Head head = head_at(place);
        const char* at = &bytes_[offsets_[(oldest_ + place) % kMost]] + sizeof head;
        const auto text = [&at](std::size_t size) {
            at += size;
            return std::string(at - size, size);
        };
        Event event;
        event.id = next_id_ - count_ + place;
        event.first_us = head.first_us;
        event.last_us = head.last_us;
        event.count = head.count;
        event.level = head.level;
        event.event = text(head.event);
        event.frontend = text(head.frontend);
        event.backend = text(head.backend);
        event.ended = text(head.ended);
        event.message = text(head.message);
        out.push_back(std::move(event));
    }
    return out;
}

}  // namespace amba::log
