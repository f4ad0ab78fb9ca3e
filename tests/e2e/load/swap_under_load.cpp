// Swaps under load: short connections by the thousand a second and long-lived ones that pass data
// all the time, while the table is swapped again and again. No connection may be refused, reset,
// cut or altered or reach a backend of another table, and descriptors and memory of the ambassador
// must be as flat at the end as they were after the first swaps.
//
//   swap_under_load --amba build/release/amba --seconds 60
//
// Exit code: 0 all is well, 1 something is not, 2 the test itself could not be run.
#include <sys/resource.h>

#include <cinttypes>
#include <random>

#include "private_network.hpp"
#include "traffic.hpp"

namespace {

using namespace load;
using namespace std::chrono_literals;

constexpr std::uint32_t kHost = 0x7F7F0002;  // 127.127.0.2
constexpr int kReconfigureEvery =
    25;  // of so many swaps one; the others are a file and POST /reload
constexpr int kExtraFrontendEvery = 10;
constexpr std::uint64_t kFirstMeasure = 1000;  // swaps until the first look at the footprint
constexpr std::uint64_t kLeastSwaps = 40;  // before that look and after it, however slow they are
constexpr long kMoreKib = 512;
constexpr std::size_t kMoreDescriptors = 4;  // pipes in the pool come in pairs

struct Options {
    std::string amba;
    int seconds = std::getenv("AMBA_FULL") ? 60 : 10;
    int connectors = 48;
    int long_lived = 100;
    int swap_ms = 20;
    int rebind_every = 25;
    int min_rate = 0;
    bool look_at_memory = true;
};

[[noreturn]] void usage(const char* wrong) {
    std::fprintf(stderr,
                 "%s\nusage: swap_under_load --amba PATH [--seconds N] [--connectors N] [--long N] "
                 "[--swap-ms N]\n"
                 "         [--rebind N]      change between ADDR:PORT and PORT every N swaps [25], "
                 "0: never\n"
                 "         [--min-rate N]    fail below so many connections a second\n"
                 "         [--no-memory]     do not judge memory (sanitizers)\n",
                 wrong);
    std::exit(2);
}

Options parse(int argc, char** argv) {
    Options out;
    const char* from_environment = std::getenv("AMBA_BIN");
    if (from_environment) out.amba = from_environment;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--no-memory") {
            out.look_at_memory = false;
            continue;
        }
        if (i + 1 == argc) usage(argv[i]);
        const char* value = argv[++i];
        if (word == "--amba") {
            if (!from_environment) out.amba = value;
        } else if (word == "--seconds") {
            out.seconds = std::atoi(value);
        } else if (word == "--connectors") {
            out.connectors = std::atoi(value);
        } else if (word == "--long") {
            out.long_lived = std::atoi(value);
        } else if (word == "--swap-ms") {
            out.swap_ms = std::atoi(value);
        } else if (word == "--rebind") {
            out.rebind_every = std::atoi(value);
        } else if (word == "--min-rate") {
            out.min_rate = std::atoi(value);
        } else {
            usage(argv[i - 1]);
        }
    }
    if (out.amba.empty()) usage("no --amba PATH");
    if (out.seconds < 1 || out.connectors < 1 || out.swap_ms < 1) usage("numbers from 1");
    return out;
}

// A table as the test makes them: some addresses of the two backends, with weights. Unchecked: the
// backends count resets, and a check ends with one.
struct Table {
    std::string bind;
    std::vector<std::pair<std::string, int>> backends;
    AllowedBackends::Mask allowed = 0;
    std::string extra;  // another frontend that comes and goes

