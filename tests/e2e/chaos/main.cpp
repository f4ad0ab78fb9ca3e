// Chaos: random tables under random clients and servers, from a seed. Whatever happens meanwhile,
// the ambassador lives, takes every table, and at the end holds nothing: no connection, no one in a
// queue, no backend that is leaving, not a descriptor more than at first, and it uses no CPU. Now
// and then clients and servers stand still, with what they have open, and then the ambassador must
// have nothing to do. A frontend that nobody changes serves all the while: see steady_frontend.hpp.
//
//   chaos --amba build/asan/amba --seconds 60 [--seed N]
//
// The seed is printed; with the same one the same tables and behaviours come in the same order,
// though not at the same moments. Exit code: 0 all is well, 1 something is not, 2 the test could
// not be run.
#include <atomic>
#include <csignal>
#include <thread>

#include "../load/ambassador.hpp"
#include "../load/private_network.hpp"
#include "steady_frontend.hpp"
#include "tables.hpp"
#include "traffic.hpp"

namespace {

using namespace chaos;
using nlohmann::json;

struct Options {
    std::string amba;
    int seconds = std::getenv("AMBA_FULL") ? 300 : 60;
    std::uint64_t seed = std::random_device{}();
};

[[noreturn]] void usage() {
    std::fprintf(stderr, "usage: chaos --amba PATH [--seconds N] [--seed N]\n");
    std::exit(2);
}

Options parse(int argc, char** argv) {
    Options out;
    if (const char* seed = std::getenv("AMBA_SEED")) out.seed = std::strtoull(seed, nullptr, 10);
    const char* from_environment = std::getenv("AMBA_BIN");
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string word = argv[i];
        if (word == "--amba") {
            out.amba = argv[i + 1];
        } else if (word == "--seconds") {
            out.seconds = std::atoi(argv[i + 1]);
        } else if (word == "--seed") {
            out.seed = std::strtoull(argv[i + 1], nullptr, 10);
        } else {
            usage();
        }
    }
    if (from_environment) out.amba = from_environment;
    if (out.amba.empty() || argc % 2 == 0) usage();
    return out;
}

std::string body_of(const std::string& answer) {
    const std::size_t end = answer.find("\r\n\r\n");
    return end == std::string::npos ? std::string() : answer.substr(end + 4);
}

json status_of(const load::Ambassador& amba) {
    return json::parse(body_of(amba.ask("GET", "/status")), nullptr, false);
}

