// What the daemon answers over HTTP, over its UNIX socket and over TCP alike. It only reads: what
// asks for a change (/reload) is the daemon's own business.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "amba/admin/server.hpp"
#include "amba/admin/status.hpp"
#include "amba/net/offload.hpp"
#include "app/activate.hpp"
#include "app/reload.hpp"

namespace amba::app {

class Answers {
  public:
    Answers(Activate& activate, const Reload& reload, net::Offload& offload, std::string daemon);

    void handle(const admin::Request& request, admin::Server::Respond respond);
    // From now on status says so, and nothing runs beside the loop.
    void stopping() { stopping_ = true; }

  private:
    using StatusPtr = std::shared_ptr<admin::Status>;
    StatusPtr status() const;
    void tell(const char* type, std::string (*write)(const admin::Status&),
              admin::Server::Respond respond);
    admin::Reply health(bool ready) const;
    admin::Reply config() const;

    Activate& activate_;
    const Reload& reload_;
    net::Offload& offload_;
    const std::string daemon_;
    const std::int64_t started_us_;
    bool stopping_ = false;
};

}  // namespace amba::app
