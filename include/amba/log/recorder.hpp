// The flight recorder: the last events in a ring of fixed size, for the night in which a service
// misbehaves and nobody kept the log. Shown at /events and by `amba status --events`.
//
// Everything that is logged at info or above is in it, whatever the level of the log, and so are
// connections that did not end well. What repeats is counted in one entry: the newest of the same
// subject, as long as it is of the same kind.
//
// Costs nothing until something happens: the ring's pages are touched as it fills. An entry is
// packed (its head and its texts), kMost of them at the most, in kBytes altogether; texts are cut
// at 255 bytes, messages at kMostMessage.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "amba/log/log.hpp"

namespace amba::log {

struct Event {
    std::uint64_t id = 0;       // counts events
    std::int64_t first_us = 0;  // since 1970
    std::int64_t last_us = 0;   // of its last repetition
    std::uint32_t count = 1;
    Level level = Level::kInfo;
    std::string event;
    std::string frontend;
    std::string backend;
    std::string ended;  // HAProxy's two letters, of the event "ended"
    std::string message;
};

class Recorder {
  public:
    static constexpr std::size_t kMost = 1000;
    static constexpr std::size_t kBytes = 192 * 1024;
    static constexpr std::size_t kMostMessage = 400;

    struct Entry {
        Level level = Level::kInfo;
        std::string_view event;
        std::string_view frontend;
        std::string_view backend;
        std::string_view ended;
        std::string_view message;
    };
    // Hashes of what an entry is about and of what it says. Entries of the same two are one.
    struct Key {
        std::uint32_t about = 0;
        std::uint32_t what = 0;
    };

    // Counts a repetition; false when there is nothing to repeat, and add() is to be called.
    bool repeat(Key key, std::int64_t now_us);
    void add(const Entry& entry, Key key, std::int64_t now_us);
    // Oldest first.
    std::vector<Event> last(std::size_t most) const;

  private:
    struct Head;
    Head head_at(std::size_t place) const;
    void drop_until_free(std::size_t from, std::size_t to);

    std::unique_ptr<char[]> bytes_;  // made with the first event
    std::array<std::uint32_t, kMost> offsets_{};
    std::size_t oldest_ = 0;  // a place in offsets_
    std::size_t count_ = 0;
    std::size_t next_ = 0;  // an offset in bytes_
    std::uint64_t next_id_ = 1;
};

// ---- the recorder of the process; any thread ----

// True: the event repeats one that was recorded lately, which has counted it, and nothing is left
// to do.
bool repeated(Recorder::Key key);
// For the recorder alone, without a line in the log.
void record(const Recorder::Entry& entry, Recorder::Key key);
std::vector<Event> last_events(std::size_t most);

}  // namespace amba::log
