// How fair are ambassadors that know nothing of each other? A simulation, by events and from seeds:
// 32 ambassadors with pools of their own send to the same 20 backends, of which each serves 8
// connections at a time in the order of arrival; in a second run one backend is five times slower.
//
//   build/release/bench_fairness [SEED]
//
// Prints a table in Markdown: for each policy the largest mean load of a backend (connections it
// has, waiting or served) to the mean of all, and how long connections wait before they are served.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <numeric>
#include <queue>
#include <random>
#include <vector>

#include "amba/balance/pool.hpp"

using namespace amba;
using balance::Algorithm;

namespace {

constexpr int kAmbassadors = 32;
constexpr int kBackends = 20;
constexpr std::size_t kSlots = 8;
constexpr double kService = 0.010;  // mean seconds of one connection, exponentially distributed
constexpr double kUtilisation = 0.6;
constexpr double kSlow = 5;  // times as long, at the slow backend
constexpr double kEnd = 60;  // seconds simulated
constexpr double kWarm = 5;  // not counted

struct Setting {
    const char* name;
    Algorithm algorithm;
    std::uint32_t maxconn = 0;
    int clients = 1;  // addresses behind one ambassador
};

struct Connection {
    int ambassador;
    int backend;
    double arrived;
};

struct Event {
    double at;
    bool arrival;
    Connection connection;
    bool operator<(const Event& other) const { return at > other.at; }  // earliest first
};

class Simulation {
  public:
    Simulation(const Setting& setting, bool one_slow, unsigned seed) :
        setting_(setting), one_slow_(one_slow), random_(seed), servers_(kBackends) {
        for (int a = 0; a < kAmbassadors; ++a) {
            std::vector<balance::Member> members;
            for (int b = 0; b < kBackends; ++b) {
                balance::Member member;
                const core::Endpoint at{*core::Address::parse("10.0.0." + std::to_string(b + 1)),
                                        80};
                member.backend = new balance::Backend(at);
                member.maxconn = setting.maxconn;
                members.push_back(member);
            }
            ambassadors_.push_back(
                std::make_unique<Ambassador>(members, setting.algorithm, random_() + 1));
            arrive(a, 0);
        }
    }

    void run() {
        while (!events_.empty() && events_.top().at < kEnd) {
            const Event event = events_.top();
            events_.pop();
            now_ = event.at;
            if (event.arrival) {
                arrive(event.connection.ambassador, now_);
                begin(event.connection.ambassador);
            } else {
                end(event.connection);
            }
        }
    }

    double largest_to_mean() const {
        double sum = 0;
        double most = 0;
        for (const Server& server : servers_) {
            sum += server.area;
            most = std::max(most, server.area);
        }
        return most * kBackends / sum;
    }
    // Milliseconds.
    double wait(double share) {
        std::sort(waits_.begin(), waits_.end());
        return waits_.empty()
                   ? 0
                   : waits_[static_cast<std::size_t>(share * double(waits_.size() - 1))] * 1e3;
    }
    std::size_t refused() const { return refused_; }

  private:
    struct Ambassador final : balance::LoadObserver {
        Ambassador(std::vector<balance::Member> members, Algorithm algorithm, std::uint64_t seed) :
            pool(std::move(members), algorithm, seed) {}
        void lease_began(balance::Backend& backend) override { pool.note(backend); }
        void lease_ended(balance::Backend& backend) override { pool.note(backend); }

        balance::Pool pool;
        std::vector<std::vector<balance::Lease>> leases{kBackends};  // by the backend
    };
    struct Server {
        std::size_t busy = 0;
        std::deque<Connection> waiting;
        double area = 0;  // of its load over time
        double since = 0;
    };

    double exponential(double mean) {
        return std::exponential_distribution<double>(1 / mean)(random_);
    }

    void arrive(int ambassador, double from) {
        const double rate = kUtilisation * kBackends * double(kSlots) / kService / kAmbassadors;
        events_.push({from + exponential(1 / rate), true, {ambassador, 0, 0}});
    }

