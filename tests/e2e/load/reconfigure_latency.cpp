// From the start of the helper `amba reconfigure --wait` to its end, and to the first connection
// that the new backend answers. The very first connection after the helper's end must be on the new
// table; the time is told and judged by nobody: it is that of the machine as well.
//
//   reconfigure_latency --amba build/release/amba --runs 1000
//
// Exit code: 0 every first connection was on the new table, 1 one was not, 2 the test could not
// run.
#include "ambassador.hpp"
#include "private_network.hpp"

namespace {

using namespace load;

constexpr std::uint32_t kHost = 0x7F7F0002;  // 127.127.0.2
constexpr double kGoalMs = 20;

struct Options {
    std::string amba;
    int runs = std::getenv("AMBA_FULL") ? 1000 : 200;
};

[[noreturn]] void usage(const char* wrong) {
    std::fprintf(stderr, "%s\nusage: reconfigure_latency --amba PATH [--runs N]\n", wrong);
    std::exit(2);
}

Options parse(int argc, char** argv) {
    Options out;
    const char* from_environment = std::getenv("AMBA_BIN");
    for (int i = 1; i < argc; i += 2) {
        const std::string word = argv[i];
        if (i + 1 == argc) usage(argv[i]);
        if (word == "--amba") {
            out.amba = argv[i + 1];
        } else if (word == "--runs") {
            out.runs = std::atoi(argv[i + 1]);
        } else {
            usage(argv[i]);
        }
    }
    if (from_environment) out.amba = from_environment;
    if (out.amba.empty()) usage("no --amba PATH");
    if (out.runs < 1) usage("--runs: a number from 1");
    return out;
}

// The identity of the backend that answers, or -1 and why not in `why`.
int who_answers(std::uint16_t port, std::string& why) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval limit{60, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const sockaddr_in target = ipv4(kHost, port);
    Request request;
    request.check = request.expected_check();
    Reply reply;
    int out = -1;
    if (connect(fd, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) {
        why = std::string("connect: ") + std::strerror(errno);
    } else if (send(fd, &request, sizeof request, MSG_NOSIGNAL) != sizeof request) {
        why = std::string("send: ") + std::strerror(errno);
    } else {
        const ssize_t got = recv(fd, &reply, sizeof reply, MSG_WAITALL);
        if (got == sizeof reply && reply.intact == 1) {
            out = static_cast<int>(reply.identity);
        } else {
            why = got < 0 ? std::string("receive: ") + std::strerror(errno)
                          : "a reply of " + std::to_string(got) + " bytes";
        }
    }
    shutdown(fd, SHUT_WR);
    char rest[64];
    while (recv(fd, rest, sizeof rest, 0) > 0) {
    }
    close(fd);
    return out;
}

void print(const char* what, std::vector<double> times) {
    if (times.empty()) return;
    std::sort(times.begin(), times.end());
    const auto at = [&](double part) {
        return times[static_cast<std::size_t>(part * static_cast<double>(times.size() - 1))];
    };
    std::printf("  %-42s median %6.2f ms   p99 %6.2f ms   most %6.2f ms\n", what, at(0.5), at(0.99),
                times.back());
}

struct Times {
    std::vector<double> program;  // a helper that does nothing, for comparison
    std::vector<double> helper;
    std::vector<double> live;
};

// One swap to the address `at` of a backend; empty when all is well.
std::string swap_once(const Ambassador& amba, std::uint16_t port, const Backend& backend,
                      unsigned at, Times& times) {
    const std::string front = "127.127.0.2:" + std::to_string(port);
    const auto started = Clock::now();
    const int code = amba.reconfigure({front, "check=off", backend.address(at)});
    const auto ended = Clock::now();
    std::string why;
    const int answered = who_answers(port, why);
    const auto live = Clock::now();
    if (code != 0) return "the helper ended with exit code " + std::to_string(code);
    if (answered < 0) return "the first connection failed: " + why;
    const int expected = static_cast<int>(backend.identity(at));
    if (answered != expected) {
        return "the first connection was answered by backend " + std::to_string(answered) +
               ", expected " + std::to_string(expected);
    }
    times.helper.push_back(milliseconds(ended - started));
    times.live.push_back(milliseconds(live - started));
    return {};
}

int run(const Options& options) {
    const Backend a(0);
    const Backend b(1);
    const std::uint16_t port = free_port();
    const Ambassador amba(options.amba,
                          {"127.127.0.2:" + std::to_string(port), a.address(kAddresses - 1)});
    if (!amba.listens(kHost, port)) {
        std::fprintf(stderr, "the ambassador does not listen; it said:\n%s",
                     amba.last_lines(10).c_str());
        return 2;
    }
    Times times;
    int violations = 0;
    std::string first;
    for (int i = 0; i < options.runs && violations < 10; ++i) {
        const std::string wrong = swap_once(amba, port, i % 2 == 0 ? b : a,
                                            static_cast<unsigned>(i / 2) % kAddresses, times);
        if (!wrong.empty() && violations++ == 0) first = "run " + std::to_string(i) + ": " + wrong;
        if (i % 10 == 0) {
            const auto started = Clock::now();
            wait_for(spawn({options.amba, "--version"}, "/dev/null"));
            times.program.push_back(milliseconds(Clock::now() - started));
        }
    }
    std::printf("amba reconfigure --wait, %zu runs\n", times.live.size());
    print("helper's start to its end", times.helper);
    print("helper's start to the first new answer", times.live);
    print("(amba --version: starting a program alone)", times.program);
    std::sort(times.live.begin(), times.live.end());
    const auto at_goal = std::lower_bound(times.live.begin(), times.live.end(), kGoalMs);
    std::printf("  goal: p99 under %.0f ms; %.2f %% of the runs were\n", kGoalMs,
                times.live.empty() ? 0.0
                                   : 100.0 * static_cast<double>(at_goal - times.live.begin()) /
                                         static_cast<double>(times.live.size()));
    std::printf("  first connections not on the new table: %d\n", violations);
    if (violations == 0) return 0;
    std::printf("* %s\nthe ambassador's last lines:\n%s", first.c_str(),
                amba.last_lines(30).c_str());
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    const Options options = parse(argc, argv);
    enter_private_network();
    return run(options);
}