    std::string json(const std::string& revision) const {
        std::string out = "{\"revision\": \"" + revision +
                          "\", \"frontends\": [\n  {\"name\": " + "\"load\", \"bind\": \"" + bind +
                          "\", \"backends\": [";
        for (const auto& [address, weight] : backends) {
            out += (out.back() == '[' ? "\n" : ",\n");
            out += "    {\"address\": \"" + address +
                   "\", \"check\": \"off\", \"weight\": " + std::to_string(weight) + "}";
        }
        out += "]}";
        if (!extra.empty()) {
            out += ",\n  {\"bind\": \"" + extra + "\", \"backends\": [{\"address\": \"" +
                   backends.front().first + "\", \"check\": \"off\"}]}";
        }
        return out + "]}\n";
    }

    std::vector<std::string> words() const {
        std::vector<std::string> out{bind, "name=load", "check=off"};
        for (const auto& [address, weight] : backends) {
            out.push_back(address);
            out.push_back("weight=" + std::to_string(weight));
        }
        if (!extra.empty()) {
            out.insert(out.end(), {"+", extra, "check=off", backends.front().first});
        }
        return out;
    }
};

class Swaps {
  public:
    Swaps(const Options& options, const Backend& a, const Backend& b, std::uint16_t port,
          std::uint16_t extra_port) :
        options_(options),
        a_(a), b_(b), port_(port), extra_port_(extra_port) {}

    // The nth table: one backend, the other, both with all kinds of weights, many addresses.
    Table table(std::uint64_t n) {
        Table out;
        const bool wide = options_.rebind_every > 0 && n / options_.rebind_every % 2 == 1;
        out.bind = (wide ? "*:" : "127.127.0.2:") + std::to_string(port_);
        switch (n % 5) {
            case 0: add(out, a_, 1); break;
            case 1: add(out, b_, 1); break;
            case 2: add(out, a_, weight()), add(out, b_, weight()); break;
            case 3: add(out, a_, weight()), add(out, b_, 0); break;
            case 4:
                for (int i = 0; i < 4; ++i)
                    add(out, i % 2 ? a_ : b_, weight());
                break;
        }
        if (n % kExtraFrontendEvery == 0) out.extra = "127.127.0.3:" + std::to_string(extra_port_);
        return out;
    }

  private:
    int weight() { return 1 + static_cast<int>(random_() % 10); }

    void add(Table& table, const Backend& backend, int weight) {
        const unsigned at = random_() % kAddresses;
        const std::string address = backend.address(at);
        for (const auto& [known, ignored] : table.backends) {
            if (known == address) return;
        }
        table.backends.emplace_back(address, weight);
        if (weight > 0) table.allowed |= AllowedBackends::Mask{1} << backend.identity(at);
    }

    const Options& options_;
    const Backend& a_;
    const Backend& b_;
    const std::uint16_t port_;
    const std::uint16_t extra_port_;
    std::minstd_rand random_{1};
};

// The number behind "generation" in a verdict, 0 when there is none.
std::uint64_t generation_of(const std::string& answer) {
    if (answer.find("\"applied\"") == std::string::npos) return 0;
    const std::size_t at = answer.find("\"generation\":");
    return at == std::string::npos ? 0 : std::strtoull(&answer[at + 13], nullptr, 10);
}

