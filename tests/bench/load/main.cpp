// bench_load: clients and backends in one process and one thread, pinned to one CPU, so that a
// proxy on the other has it to itself. Measures for a while after a warm-up and prints one line of
// JSON: what was done, how long it took, and the CPU time the proxy and strangers spent meanwhile.
//
// Usage: bench_load bulk|ping|short|idle [options]; --help for all.
#include <sched.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cpu.hpp"
#include "traffic.hpp"

namespace {

using namespace bench;

struct Options {
    std::string kind;
    std::string front;  // ADDRESS of the proxy; empty: straight to the backends
    int port = 7000;
    int backend_port = 7001;
    int connections = 1;
    std::size_t size = 64;
    Direction direction = Direction::kUp;
    double seconds = 1;
    double warm_up = 0.3;
    int cpu = 1;
    std::vector<pid_t> proxy;
};

Options parse(int argc, char** argv) {
    Options out;
    CLI::App app("Load for a TCP proxy, and what it costs the proxy");
    app.add_option("kind", out.kind, "bulk, ping, short or idle")
        ->required()
        ->check(CLI::IsMember({"bulk", "ping", "short", "idle"}));
    app.add_option("--front", out.front, "the proxy's IPv4 address; without it: direct");
    app.add_option("--port", out.port, "its port")->capture_default_str();
    app.add_option("--backend-port", out.backend_port, "of 127.0.1.1 to 127.0.1.4")
        ->capture_default_str();
    app.add_option("--connections", out.connections, "at once")->capture_default_str();
    app.add_option("--size", out.size, "bytes of a message")->capture_default_str();
    const std::map<std::string, Direction> directions{
        {"up", Direction::kUp}, {"down", Direction::kDown}, {"both", Direction::kBoth}};
    app.add_option("--direction", out.direction, "of bulk: up (to the backend), down, both")
        ->transform(CLI::CheckedTransformer(directions));
    app.add_option("--seconds", out.seconds, "measured")->capture_default_str();
    app.add_option("--warm-up", out.warm_up, "seconds before")->capture_default_str();
    app.add_option("--cpu", out.cpu, "to run on; -1: any")->capture_default_str();
    app.add_option("--proxy", out.proxy, "process ids of the proxy");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::exit(app.exit(error));
    }
    return out;
}

void pin(int cpu) {
    if (cpu < 0) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    check(sched_setaffinity(0, sizeof set, &set), "sched_setaffinity");
}

Time in(double seconds) {
    return Clock::now() +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

void add_traffic(Loop& loop, const Options& options, const std::vector<Place>& to, Counts& counts) {
    if (options.kind == "bulk") {
        add_bulk_backends(loop, options.backend_port, options.direction, counts);
        return add_bulk_clients(loop, to, options.connections, options.direction, counts);
    }
    add_echo_backends(loop, options.backend_port, counts);
    if (options.kind == "short") {
        add_short_clients(loop, to, options.connections, options.size, counts);
    } else if (options.kind == "ping") {
        add_ping_clients(loop, to, options.connections, options.size, counts);
    } else {
        add_idle_clients(loop, to, options.connections, counts);
    }
}

double microseconds_at(const std::vector<std::uint32_t>& sorted, double share) {
    if (sorted.empty()) return 0;
    const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
    return sorted[std::min(at, sorted.size() - 1)] / 1000.0;
}

nlohmann::json measure(Loop& loop, const Options& options, Counts& counts) {
    loop.run_until(in(options.warm_up));
    if (counts.errors > 0) fail("errors while warming up: " + std::to_string(counts.errors));
    counts.reset();
    const auto own = [] {
        return cpu_of({getpid()});
    };
    const std::uint64_t proxy = cpu_of(options.proxy);
    const std::uint64_t known = proxy + own();
    const std::uint64_t machine = cpu_of_machine();
    const Time start = Clock::now();
    loop.run_until(in(options.seconds));
    const std::chrono::duration<double> took = Clock::now() - start;
    const std::uint64_t proxy_now = cpu_of(options.proxy);
    const std::uint64_t busy = cpu_of_machine() - machine;
    const std::uint64_t ours = proxy_now + own() - known;
    std::sort(counts.times.begin(), counts.times.end());
    return {{"seconds", took.count()},
            {"operations", counts.operations},
            {"bytes", counts.bytes},
            {"errors", counts.errors},
            {"proxy_cpu_ns", proxy_now - proxy},
            {"strangers_cpu_ns", busy > ours ? busy - ours : 0},
            {"p50_us", microseconds_at(counts.times, 0.50)},
            {"p99_us", microseconds_at(counts.times, 0.99)},
            {"p999_us", microseconds_at(counts.times, 0.999)},
            {"most_us", microseconds_at(counts.times, 1)}};
}

// Holds its connections until standard input ends.
int hold(Loop& loop, const Options& options, const Counts& counts) {
    const auto wanted = static_cast<std::uint64_t>(options.connections);
    const Time limit = in(60);
    while (counts.operations < wanted) {
        loop.run_until(in(0.05));
        if (counts.errors > 0 || Clock::now() > limit) {
            fail(std::to_string(counts.operations) + " of " + std::to_string(wanted) +
                 " connections were answered, " + std::to_string(counts.errors) + " failed");
        }
    }
    std::cout << "ready" << std::endl;
    std::string line;
    std::getline(std::cin, line);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const Options options = parse(argc, argv);
    pin(options.cpu);
    Loop loop;
    Counts counts;
    counts.times.reserve(1 << 20);
    const std::vector<Place> to = options.front.empty()
                                      ? backend_places(options.backend_port)
                                      : std::vector<Place>{{options.front, options.port}};
    add_traffic(loop, options, to, counts);
    if (options.kind == "idle") return hold(loop, options, counts);
    std::cout << measure(loop, options, counts) << std::endl;
    return 0;
}
