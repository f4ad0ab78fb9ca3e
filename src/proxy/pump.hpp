// One direction of a connection: bytes from a source to a sink, then the source's end.
//
// Copies through the loop's scratch at first. A source that fills two reads in a row is bulk: the
// pump then moves pages through a pipe (splice(2)), half the CPU per byte, until three reads in a
// row were small. What the sink does not take is held (at most a chunk, or a pipe), and nothing is
// read until it is gone: that is the backpressure. An idle pump holds nothing.
//
// An error of a socket is told once, to whoever asks first (SO_ERROR in socket(7)): a send that
// fails takes it, and a read then finds the end of the stream where the peer has aborted. A leg
// remembers that.
//
// Urgent data (tcp(7), RFC 6093): sockets keep the urgent byte in the stream (SO_OOBINLINE), a read
// stops before its mark, and the byte is sent on as urgent. At a mark a short read does not mean an
// empty socket, and of splice neither EAGAIN nor 0 nor an error means that nothing is left. A read
// that begins at a mark passes it without a word, so a copy that may be at one asks before it reads
// (sockatmark(3)). The first read after an event that told of bytes and of no mark need not ask:
// small messages and bulk have no call more than without urgent data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "proxy/shared.hpp"

namespace amba::proxy {

// One socket of a connection and what the poller last said of it.
struct Leg {
    int fd = -1;
    std::uint16_t read_in = 0;  // the poller's round of the last read
    bool readable : 1 = false;
    bool writable : 1 = true;
    bool ended : 1 = false;  // FIN or an error has arrived: read on until a read shows it
    bool reset : 1 = false;  // the peer aborted
    // A failed call has used up the error: what a read shows as the end of the stream is none.
    bool error_taken : 1 = false;
    bool urgent : 1 = false;  // there may be a mark ahead
    // An event told of bytes, and nothing was read since: a mark would be known.
    bool told : 1 = false;

    // Before each read. True when it may begin at a mark.
    bool starts_read(std::uint64_t round);
};

class Pump {
  public:
    enum class Status : std::uint8_t {
        kWaiting,       // for the poller
        kMore,          // its share of this turn is used up
        kFinished,      // the end was passed on; nothing is left to do
        kSourceFailed,  // every byte before the failure was passed on
        kSinkFailed,    // bytes may be lost: there is nobody to take them
    };

    Pump() = default;
    ~Pump();
    Pump(const Pump&) = delete;
    Pump& operator=(const Pump&) = delete;

    // `last`: the other direction is over, so that close() will tell the sink of the end.
    Status run(Leg& source, Leg& sink, bool last, Shared& shared);
    // Drops the bytes that are held.
    void drop(Shared& shared);
    bool finished() const { return finished_; }
    // Bytes that the sink has not taken yet.
    bool holding() const { return stash_ != nullptr || in_pipe_ > 0; }
    // Not a byte was read, nor the end.
    bool untouched() const { return bytes_ == 0 && !holding() && !end_seen_; }
    std::uint64_t bytes() const { return bytes_; }  // passed on so far

  private:
    enum class Flow : std::uint8_t { kDone, kBlocked, kSourceFailed, kSinkFailed };
    // What a sink did not take of a chunk.
    struct Stash {
        std::size_t from = 0;
        std::size_t to = 0;
        bool urgent = false;  // it is one byte then
        char bytes[kChunk];
    };

    Status pass(Leg& source, Leg& sink, bool last, Shared& shared);
    Flow hand_on(Leg& sink);
    Flow copy(Leg& source, Leg& sink, Shared& shared);
    Flow send_copied(Leg& sink, const char* bytes, std::size_t size, bool urgent);
    Flow fill_pipe(Leg& source, Shared& shared);
    Flow read_failed(Leg& source);
    void judge_read(std::size_t got);
    void copy_again();
    void give_pipe_back(Shared& shared);

    std::unique_ptr<Stash> stash_;
    Pipe pipe_;  // without descriptors unless bytes are passing through it
    std::size_t in_pipe_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint8_t streak_ = 0;  // full reads while copying, small reads while splicing
    bool splicing_ = false;
    bool end_seen_ = false;
    bool finished_ = false;
};

}  // namespace amba::proxy
