// Sockets that do not wait, at the port that all of chaos has.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "tables.hpp"

namespace chaos {

inline sockaddr_in place(const std::string& host) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(kPort);
    inet_pton(AF_INET, host.c_str(), &out.sin_addr);
    return out;
}

inline int new_socket() {
    return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

// Below 0: it failed at once.
inline int connect_to(const std::string& host) {
    const int fd = new_socket();
    const sockaddr_in to = place(host);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 &&
        errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

// Below 0: it cannot.
inline int listen_at(const std::string& host, int backlog) {
    const int fd = new_socket();
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in here = place(host);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&here), sizeof here) == 0 &&
        listen(fd, backlog) == 0) {
        return fd;
    }
    close(fd);
    return -1;
}

}  // namespace chaos
