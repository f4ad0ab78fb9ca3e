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
#include "amba/net/deadlines.hpp"
#include "amba/net/dir_watch.hpp"
#include "amba/net/file_id.hpp"
#include "amba/net/offload.hpp"
#include "amba/net/poller.hpp"
#include "amba/net/resolver.hpp"
#include "amba/volume/volume.hpp"
#include "app/activate.hpp"
#include "app/answers.hpp"
#include "app/reload.hpp"

namespace amba::app {

struct DaemonOptions {
    volume::Paths paths;
    std::vector<std::string> words;     // the table of the command line, as words
    std::optional<table::Table> table;  // the same, parsed
    std::optional<core::Bind> admin;
    core::Duration drain_timeout{8000};
    unsigned log_connections = 0;  // one of so many is logged; 0: none
    bool poll = false;             // do not use inotify
};

class Daemon {
  public:
    explicit Daemon(DaemonOptions options);
    ~Daemon();
    int run();  // the exit code

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
    bool open_sockets();
    void restore_later();
    void restore_state();
    bool restore_lock();
    std::vector<First> choose_first();
    void take_config(const volume::Active* known, bool words_changed, std::vector<First>& out);
    void try_first(std::vector<First> choices);
    void cannot_start(const std::string& reason);
    void started();
    void on_signals();
    void stop(const char* signal);
    void end(const std::string& why);
    void handle(const admin::Request& request, admin::Server::Respond respond);
    std::string standing() const;
    void fold_later();
    void keep_writing();

    DaemonOptions options_;
    const std::string id_;
    boost::asio::io_context loop_{1};
    net::Deadlines deadlines_{loop_};
    net::Poller poller_{loop_};
    net::Resolver resolver_{loop_};
    net::Offload offload_{loop_};
    net::Descriptor lock_;
    admin::Server server_;
    Activate activate_;
    Reload reload_;
    Answers answers_;
    std::optional<net::DirWatch> watch_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer drain_timer_;
    boost::asio::steady_timer fold_timer_;
    boost::asio::steady_timer kept_timer_;
    boost::asio::steady_timer restore_timer_;
    std::optional<net::FileId> socket_;  // amba.sock; unset: there is none to be made again
    std::string socket_refused_;         // why amba.sock could not be made again; empty: it could
    bool stopping_ = false;
    int exit_code_ = 0;
    std::uint64_t known_generation_ = 0;
    std::string found_wrong_;  // why the config.json that was found at start is rejected
};

}  // namespace amba::app
