#include "support/network.hpp"

#include <arpa/inet.h>
#include <sched.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "support/temp_dir.hpp"

namespace amba::test {

NetworkNamespace::NetworkNamespace() :
    possible_(::unshare(CLONE_NEWNET) == 0 && ip("link set lo up")) {}

bool NetworkNamespace::ip(const std::string& words) const {
    return std::system(("ip " + words).c_str()) == 0;
}

// One end of a pair: not every kernel has dummies. The other one is never up.
bool NetworkNamespace::add_link(const std::string& name) const {
    return ip("link add " + name + " type veth peer name " + name + "peer") &&
           ip("link set " + name + " up");
}

bool NetworkNamespace::ip_batch(const std::string& lines) const {
    const TempDir directory;
    std::ofstream(directory / "batch") << lines;
    return ip("-batch " + (directory / "batch"));
}

void NetworkNamespace::local_ports(std::uint16_t from, std::uint16_t to) const {
    std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << from << ' ' << to;
}

std::size_t unanswered_connects(const std::string& host, std::uint16_t port) {
    in_addr address{};
    inet_pton(AF_INET, host.c_str(), &address);
    char wanted[32];
    // The remote end and the state SYN_SENT, as proc(5) has them.
    std::snprintf(wanted, sizeof wanted, " %08X:%04X 02 ", address.s_addr, port);
    std::ifstream table("/proc/net/tcp");
    std::size_t count = 0;
    for (std::string line; std::getline(table, line);)
        count += line.find(wanted) != std::string::npos;
    return count;
}

}  // namespace amba::test
