// Addresses for a test: loopback addresses that no other test uses at the same time, so that any
// number of tests runs side by side without asking for free ports.
#pragma once

#include <cstdint>
#include <string>

namespace amba::test {

struct Place {
    std::string host;
    std::uint16_t port = 0;

    std::string to_string() const { return host + ":" + std::to_string(port); }
};

inline constexpr std::uint16_t kPort = 6379;

// An address of this process's own in 127.64.0.0/10: the process id gives the middle, and each call
// the last number.
std::string own_address();

// Where a frontend may listen.
inline Place own_place() {
    return {own_address(), kPort};
}

// A port that is free on every address, outside the range that the kernel gives to clients.
std::uint16_t free_port();

// A place on 127.0.0.1 where nothing listens: a connect is refused. It stays bound, so that nobody
// else can listen there, as long as the object lives.
class RefusingPeer {
  public:
    RefusingPeer();
    ~RefusingPeer();
    RefusingPeer(const RefusingPeer&) = delete;
    RefusingPeer& operator=(const RefusingPeer&) = delete;
    const Place& place() const { return place_; }
    std::string address() const { return place_.to_string(); }

  private:
    int fd_ = -1;
    Place place_;
};

}  // namespace amba::test
