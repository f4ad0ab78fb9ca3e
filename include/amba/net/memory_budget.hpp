// Whether one more connection may be accepted, as far as memory goes: the kernel kills a process
// whose control group goes beyond its limit (`docker run --memory`), and with it all connections.
//
// Nearly all that a connection needs is the kernel's, and is counted in the control group: two
// sockets with their files, some 6 KB while it is idle. What the group uses is not told of by
// itself, so it is looked at after so many connections, the more often the less is left. A quarter
// of the limit, 8 MB at the most, is kept for what else is done: tables, checks, answers, a
// `healthcheck` in the same container, and what connections hold for readers that are slow.
//
// One for the process, used by its loop alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "amba/core/duration.hpp"

namespace amba::net {

class CgroupMemory;

class MemoryBudget {
  public:
    explicit MemoryBudget(std::unique_ptr<CgroupMemory> memory);
    ~MemoryBudget();
    static MemoryBudget& of_process();

    // Is there room for one more connection? Looks at the control group when it must.
    bool has_room(core::Time now) { return granted_ > 0 || look(now); }
    // A connection was accepted.
    void take_one() { granted_ -= granted_ > 0; }
    // There is room for many more. Looks at most once in some milliseconds, and says false
    // meanwhile.
    bool is_half_free(core::Time now);

    // The limit in words, for the log: "16 MB".
    std::string limit() const;

  private:
    struct Room {
        std::uint64_t limit = 0;
        std::uint64_t usable = 0;  // of the limit, without what is kept
        std::uint64_t left = 0;    // of that
    };
    std::optional<Room> room() const;
    bool look(core::Time now);

    const std::unique_ptr<CgroupMemory> memory_;
    std::uint32_t granted_ = 0;  // connections until the next look
    std::uint64_t limit_ = 0;
    core::Time looked_at_{};  // when there was no room
    core::Time asked_at_{};   // whether there is room for many more
};

}  // namespace amba::net
