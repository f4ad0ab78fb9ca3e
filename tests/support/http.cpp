#include "support/http.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "support/socket.hpp"

namespace amba::test {

namespace {

HttpReply ask(Socket connection, const std::string& method, const std::string& target,
              const std::string& body) {
    connection.send(method + " " + target + " HTTP/1.1\r\nHost: amba\r\nConnection: close\r\n" +
                    "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    const std::string answer = connection.receive_to_end();
    const std::size_t head = answer.find("\r\n\r\n");
    if (head == std::string::npos || !answer.starts_with("HTTP/1.")) return {};
    return {std::stoi(answer.substr(9, 3)), answer.substr(head + 4)};
}

}  // namespace

HttpReply http_unix(const std::string& socket_path, const std::string& method,
                    const std::string& target) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_path.c_str(), sizeof address.sun_path - 1);
    Socket connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(connection.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        return {};
    }
    return ask(std::move(connection), method, target, "");
}

HttpReply http_tcp(const Place& place, const std::string& method, const std::string& target,
                   const std::string& body) {
    return ask(Socket::connect(place), method, target, body);
}

}  // namespace amba::test
