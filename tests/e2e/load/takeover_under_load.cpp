// Upgrades under load: one ambassador takes the place of the other again and again, under short
// connections by the thousand a second and long-lived ones, and now and then while the table is
// swapped as well. No connection may be refused, reset, cut or altered, no table may be lost, and
// all ambassadors must end well.
//
//   takeover_under_load --amba build/release/amba --times 50
//
// Exit code: 0 all is well, 1 something is not, 2 the test itself could not be run.
#include <cinttypes>
#include <optional>

#include "private_network.hpp"
#include "traffic.hpp"

namespace {

using namespace load;
using namespace std::chrono_literals;

constexpr std::uint32_t kHost = 0x7F7F0002;  // 127.127.0.2
constexpr int kEndSeconds = 60;

struct Options {
    std::string amba;
    int times = std::getenv("AMBA_FULL") ? 50 : 10;
    int connectors = 48;
    int long_lived = 20;
    int pause_ms = 200;
};

[[noreturn]] void usage(const char* wrong) {
    std::fprintf(stderr,
                 "%s\nusage: takeover_under_load --amba PATH [--times N] [--connectors N] "
                 "[--long N] [--pause-ms N]\n",
                 wrong);
    std::exit(2);
}

Options parse(int argc, char** argv) {
    Options out;
    const char* from_environment = std::getenv("AMBA_BIN");
    for (int i = 1; i < argc; i += 2) {
        const std::string word = argv[i];
        if (i + 1 == argc) usage(argv[i]);
        const char* value = argv[i + 1];
        if (word == "--amba") {
            out.amba = value;
        } else if (word == "--times") {
            out.times = std::atoi(value);
        } else if (word == "--connectors") {
            out.connectors = std::atoi(value);
        } else if (word == "--long") {
            out.long_lived = std::atoi(value);
        } else if (word == "--pause-ms") {
            out.pause_ms = std::atoi(value);
        } else {
            usage(argv[i]);
        }
    }
    if (from_environment) out.amba = from_environment;
    if (out.amba.empty()) usage("no --amba PATH");
    if (out.times < 1 || out.connectors < 1) usage("numbers from 1");
    return out;
}

class Run {
  public:
    explicit Run(Options options) : options_(std::move(options)), amba_(options_.amba, words(0)) {}

    int go() {
        allowed_.set(mask(0) | mask(1));
        if (!amba_.listens(kHost, port_)) {
            std::fprintf(stderr, "the ambassador does not listen; it said:\n%s",
                         amba_.last_lines(10).c_str());
            return 2;
        }
        traffic_.emplace(kHost, port_, options_.connectors, options_.long_lived, allowed_);
        const auto started = Clock::now();
        for (int i = 1; i <= options_.times && problems_.size() < 5; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(options_.pause_ms));
            upgrade(i);
        }
        const double seconds = std::chrono::duration<double>(Clock::now() - started).count();
        traffic_->finish();
        std::vector<int> bad;
        if (const std::size_t left = amba_.end_of_those_before(kEndSeconds, bad); left > 0) {
            problem(std::to_string(left) + " ambassadors do not end after their last connection");
        }
        for (const int status : bad)
            problem("an ambassador ended with status " + std::to_string(status));
        if (const int code = amba_.end(); code != 0) {
            problem("the last ambassador ended with exit code " + std::to_string(code));
        }
        judge();
        report(seconds);
        return problems_.empty() ? 0 : 1;
    }

  private:
    std::vector<std::string> words(int which) const {
        return {"127.127.0.2:" + std::to_string(port_), "check=off",
                (which % 2 == 0 ? a_ : b_).address(0)};
    }
    AllowedBackends::Mask mask(int which) const {
        return AllowedBackends::Mask{1} << (which == 0 ? a_ : b_).identity(0);
    }

    // Of three upgrades one comes after a swap, one at the same time, and one alone.
    void upgrade(int i) {
        const int kind = i % 3;
        if (kind == 0) reconfigure();
        const auto begin = Clock::now();
        std::thread beside;
        if (kind == 1) beside = std::thread([this] { reconfigure(); });
        if (!amba_.take_over(words(0))) problem("upgrade " + std::to_string(i) + " was not done");
        times_.push_back(milliseconds(Clock::now() - begin));
        if (beside.joinable()) beside.join();
        const std::string serving = amba_.ask("GET", "/config");
        const std::string wanted = (swaps_ % 2 == 0 ? a_ : b_).address(0);
        if (serving.find(wanted) == std::string::npos) {
            problem("after upgrade " + std::to_string(i) + " the table is not that of swap " +
                    std::to_string(swaps_) + ": " + serving);
        }
    }

    void reconfigure() {
        ++swaps_;
        std::string said;
        const int code = amba_.reconfigure(words(swaps_), &said);
        if (code != 0) problem("reconfigure: exit code " + std::to_string(code) + ": " + said);
    }

    void judge() {
        if (traffic_->errors() > 0)
            problem("connections failed, the first: " + traffic_->first_failure());
        if (const auto resets = a_.resets() + b_.resets(); resets > 0) {
            problem(std::to_string(resets) + " connections were reset on the backends' side");
        }
    }

    void report(double seconds) {
        const Counts& counts = traffic_->counts();
        std::sort(times_.begin(), times_.end());
        std::printf(
            "takeover under load: %zu times in %.1f s, %d connectors, %d long-lived "
            "connections, %d swaps\n",
            times_.size(), seconds, options_.connectors, options_.long_lived, swaps_);
        std::printf("  connections      %" PRIu64 ", %.0f a second\n", counts.connections,
                    static_cast<double>(counts.connections) / seconds);
        std::printf("  refused          %" PRIu64 "\n  reset            %" PRIu64
                    "\n  cut short        %" PRIu64 "\n  altered          %" PRIu64
                    "\n  timed out        %" PRIu64 "\n",
                    counts.refused, counts.reset, counts.cut, counts.altered, counts.timeouts);
        std::printf("  long-lived       %" PRIu64 " messages, checked by both ends\n",
                    counts.long_messages);
        if (!times_.empty()) {
            std::printf("  start to done    median %.0f ms, most %.0f ms\n",
                        times_[times_.size() / 2], times_.back());
        }
        std::printf("  result           %s\n", problems_.empty() ? "as it must be" : "FAILED");
        for (const std::string& problem : problems_)
            std::printf("* %s\n", problem.c_str());
        if (!problems_.empty()) {
            std::printf("the ambassadors' last lines:\n%s", amba_.last_lines(40).c_str());
        }
    }

    void problem(std::string what) { problems_.push_back(std::move(what)); }

    const Options options_;
    Backend a_{0};
    Backend b_{1};
    const std::uint16_t port_ = free_port();
    AllowedBackends allowed_;
    Ambassador amba_;
    std::optional<Traffic> traffic_;
    int swaps_ = 0;
    std::vector<double> times_;
    std::vector<std::string> problems_;
};

}  // namespace

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    const Options options = parse(argc, argv);
    enter_private_network();
    return Run(options).go();
}