double processor_seconds(int who) {
    rusage used{};
    getrusage(who, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

struct RestFootprint {
    std::uint64_t swaps = 0;
    Ambassador::Footprint footprint;
    bool at_rest = false;
};

class Run {
  public:
    explicit Run(Options options) :
        options_(std::move(options)), swaps_(options_, a_, b_, port_, free_port()),
        next_(swaps_.table(0)), amba_(options_.amba, next_.words()) {}

    int go() {
        allowed_.set(next_.allowed);
        if (!amba_.listens(kHost, port_)) {
            std::fprintf(stderr, "the ambassador does not listen; it said:\n%s",
                         amba_.last_lines(10).c_str());
            return 2;
        }
        generation_ = 1;
        traffic_.emplace(kHost, port_, options_.connectors, options_.long_lived, allowed_);
        started_ = Clock::now();
        swap_until(started_ + std::chrono::seconds(options_.seconds));
        elapsed_ = std::chrono::duration<double>(Clock::now() - started_ - rested_).count();
        last_ = measure_at_rest();
        traffic_->finish();
        if (const int code = amba_.end(); code != 0) {
            problem("the ambassador ended with exit code " + std::to_string(code));
        }
        judge();
        report();
        return problems_.empty() ? 0 : 1;
    }

  private:
    void swap_until(Clock::time_point end) {
        const auto step = std::chrono::milliseconds(options_.swap_ms);
        const auto total = end - started_;
        const bool many = total / step >= static_cast<long>(2 * kFirstMeasure);
        auto next_swap = started_, next_second = started_ + 1s;
        std::uint64_t connections_then = 0;
        bool measured = false;
        std::uint64_t least = ~std::uint64_t{0};  // swaps; known with the first look
        for (auto now = started_; (now < end || swapped_ < least) && !hopeless();
             now = Clock::now()) {
            if (now >= next_second) {
                const std::uint64_t connections = traffic_->connections();
                per_second_.push_back(connections - connections_then);
                connections_then = connections;
                next_second += 1s;
            }
            const bool late = now - started_ >= (many ? total / 2 : total / 10);
            if (!measured && swapped_ >= (late ? kLeastSwaps : kFirstMeasure)) {
                measured = true;
                first_ = measure_at_rest();
                least = swapped_ + kLeastSwaps;
                next_swap = next_second = Clock::now();
                next_second += 1s;
                connections_then = traffic_->connections();
            }
            swap();
            next_swap = std::max(next_swap + step, now);
            std::this_thread::sleep_until(next_swap);
        }
    }

    bool hopeless() const { return problems_.size() > 10 || traffic_->errors() > 1000; }

    void swap() {
        const std::uint64_t n = swapped_ + 1;
        const AllowedBackends::Mask before = allowed_.current();
        next_ = swaps_.table(n);
        allowed_.set(before | next_.allowed);
        const auto started = Clock::now();
        std::string said;
        if (n % kReconfigureEvery == 0) {
            const int code = amba_.reconfigure(next_.words(), &said);
            if (code != 0) problem("reconfigure: exit code " + std::to_string(code) + ": " + said);
            ++by_reconfigure_;
            ++generation_;
        } else {
            const std::string revision = "swap-" + std::to_string(n);
            amba_.write_config(next_.json(revision));
            said = amba_.ask("POST", "/reload?revision=" + revision);
            if (const std::uint64_t now = generation_of(said); now != ++generation_) {
                problem("swap " + std::to_string(n) + ": expected generation " +
                        std::to_string(generation_) + ", the answer was: " + said);
                if (now != 0) generation_ = now;
            }
        }
        swap_times_.push_back(milliseconds(Clock::now() - started));
        allowed_.set(next_.allowed);
        ++swapped_;
    }

    // What the ambassador holds at rest: 100 ms without a change, or the least within 20 s.
    RestFootprint measure_at_rest() {
        const auto started = Clock::now();
        RestFootprint out;
        out.swaps = swapped_;
        out.at_rest = traffic_->rest();
        out.footprint = amba_.footprint();
        for (int same = 0; same < 10 && Clock::now() - started < 20s;) {
            std::this_thread::sleep_for(10ms);
            const auto now = amba_.footprint();
            same = now.descriptors == out.footprint.descriptors ? same + 1 : 0;
            out.footprint.descriptors = std::min(out.footprint.descriptors, now.descriptors);
            out.footprint.anonymous_kib = now.anonymous_kib;
        }
        if (!out.at_rest) problem("the connections did not come to rest");
        traffic_->go_on();
        rested_ += Clock::now() - started;
        return out;
    }

    void judge() {
        if (traffic_->errors() > 0)
            problem("connections failed, the first: " + traffic_->first_failure());
        if (const auto resets = a_.resets() + b_.resets(); resets > 0) {
            problem(std::to_string(resets) + " connections were reset on the backends' side");
        }
        if (last_.footprint.descriptors > first_.footprint.descriptors + kMoreDescriptors) {
            problem("descriptors grow");
        }
        if (options_.look_at_memory &&
            last_.footprint.anonymous_kib > first_.footprint.anonymous_kib + kMoreKib) {
            problem("memory grows");
        }
        if (rate() < options_.min_rate) problem("too few connections a second");
    }

    double rate() const { return static_cast<double>(traffic_->counts().connections) / elapsed_; }

    void report() {
        const Counts& counts = traffic_->counts();
        std::sort(per_second_.begin(), per_second_.end());
        std::sort(swap_times_.begin(), swap_times_.end());
        const auto at = [&](double part) {
            return swap_times_.empty() ? 0
                                       : swap_times_[static_cast<std::size_t>(
                                             part * static_cast<double>(swap_times_.size() - 1))];
        };
        std::printf(
            "swap under load: %.1f s, %d connectors, %d long-lived connections, a swap every "
            "%d ms\n",
            elapsed_, options_.connectors, options_.long_lived, options_.swap_ms);
        std::printf("  connections      %" PRIu64 ", %.0f a second (goal 5000)", counts.connections,
                    rate());
        if (!per_second_.empty()) {
            std::printf("; least %" PRIu64 ", most %" PRIu64 " in one second", per_second_.front(),
                        per_second_.back());
        }
        std::printf("\n  refused          %" PRIu64 "\n  reset            %" PRIu64
                    "\n  cut short        %" PRIu64 "\n  altered          %" PRIu64
                    "\n  timed out        %" PRIu64 "\n  wrong backend    %" PRIu64 "\n",
                    counts.refused, counts.reset, counts.cut, counts.altered, counts.timeouts,
                    counts.wrong_backend);
        std::printf("  long-lived       %" PRIu64
                    " messages, %.1f MiB each way, checked by both ends\n",
                    counts.long_messages, static_cast<double>(counts.long_bytes) / (1 << 20));
        std::printf("  swaps            %" PRIu64 ", %" PRIu64
                    " of them by amba reconfigure --wait; "
                    "written to live: median %.1f ms, p99 %.1f ms, most %.1f ms\n",
                    swapped_, by_reconfigure_, at(0.5), at(0.99), at(1));
        std::printf("  descriptors      %zu after %" PRIu64 " swaps, %zu at the end\n",
                    first_.footprint.descriptors, first_.swaps, last_.footprint.descriptors);
        std::printf("  anonymous memory %ld KiB after %" PRIu64 " swaps, %ld KiB at the end\n",
                    first_.footprint.anonymous_kib, first_.swaps, last_.footprint.anonymous_kib);
        std::printf(
            "  processor time   %.1f s by the ambassador and its helpers, %.1f s by this test\n",
            processor_seconds(RUSAGE_CHILDREN), processor_seconds(RUSAGE_SELF));
        std::printf("  result           %s\n", problems_.empty() ? "as it must be" : "FAILED");
        for (const std::string& problem : problems_)
            std::printf("* %s\n", problem.c_str());
        if (!problems_.empty()) {
            std::printf("the ambassador's last lines:\n%s", amba_.last_lines(30).c_str());
        }
    }

    void problem(std::string what) { problems_.push_back(std::move(what)); }

    const Options options_;
    Backend a_{0};
    Backend b_{1};
    const std::uint16_t port_ = free_port();
    Swaps swaps_;
    Table next_;
    AllowedBackends allowed_;
    Ambassador amba_;
    std::optional<Traffic> traffic_;
    Clock::time_point started_;
    Clock::duration rested_{0};
    double elapsed_ = 0;
    std::uint64_t swapped_ = 0;
    std::uint64_t by_reconfigure_ = 0;
    std::uint64_t generation_ = 0;
    std::vector<std::uint64_t> per_second_;
    std::vector<double> swap_times_;
    RestFootprint first_;
    RestFootprint last_;
    std::vector<std::string> problems_;
};

}  // namespace

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    const Options options = parse(argc, argv);
    enter_private_network();
    return Run(options).go();
}
