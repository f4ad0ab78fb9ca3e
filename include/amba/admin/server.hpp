// HTTP over the UNIX socket of the volume, and over TCP where ADMIN asks for it.
//
// Small on purpose: one request a connection, headers up to 8 KB, bodies up to 64 KB, 10 s for a
// request to arrive. All listeners together have the descriptors that net::Budget gives them, 64 at
// the most: they are never those of connections through the ambassador. When all are in use, a new
// connection takes the place of the one that has been silent for longest, or else of the one that
// has been slow to take its answer for longest: idle connections keep nobody from being answered.
// What a request means is the handler's business; it is told whether it came over the UNIX socket,
// because nothing over TCP may change anything.
#pragma once

#include <sys/types.h>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "amba/core/bind.hpp"
#include "amba/core/result.hpp"
#include "amba/net/descriptor.hpp"

namespace amba::admin {

struct Request {
    std::string method;
    std::string path;                          // without the query
    std::map<std::string, std::string> query;  // decoded; of a key given twice its first value
    bool local = false;                        // over the UNIX socket
    std::optional<uid_t> uid;                  // of the peer there (unix(7), SO_PEERCRED)
    std::string upgrade;  // the protocol to which it would switch (RFC 9110, 7.8); empty: none

    // The value of `key` in the query; empty when it is not there.
    std::string parameter(const std::string& key) const {
        const auto at = query.find(key);
        return at == query.end() ? std::string() : at->second;
    }
};

struct Reply {
    // A text that several replies share.
    using Text = std::shared_ptr<const std::string>;

    unsigned status = 200;
    std::string type = "text/plain; charset=utf-8";
    std::string body;
    Text shared = nullptr;  // sent in place of `body`, and released then
    // Of a status of 101 (Switching Protocols): is given the connection, which is not HTTP's any
    // more, once the reply has been sent.
    std::function<void(net::Descriptor)> switched = nullptr;
};

class Server {
  public:
    using Respond = std::function<void(Reply)>;  // to be called once, from the loop, now or later
    using Handler = std::function<void(const Request&, Respond)>;

    Server(boost::asio::io_context& loop, Handler handler);
    ~Server();

    // Replaces a socket that is left there, or was its own; mode 0666. A path that begins with '@'
    // is an abstract name (unix(7)). The error names the path.
    core::Result<void> listen_unix(const std::string& path);
    core::Result<void> listen_tcp(const core::Bind& bind);
    // Stops listening there. Connections that were accepted there go on.
    void stop_listening(const core::Bind& bind);

    // A socket on which this server listens. It is named as listen_unix() and listen_tcp() name it:
    // by its path, or by its address.
    struct Socket {
        std::string name;
        int fd = -1;
    };
    std::vector<Socket> sockets() const;
    // A socket that listens in another process too: when this one is to listen there, it takes that
    // one. For UNIX sockets, its path is still there.
    void inherit(std::string name, net::Descriptor fd);
    void forget_inherited() { inherited_.clear(); }
    // Another process has inherited all sockets, and listens.
    void leave_sockets();
    // Closes the oldest of the connections that have been slow to take their answer for a second or
    // more. False: there is none.
    bool close_slowest();
    void close();

  private:
    struct Listener;
    class Connection;
    struct Roster;
    void add(net::Descriptor fd, std::string name, std::optional<core::Bind> at);
    net::Descriptor take_inherited(const std::string& name);
    void accept(const std::shared_ptr<Listener>& listener);

    boost::asio::io_context& loop_;
    Handler handler_;
    std::shared_ptr<Roster> roster_;
    std::vector<std::shared_ptr<Listener>> listeners_;
    std::map<std::string, net::Descriptor> inherited_;
};

}  // namespace amba::admin
