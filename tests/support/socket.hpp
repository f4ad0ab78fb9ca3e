// A TCP connection as tests want it: every call has a deadline and throws when it is missed, the
// end of the stream and a reset are told apart.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "support/address.hpp"
#include "support/eventually.hpp"

namespace amba::test {

// What a socket did that the test did not expect: a time-out, a refusal, an early end.
struct SocketError : std::runtime_error {
    SocketError(const std::string& what, int code_in);
    int code;  // errno; 0 for the end of the stream
};

enum class End { kNone, kFin, kReset };

class Socket {
  public:
    Socket() = default;
    explicit Socket(int fd) : fd_(fd) {}
    ~Socket() { close(); }
    Socket(Socket&& other) noexcept :
        fd_(std::exchange(other.fd_, -1)), reset_early_(other.reset_early_) {}
    Socket& operator=(Socket&& other) noexcept;

    // Throws SocketError with ECONNREFUSED, ETIMEDOUT... A connection that was made and reset since
    // is returned: its first use tells.
    static Socket connect(const Place& place, Milliseconds at_most = kPatience);
    // The same with a small receive buffer, for a reader that is slow.
    static Socket connect_slow_reader(const Place& place, int buffer_bytes);

    int fd() const { return fd_; }
    bool open() const { return fd_ >= 0; }

    void send(std::string_view bytes, Milliseconds at_most = kPatience);
    // What the kernel takes at once; 0 when it takes nothing, throws when the peer is gone.
    std::size_t send_some(std::string_view bytes);
    // At least one byte; "" at the end of the stream. A reset throws.
    std::string receive_some(std::size_t at_most_bytes = 65536, Milliseconds at_most = kPatience);
    std::string receive(std::size_t count, Milliseconds at_most = kPatience);
    std::string receive_to_end(Milliseconds at_most = kPatience);
    // Waits for the end. Bytes that come before it are an error.
    End end(Milliseconds at_most = kPatience);
    // Reads bytes until the end and tells which it was; the bytes are appended to `bytes`.
    End read_to_end(std::string& bytes, Milliseconds at_most = kPatience);
    // Nothing has arrived: neither bytes nor an end.
    bool quiet() const;

    void finish_sending();  // FIN; reading goes on
    void reset();           // RST
    void close();

    std::string local() const;  // address:port

  private:
    static Socket connect_with(const Place& place, Milliseconds at_most, int receive_buffer);
    void wait(short events, Clock::time_point until, const char* what) const;
    int fd_ = -1;
    bool reset_early_ = false;
};

// Does a connect to that place get ECONNREFUSED?
bool is_refused(const Place& place);

}  // namespace amba::test
