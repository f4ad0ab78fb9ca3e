// What the daemon answers over HTTP, over its UNIX socket and over TCP alike. It only reads: what
// asks for a change (/reload) is the daemon's own business.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "amba/admin/server.hpp"
#include "amba/admin/status.hpp"
#include "daemon/activate.hpp"
#include "daemon/large_answers.hpp"
#include "daemon/orphan_watch.hpp"
#include "daemon/reload.hpp"

namespace amba::daemon {

class Answers {
  public:
    Answers(Activate& activate, const Reload& reload, const OrphanWatch& orphan_watch,
            boost::asio::io_context& loop, admin::Server& server, std::string daemon);

    void handle(const admin::Request& request, admin::Server::Respond respond);
    // From now on status says that the daemon is stopping.
    void stopping() { stopping_ = true; }

  private:
    using StatusPtr = std::shared_ptr<admin::Status>;
    StatusPtr status() const;
    using Writer = std::string (*)(const admin::Status&);
    void tell(const char* type, Writer write, admin::Server::Respond respond);
    LargeAnswers::Write begin(StatusPtr status, Writer write) const;
    void config(admin::Server::Respond respond);
    admin::Reply health(bool ready) const;

    Activate& activate_;
    const Reload& reload_;
    const OrphanWatch& orphan_watch_;
    LargeAnswers large_;
    const std::string daemon_;
    const std::int64_t started_us_;
    bool stopping_ = false;
};

}  // namespace amba::daemon