double cpu_seconds(pid_t pid) {
    const std::string stat = load::slurp("/proc/" + std::to_string(pid) + "/stat");
    unsigned long user = 0;
    unsigned long system = 0;
    const std::size_t end = stat.rfind(')');
    if (end == std::string::npos ||
        std::sscanf(stat.c_str() + end, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                    &user, &system) != 2) {
        return -1;
    }
    return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

class Chaos {
  public:
    explicit Chaos(const Options& options) :
        options_(options),
        amba_(options.amba, {at(front_host(0)), "check=off", at(server_host(0))}) {}

    int run() {
        if (!amba_.listens(0x7F7F0002, kPort, 60)) return fail("it does not start");
        apply(quiet_table());
        const std::size_t descriptors = amba_.footprint().descriptors;
        {
            Traffic traffic(options_.seed);
            SteadyFrontend steady(options_.seed + 2);
            steady_ = &steady;
            apply(with_steady(quiet_table(), false));
            std::thread swaps([this] { swap_all_the_time(); });
            const auto until = Clock::now() + std::chrono::seconds(options_.seconds);
            while (Clock::now() < until && !swaps_over_ && steady.fault().empty())
                turn(traffic, steady);
            over_ = true;
            while (!swaps_over_)
                turn(traffic, steady);
            swaps.join();
            traffic.wind_down();
            steady.wind_down();
            std::printf(
                "%d s: %llu clients, %llu connections served, %llu steady answers, %d tables, "
                "%d pauses, %d times of stillness\n",
                options_.seconds, static_cast<unsigned long long>(traffic.clients()),
                static_cast<unsigned long long>(traffic.served()),
                static_cast<unsigned long long>(steady.answers()), tables_, pauses_, stills_);
            if (!reason_.empty()) return fail(reason_);
            if (!steady.fault().empty()) return fail(steady.fault());
        }
        apply(quiet_table());
        if (!reason_.empty()) return fail(reason_);
        return look_at_the_end(descriptors);
    }

  private:
    int fail(const std::string& why) {
        std::printf("FAILED: %s (seed %llu)\n%s\n", why.c_str(),
                    static_cast<unsigned long long>(options_.seed), amba_.last_lines(60).c_str());
        return 1;
    }

    static json with_steady(json table, bool with_sick) {
        table["frontends"].push_back(SteadyFrontend::frontend(with_sick));
        return table;
    }

    void turn(Traffic& traffic, SteadyFrontend& steady) {
        if (still_) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            return;
        }
        traffic.turn();
        steady.turn();
    }

    void swap_all_the_time() {
        RandomChoice chance(options_.seed + 1);
        bool with_sick = false;
        while (!over_ && reason_.empty()) {
            const int what = chance.below(100);
            if (what < 75) {
                if (chance.percent(5)) with_sick = !with_sick;
                apply(with_steady(random_table(chance), with_sick));
            } else if (what < 84) {
                pause(chance.below(120));
            } else if (what < 86) {
                stand_still();
            } else if (what < 87) {
                steady_->refuse();
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
                pause(1200);
            } else if (what < 90) {
                kill(amba_.pid(), SIGHUP);
            } else {
                look(chance.one_of({"/status", "/metrics", "/readyz"}));
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(chance.below(60)));
        }
        swaps_over_ = true;
    }

    void look(const char* page) {
        const auto start = Clock::now();
        if (!amba_.ask("GET", page).empty()) return;
        reason_ = std::string("no answer to GET ") + page + " after " +
                  std::to_string(load::milliseconds(Clock::now() - start)) + " ms";
    }

    // Stops the ambassador: what happens meanwhile comes in one batch of events afterwards.
    void pause(int milliseconds) {
        ++pauses_;
        kill(amba_.pid(), SIGSTOP);
        std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
        kill(amba_.pid(), SIGCONT);
    }

    // Clients and servers do nothing: whatever the ambassador waits for then comes from the kernel
    // by itself, and checks and time-outs cost it little. An ambassador that spins does so all the
    // time.
    void stand_still() {
        ++stills_;
        still_ = true;
        constexpr double kMost = 0.25;
        double share = 1;
        for (int i = 0; i < 40 && share > kMost; ++i) {
            const double before = cpu_seconds(amba_.pid());
            const auto start = Clock::now();
            std::this_thread::sleep_for(std::chrono::milliseconds(300));
            const std::chrono::duration<double> passed = Clock::now() - start;
            share = (cpu_seconds(amba_.pid()) - before) / passed.count();
        }
        still_ = false;
        if (share > kMost) {
            reason_ = "while nobody does anything it uses " + std::to_string(share) + " of a CPU";
        }
    }

    void apply(json table) {
        const std::string revision = "chaos-" + std::to_string(++tables_);
        table["revision"] = revision;
        amba_.write_config(table.dump(1));
        std::string answer;
        for (int i = 0; i < 12 && answer.empty(); ++i)
            answer = amba_.ask("POST", "/reload?revision=" + revision);
        const json verdict = json::parse(body_of(answer), nullptr, false);
        if (verdict.is_object() && verdict.value("result", "") == "applied") return;
        reason_ = "table " + revision + " was not applied: " + answer + "\n" + table.dump(1);
    }

    // Says what the ambassador still holds; empty: nothing.
    std::string what_is_left(std::size_t descriptors) const {
        const json status = status_of(amba_);
        if (!status.is_object()) return "no status";
        const json& frontends = status["frontends"];
        if (frontends.size() != 1) return "frontends that have left: " + frontends.dump();
        const json& front = frontends[0];
        for (const char* count : {"connections_current", "queue_current"}) {
            if (front[count] != 0) return std::string(count) + " is " + front[count].dump();
        }
        if (front["backends"].size() != 1)
            return "backends that leave: " + front["backends"].dump();
        if (front["backends"][0]["connections_current"] != 0) {
            return "connections of the backend: " + front["backends"][0].dump();
        }
        const std::size_t now = amba_.footprint().descriptors;
        if (now > descriptors) {
            return std::to_string(now) + " descriptors, " + std::to_string(descriptors) +
                   " at first";
        }
        return {};
    }

    int look_at_the_end(std::size_t descriptors) {
        const auto until = Clock::now() + std::chrono::seconds(60);
        std::string left = what_is_left(descriptors);
        while (!left.empty() && Clock::now() < until) {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            left = what_is_left(descriptors);
        }
        if (!left.empty()) return fail("after all have left: " + left);
        // The CPU that an idle process spends.
        const double before = cpu_seconds(amba_.pid());
        std::this_thread::sleep_for(std::chrono::seconds(2));
        const double spent = cpu_seconds(amba_.pid()) - before;
        if (before < 0 || spent > 0.2) {
            return fail("it idles with " + std::to_string(spent) + " s of CPU in 2 s");
        }
        if (const int code = amba_.end(); code != 0) {
            return fail("its exit code is " + std::to_string(code));
        }
        return 0;
    }

    const Options options_;
    load::Ambassador amba_;
    std::atomic<bool> over_{false};
    std::atomic<bool> swaps_over_{false};
    int tables_ = 0;
    int pauses_ = 0;
    int stills_ = 0;
    SteadyFrontend* steady_ = nullptr;
    std::atomic<bool> still_{false};
    std::string reason_;  // of the thread that swaps, until it is over
};

}  // namespace

int main(int argc, char** argv) {
    const Options options = parse(argc, argv);
    std::printf("chaos, seed %llu\n", static_cast<unsigned long long>(options.seed));
    std::fflush(stdout);
    std::signal(SIGPIPE, SIG_IGN);
    load::enter_private_network();
    return Chaos(options).run();
}
