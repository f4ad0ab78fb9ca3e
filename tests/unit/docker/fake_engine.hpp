// A scripted Engine on a UNIX socket of its own: what it does with each question is a function.
//
//   FakeEngine fake([](const Asked& asked, test::Socket& client) { client.send(answer(200, "[]"));
//   }); const Engine engine(fake.host());
//
// Connections are served in threads of their own. /_ping is answered for the script, with `api`. A
// script that throws, as when its client is gone, ends its connection.
#pragma once

#include <cstdio>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "amba/docker/host.hpp"
#include "support/peer.hpp"
#include "support/temp_dir.hpp"

namespace amba::docker {

struct Asked {
    std::string method;
    std::string target;
    std::string head;
    std::string body;

    std::string line() const { return method + " " + target; }
};

// A whole answer with its length.
inline std::string answer(unsigned status, const std::string& body, const std::string& more = "") {
    return "HTTP/1.1 " + std::to_string(status) +
           " Some Words\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + more +
           "\r\n" + body;
}

inline std::string chunk(const std::string& bytes) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    return size + bytes + "\r\n";
}

inline constexpr const char* kChunked =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

// Until the client goes away.
inline void stall(test::Socket& client) {
    while (!client.receive_some().empty()) {
    }
}

class FakeEngine {
  public:
    using Script = std::function<void(const Asked&, test::Socket&)>;

    explicit FakeEngine(Script script, std::string api = "1.41") :
        script_(std::move(script)), api_(std::move(api)),
        peer_(test::Peer::at_path([this](test::Socket& client) { serve(client); }, path())) {}
    FakeEngine(const FakeEngine&) = delete;
    FakeEngine& operator=(const FakeEngine&) = delete;

    std::string path() const { return dir_ / "docker.sock"; }
    Host host() const {
        Host host;
        host.path = path();
        return host;
    }
    // As an error names it.
    std::string name() const { return host().to_string(); }
    void speak(const std::string& api) {
        const std::lock_guard lock(mutex_);
        api_ = api;
    }
    // Everything that was asked for so far, in the order of its arrival.
    std::vector<Asked> asked() const {
        const std::lock_guard lock(mutex_);
        return asked_;
    }
    std::vector<std::string> lines() const {
        std::vector<std::string> out;
        for (const Asked& one : asked())
            out.push_back(one.line());
        return out;
    }

  private:
    static Asked read(test::Socket& client) {
        Asked asked;
        std::string bytes;
        while (bytes.find("\r\n\r\n") == std::string::npos)
            bytes += client.receive(1);
        asked.head = bytes;
        const std::size_t blank = bytes.find(' ');
        asked.method = bytes.substr(0, blank);
        asked.target = bytes.substr(blank + 1, bytes.find(' ', blank + 1) - blank - 1);
        const std::string length = "Content-Length: ";
        const std::size_t at = bytes.find(length);
        if (at != std::string::npos) {
            asked.body = client.receive(std::stoul(bytes.substr(at + length.size())));
        }
        return asked;
    }

    void serve(test::Socket& client) {
        const Asked asked = read(client);
        std::string api;
        {
            const std::lock_guard lock(mutex_);
            asked_.push_back(asked);
            api = api_;
        }
        if (asked.target == "/_ping" && !api.empty()) {
            client.send(answer(200, "OK", "Api-Version: " + api + "\r\n"));
        } else {
            script_(asked, client);
        }
    }

    const test::TempDir dir_;
    const Script script_;
    mutable std::mutex mutex_;  // guards what follows
    std::vector<Asked> asked_;
    std::string api_;  // empty: the script answers /_ping too
    test::Peer peer_;  // last: its threads use the others
};

// "" of a value; the reason of an error.
template <class T>
std::string reason_of(const core::Result<T>& result) {
    return result ? std::string() : result.error().reason;
}

}  // namespace amba::docker
