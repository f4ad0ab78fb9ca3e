// Signs that the client of this ambassador is alive, as /proc shows them without any privilege:
//
//   processes  of other containers, where several share a process namespace (Kubernetes'
//              `shareProcessNamespace`, `docker run --pid`)
//   sockets    of other processes in this network namespace (/proc/net/tcp, tcp6)
//
// Once a process of another container has been seen, processes alone count. No sign of a client:
// the container that only holds the namespaces (`pause`, Podman's `catatonit`), other ambassadors
// and what listens on 127.127.0.0/16, as they do, and the Engine's name server on 127.0.0.11.
//
// proc(5); Linux's networking/proc_net_tcp.rst.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

namespace amba::daemon {

class ClientSigns {
  public:
    // `root` is "" but in tests.
    explicit ClientSigns(std::string root = "") : root_(std::move(root)) {}

    // Looks. May take as long as it takes to read a table of sockets to the first that is not this
    // process's.
    bool any();

  private:
    bool has_process() const;
    bool is_other(const std::string& pid, const std::string& own_group,
                  const std::string& own_name) const;
    bool has_socket() const;
    std::unordered_set<std::string> own_inodes() const;

    std::string root_;
    bool by_process_ = false;
};

}  // namespace amba::daemon
