// How far a handshake is. A file of its own, as the C library's tcp_info ends before the counters
// of segments, and the kernel's header does not go with it.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>

#include "amba/net/tcp.hpp"

namespace amba::net {

bool is_unfinished(int fd) {
    tcp_info info{};
    socklen_t length = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return false;
    if (length < offsetof(tcp_info, tcpi_segs_out) + sizeof info.tcpi_segs_out) return false;
    return info.tcpi_segs_out == 1 + info.tcpi_total_retrans;  // the SYN, and that again
}

}  // namespace amba::net
