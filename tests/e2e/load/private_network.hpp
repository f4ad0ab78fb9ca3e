// A network of the test's own: nothing but a loopback interface.
//
// A container engine on the host puts connection tracking on every packet, loopback included. That
// doubles the cost of a connection, and its table fills up in a minute of this load and then drops
// packets. Other tests and their ports are kept away as well.
#pragma once

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace load {

inline bool write_to(const char* path, const std::string& text) {
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool whole = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    close(fd);
    return whole;
}

// Moves the process there, by a user namespace where it is not root. To be called before there are
// threads. Says so and stays in the host's network where that is not permitted.
inline void enter_private_network() {
    const auto uid = std::to_string(geteuid());
    const auto gid = std::to_string(getegid());
    if (unshare(CLONE_NEWNET) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
            std::printf("note: no network namespace to be had, this is the host's network\n");
            return;
        }
        write_to("/proc/self/setgroups", "deny");
        write_to("/proc/self/uid_map", "0 " + uid + " 1");
        write_to("/proc/self/gid_map", "0 " + gid + " 1");
    }
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::snprintf(request.ifr_name, sizeof request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(fd, SIOCSIFFLAGS, &request) != 0) std::perror("lo");
    close(fd);
}

}  // namespace load
