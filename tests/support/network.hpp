// A network of a test's own: the process moves into a network namespace with nothing but a loopback
// interface, and the programs that it starts from then on with it. Needs root. To be made before
// any peer; the process stays there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace amba::test {

class NetworkNamespace {
  public:
    NetworkNamespace();
    bool possible() const { return possible_; }

    // `ip WORDS`; false when it failed.
    bool ip(const std::string& words) const;
    // A link that is up. `del` removes it whole.
    bool add_link(const std::string& name) const;
    // Many of them, a line each.
    bool ip_batch(const std::string& lines) const;
    // The ports that connect(2) may choose from.
    void local_ports(std::uint16_t from, std::uint16_t to) const;

  private:
    bool possible_ = false;
};

// Connects to that place that are not answered yet, of this network.
std::size_t unanswered_connects(const std::string& host, std::uint16_t port);

}  // namespace amba::test