    void begin(int ambassador) {
        Ambassador& at = *ambassadors_[static_cast<std::size_t>(ambassador)];
        const auto client = static_cast<std::uint64_t>(ambassador) * 1'000'000 +
                            random_() % static_cast<unsigned>(setting_.clients);
        const balance::Choice choice = at.pool.pick({{}, client});
        if (choice.backend == nullptr) {
            ++refused_;
            return;
        }
        const int b = choice.backend->endpoint.address.bytes()[3] - 1;
        at.leases[static_cast<std::size_t>(b)].emplace_back(*choice.backend, at);
        Server& server = servers_[static_cast<std::size_t>(b)];
        account(server);
        const Connection connection{ambassador, b, now_};
        if (server.busy < kSlots) {
            serve(server, connection);
        } else {
            server.waiting.push_back(connection);
        }
    }

    void serve(Server& server, const Connection& connection) {
        ++server.busy;
        if (now_ > kWarm) waits_.push_back(now_ - connection.arrived);
        const bool slow = one_slow_ && connection.backend == 0;
        events_.push({now_ + exponential(slow ? kService * kSlow : kService), false, connection});
    }

    void end(const Connection& connection) {
        ambassadors_[static_cast<std::size_t>(connection.ambassador)]
            ->leases[static_cast<std::size_t>(connection.backend)]
            .pop_back();
        Server& server = servers_[static_cast<std::size_t>(connection.backend)];
        account(server);
        --server.busy;
        if (server.waiting.empty()) return;
        const Connection next = server.waiting.front();
        server.waiting.pop_front();
        serve(server, next);
    }

    void account(Server& server) {
        if (now_ > kWarm) {
            server.area += double(server.busy + server.waiting.size()) *
                           (now_ - std::max(server.since, kWarm));
        }
        server.since = now_;
    }

    const Setting setting_;
    const bool one_slow_;
    std::mt19937 random_;
    std::vector<std::unique_ptr<Ambassador>> ambassadors_;
    std::vector<Server> servers_;
    std::priority_queue<Event> events_;
    std::vector<double> waits_;
    std::size_t refused_ = 0;
    double now_ = 0;
};

constexpr Setting kSettings[] = {
    {"roundrobin", Algorithm::kRoundRobin},
    {"leastconn", Algorithm::kLeastConn},
    {"random", Algorithm::kRandom},
    {"source, one client each", Algorithm::kSource},
    {"source, 1,000 clients each", Algorithm::kSource, 0, 1000},
    {"first, maxconn=1", Algorithm::kFirst, 1},
};

// How many of the first connections of all ambassadors go to the backend that gets most of them?
int largest_first(Algorithm algorithm, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<int> first(kBackends);
    for (int a = 0; a < kAmbassadors; ++a) {
        std::vector<balance::Member> members;
        for (int b = 0; b < kBackends; ++b) {
            balance::Member member;
            member.backend = new balance::Backend(
                {*core::Address::parse("10.0.0." + std::to_string(b + 1)), 80});
            members.push_back(member);
        }
        balance::Pool pool(members, algorithm, random() + 1);
        ++first[pool.pick({{}, random()}).backend->endpoint.address.bytes()[3] - 1u];
    }
    return *std::max_element(first.begin(), first.end());
}

}  // namespace

int main(int argc, char** argv) {
    const auto seed = static_cast<unsigned>(argc > 1 ? std::atoi(argv[1]) : 1);
    std::printf(
        "| policy | equal: load | wait p99 ms | one slow: load | wait p50 ms | wait p99 ms "
        "| first at once |\n|---|---|---|---|---|---|---|\n");
    for (const Setting& setting : kSettings) {
        Simulation equal(setting, false, seed);
        equal.run();
        Simulation slow(setting, true, seed);
        slow.run();
        std::printf("| %s | %.2f | %.1f | %.2f | %.1f | %.1f | %d of %d |\n", setting.name,
                    equal.largest_to_mean(), equal.wait(0.99), slow.largest_to_mean(),
                    slow.wait(0.5), slow.wait(0.99), largest_first(setting.algorithm, seed),
                    kAmbassadors);
        if (equal.refused() + slow.refused() > 0) {
            std::printf("(%s: %zu connections found all backends full)\n", setting.name,
                        equal.refused() + slow.refused());
        }
    }
}
