// run: the ambassador.
#include <linux/capability.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <csignal>

#include "amba/daemon/run.hpp"
#include "amba/log/log.hpp"
#include "amba/table/words.hpp"
#include "cli/commands.hpp"

namespace amba::cli {

namespace {

// The reader of the log has this long to take the last lines.
constexpr core::Duration kLastLines{200};

// The image's binary carries CAP_NET_BIND_SERVICE as permitted, for ports below 1024 in the host's
// network namespace; it is not effective by itself, because the kernel would then refuse to start
// the program where the capability is dropped (capabilities(7)). Where it is not permitted, nothing
// happens here and the bind says what is missing.
void raise_bind_capability() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
    if (syscall(SYS_capget, &header, data) != 0) return;
    constexpr std::uint32_t kBit = 1u << CAP_NET_BIND_SERVICE;
    if ((data[0].permitted & kBit) == 0) return;
    data[0].effective |= kBit;
    syscall(SYS_capset, &header, data);
}

void prepare_process() {
    raise_bind_capability();
    // splice(2) has no MSG_NOSIGNAL. As PID 1 of a container the ambassador may inherit children:
    // with SIGCHLD ignored they leave no zombies.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGCHLD, SIG_IGN);
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    // Three arenas: one for the loop, and one for each of two threads beside it. A large table is
    // made and freed in another than the loop's, which would sort a hundred thousand freed chunks.
    // While one thread makes a table another writes an answer: in a common arena what stays and
    // what is freed soon would lie side by side, and no page of it could be given back.
    mallopt(M_ARENA_MAX, 3);
}

// Parses into `options`; returns an exit code when there is nothing to run. All that parsing needs
// is freed when it returns.
std::optional<int> parse_run(Arguments arguments, daemon::Options& options) {
    CLI::App app("Start the ambassador. Without a table it waits for one in the volume.", "run");
    VolumeOptions volume;
    volume.add(app);
    Arguments words;
    std::string admin;
    std::string drain = "8s";
    std::string drain_accept = "auto";
    std::string orphan_exit = "5s";
    std::string exit_with_clients;
    std::string log_connections = "0";
    LogOptions log;
    app.add_option("TABLE", words, "FRONTEND [KEY=VALUE]... [BACKEND [KEY=VALUE]...]... [+ ...]");
    app.add_option("--admin", admin, "Serve status over HTTP there, read-only")
        ->envname("ADMIN")
        ->type_name("ADDR:PORT");
    app.add_option("--drain-timeout", drain, "Time for connections to end after SIGTERM [8s]")
        ->type_name("TIME");
    app.add_option("--drain-accept", drain_accept,
                   "New connections after SIGTERM: on, off, or auto, on loopback addresses [auto]")
        ->type_name("WHERE");
    app.add_option("--orphan-exit", orphan_exit,
                   "Exit, with code 4, that long after the last network link has left, or off [5s]")
        ->type_name("TIME");
    app.add_flag("--exit-with-clients{10s}", exit_with_clients,
                 "Exit that long after the last process or socket of a client has gone [10s]")
        ->default_str("TIME");
    log.add(app);
    app.add_flag("--log-connections{1}", log_connections,
                 "Log each connection when it ends; =N: one of N")
        ->default_str("N");
    app.add_flag("--poll", options.poll, "Look at config.json every 500 ms instead of inotify");
    app.add_flag("--takeover", options.takeover,
                 "Take the place of the ambassador that serves in this volume, without a gap")
        ->envname("AMBA_TAKEOVER");
    app.footer("Example:\n  amba run 127.127.0.2:6379 redis1:6379 redis2:6379 weight=3");
    if (const auto code = parse(app, std::move(arguments))) return *code;

    options.words = table::split_words(std::move(words));
    if (!options.words.empty()) {
        auto table = table::parse_words(options.words);
        if (!table) return fail(kWrong, table.error().reason);
        options.table = std::move(*table);
    }
    if (!admin.empty()) {
        const auto bind = table::parse_bind(admin);
        if (!bind) return fail(kWrong, "--admin or ADMIN: " + bind.error().reason);
        options.admin = *bind;
    }
    const auto drain_timeout = core::parse_duration(drain);
    if (!drain_timeout) return fail(kWrong, "--drain-timeout: " + drain_timeout.error().reason);
    options.drain_timeout = *drain_timeout;
    const auto accept = daemon::parse_drain_accept(drain_accept);
    if (!accept) {
        return fail(kWrong,
                    "--drain-accept: " + core::quote(drain_accept) + "; expected auto, on or off");
    }
    options.drain_accept = *accept;
    const auto orphan_time = core::parse_duration(orphan_exit);
    if (orphan_exit == "off") {
        options.orphan_exit.reset();
    } else if (orphan_time) {
        options.orphan_exit = *orphan_time;
    } else {
        return fail(kWrong, "--orphan-exit: " + orphan_time.error().reason + ", or off");
    }
    if (!exit_with_clients.empty()) {
        const auto time = core::parse_duration(exit_with_clients);
        if (!time) return fail(kWrong, "--exit-with-clients: " + time.error().reason);
        options.exit_with_clients = *time;
    }
    const char* const end = log_connections.data() + log_connections.size();
    const auto read = std::from_chars(log_connections.data(), end, options.log_connections);
    if (read.ec != std::errc() || read.ptr != end) {
        return fail(kWrong, "--log-connections: " + core::quote(log_connections) +
                                "; expected a whole number, one of how many is logged");
    }
    options.paths = volume.paths();
    log.apply();
    return std::nullopt;
}

}  // namespace

int command_run(Arguments arguments) {
    daemon::Options options;
    if (const auto code = parse_run(std::move(arguments), options)) return *code;
    prepare_process();
    const int code = daemon::run(std::move(options));
    log::finish(kLastLines);
    return code;
}

}  // namespace amba::cli
