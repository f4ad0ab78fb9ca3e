// The daemon: the loop and the rooms on it, from start to exit.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "amba/admin/server.hpp"
#include "amba/daemon/run.hpp"
#include "amba/files/dir_watch.hpp"
#include "amba/files/files.hpp"
#include "amba/names/resolver.hpp"
#include "amba/net/deadlines.hpp"
#include "amba/net/offload.hpp"
#include "amba/net/poller.hpp"
#include "amba/volume/volume.hpp"
#include "daemon/activate.hpp"
#include "daemon/answers.hpp"
#include "daemon/client_watch.hpp"
#include "daemon/drain.hpp"
#include "daemon/orphan_watch.hpp"
#include "daemon/predecessor.hpp"
#include "daemon/reload.hpp"
#include "daemon/successor.hpp"

namespace amba::daemon {

class Daemon {
  public:
    explicit Daemon(Options options);
    ~Daemon();
    core::Exit run();

  private:
    // A table to start with, in the order of preference.
    struct First {
        table::Table table;
        std::string revision;
        std::uint64_t generation;  // 0: the next
        std::string from;          // for the log
        bool from_config = false;  // when it cannot serve, the next one is tried
    };

    bool take_lock();
    bool take_over();
    bool has_handed_over();
    std::string may_serve();
    bool replace_predecessor();
    bool open_sockets();
    void open_local_socket();
    void restore_later();
    void restore_state();
    bool restore_lock();
    std::vector<First> choose_first();
    void take_config(const volume::ActiveDocument* known, bool words_changed,
                     std::vector<First>& out);
    void try_first(std::vector<First> choices);
    void cannot_start(const std::string& reason);
    void started();
    void on_signals();
    void stop(const char* signal);
    void handed_over();
    void orphaned();
    void end(const std::string& why);
    void handle(const admin::Request& request, admin::Server::Respond respond);
    std::string standing() const;
    void fold_later();
    void keep_writing();

    Options options_;
    const std::string id_;
    boost::asio::io_context loop_{1};
    net::Deadlines deadlines_{loop_};
    net::Poller poller_{loop_};
    names::Resolver resolver_{loop_};
    net::Offload offload_{loop_};
    net::Descriptor lock_;
    admin::Server server_;
    Activate activate_;
    Reload reload_;
    OrphanWatch orphan_watch_;
    ClientWatch client_watch_;
    Answers answers_;
    std::optional<files::DirWatch> watch_;
    boost::asio::signal_set signals_;
    Drain drain_;
    Successor successor_;
    std::unique_ptr<Predecessor> predecessor_;  // until this one serves in its place; null: none
    std::vector<std::string> containers_;       // whose ambassadors have handed over, to this one
    boost::asio::steady_timer fold_timer_;
    boost::asio::steady_timer kept_timer_;
    boost::asio::steady_timer restore_timer_;
    std::optional<files::FileId> socket_;  // amba.sock; unset: there is none to be made again
    std::string socket_refused_;           // why amba.sock could not be made again; empty: it could
    bool stopping_ = false;
    core::Exit exit_code_ = core::kDone;
    std::uint64_t known_generation_ = 0;
    std::string found_wrong_;  // why the config.json that was found at start is rejected
};

}  // namespace amba::daemon
