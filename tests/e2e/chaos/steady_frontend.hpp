// A frontend beside the chaos whose clients must all be served: each asks, gets its answers, and
// leaves. One of its servers is well and always there; the other comes and goes, does not answer or
// refuses, and never takes a connection. So a client that is reset, or gets no answer, is a fault
// of the ambassador.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "random_choice.hpp"

namespace chaos {

class SteadyFrontend {
  public:
    explicit SteadyFrontend(std::uint64_t seed);
    ~SteadyFrontend();
    SteadyFrontend(const SteadyFrontend&) = delete;
    SteadyFrontend& operator=(const SteadyFrontend&) = delete;

    static nlohmann::json frontend(bool with_sick);

    // Does what is due now, without waiting.
    void turn();
    // The server that does not answer refuses from now on, for a while. From any thread.
    void refuse() { refuses_ = true; }
    // All clients leave.
    void wind_down();

    // What was wrong first; "": nothing was.
    const std::string& fault() const { return fault_; }
    std::uint64_t answers() const { return answers_; }

  private:
    using Clock = std::chrono::steady_clock;
    struct Client {
        int fd = -1;
        bool asked = false;
        int questions = 1;  // that are left
        Clock::time_point began = Clock::now();
        Clock::time_point asks_at{};
    };

    void look_after_the_sick();
    void silence();
    void end_silence();
    void begin_clients();
    void serve();
    bool go_on(Client& client);  // false: it is over
    void wrong(const Client& client, const std::string& what);

    RandomChoice random_;
    int well_ = -1;             // the listener of the one that is well
    int sick_ = -1;             // of the other, when it is silent
    std::vector<int> fillers_;  // of its queue
    std::atomic<bool> refuses_{false};
    Clock::time_point silent_from_{};
    std::list<int> served_;
    std::list<Client> clients_;
    std::uint64_t answers_ = 0;
    std::string fault_;
};

}  // namespace chaos
