// Lines to a descriptor whose reader may stand still: a log driver that hangs, a terminal after
// Ctrl-S, a pager. It never waits for that reader.
//
// stderr may be an open file description that other processes write to as well (open(2)), so its
// O_NONBLOCK is not ours to set. Instead, by what the descriptor is:
//   pipe, terminal  its file opened once more through /proc, which makes a description of our own
//   socket          send(2) with MSG_DONTWAIT
//   regular file    write(2): it waits for a disk at most
//   a pipe or terminal that may not be opened (it belongs to another user, there is no /proc):
//                   pwritev2(2) with RWF_NOWAIT, which pipes know since Linux 6.4; where that is
//                   not known, poll(2) and then at most PIPE_BUF bytes, for which a pipe that is
//                   writable has room (pipe(7)) - unless another process takes it in between.
//
// A line is taken as a whole or dropped as a whole. What the reader is too slow for is kept, up to
// kMostKept bytes; beyond that lines are dropped, and counted. So are those that cannot be written
// at all, to a pipe without a reader or a full disk. Not for several threads at once.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace amba::log {

class Writer {
  public:
    static constexpr std::size_t kMostKept = 64 * 1024;

    // `fd` is lent. `own_descriptors`: where its file is found to be opened once more.
    explicit Writer(int fd, const std::string& own_descriptors = "/proc/self/fd/");
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    // With its line break.
    void write(std::string_view line);
    // Writes what is kept, as far as the reader takes it.
    void write_kept();
    // The same, for at most so long: for the end of the process.
    void finish(std::chrono::milliseconds at_most);

    bool keeps() const { return !kept_.empty(); }
    std::uint64_t dropped() const { return dropped_; }
    // The last line was taken and nothing is kept.
    bool flows() const { return flows_ && kept_.empty(); }

  private:
    enum class Way { kPlain, kSocket, kLent };
    ssize_t write_some(std::string_view bytes) const;
    ssize_t write_lent(std::string_view bytes) const;
    std::size_t write_all(std::string_view bytes);

    int fd_;
    int own_ = -1;  // ours to close; fd_ is the same then
    Way way_ = Way::kPlain;
    std::string kept_;
    std::uint64_t dropped_ = 0;
    bool flows_ = true;
};

}  // namespace amba::log
