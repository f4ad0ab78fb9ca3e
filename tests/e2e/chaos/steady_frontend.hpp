// A frontend in the midst of chaos whose clients are all served: each asks, gets its answers, and
// leaves. One of its servers is well and always there; the other comes and goes, does not answer or
// refuses, and never takes a connection. So a client that is reset, or gets no answer, was wronged.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "chance.hpp"

namespace chaos {

class Calm {
  public:
    explicit Calm(std::uint64_t seed);
    ~Calm();
    Calm(const Calm&) = delete;
    Calm& operator=(const Calm&) = delete;

    static nlohmann::json frontend(bool with_sick);

    // What happens in the next moment; it never waits.
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

    Chance chance_;
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
