// Checks backends: asks each whether it can serve, in the way that its check says, and tells when
// its state by these answers changes.
//
//   health::Checks checks(poller, deadlines, seed, changed);
//   checks.watch(bind, {{backend, check}, ...});   // again after each swap of that frontend
//   checks.hurry(backend->endpoint);               // a real connection to it failed
//   checks.forget(bind);
//
// A check of one endpoint with the same settings that several frontends want is made once and told
// to all. A new backend takes traffic at once and is judged as it goes: its first check comes after
// a random part of `inter`, and it is unhealthy after `fall` failures like any other. One that its
// frontend says is unhealthy when it is first watched stays so until `rise` successes.
//
// Checks cost as little as they can: 64 at the most are under way, a tcp check is left out where a
// real connection was established since the last look, a healthy backend that nobody uses is asked
// at ten times `inter`, and while nothing is watched nothing wakes. In between, a backend is a
// place in the schedule, of less than 300 bytes.
//
// It never touches a backend's state: that is up to those who are told. They also forget what they
// were told of a backend that is watched no more. One thread, the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "amba/balance/pool.hpp"
#include "amba/core/bind.hpp"
#include "amba/core/check.hpp"
#include "amba/core/endpoint.hpp"
#include "amba/net/deadlines.hpp"
#include "amba/net/poller.hpp"

namespace amba::health {

// A backend to check on behalf of a frontend. One whose check is off is left out.
struct CheckedBackend {
    balance::BackendPtr backend;
    std::shared_ptr<const core::Check> check;
};

// What is known of an endpoint by one check.
struct Report {
    balance::State state = balance::State::kUnknown;
    core::Time since{};      // when it became that
    core::Time looked_at{};  // of the last result, or when it was first watched
    bool last_success = false;
    int in_a_row = 0;    // results like the last one, at most 255; 0: none yet
    std::string reason;  // of the last failure, when it was the last result
};

class Checks {
  public:
    // The state of `backend` is another one now, with the reason for people: "Connection refused",
    // "no answer in 1s". The first result of a backend of which nothing was known counts; and when
    // one is watched whose own state is not what is known here, it is told at once, from within
    // watch() too. May call watch(), forget() and hurry(); may not destroy the Checks.
    using Changed = std::function<void(const core::Bind& owner, balance::Backend& backend,
                                       bool healthy, const std::string& why)>;

    // Runs `job` beside the loop, then `done` in it, unless it is too late (net/offload.hpp). For
    // password files; without it they are read in place.
    using Beside = std::function<void(std::function<void()> job, std::function<void()> done)>;

    static constexpr std::size_t kMostUnderWay = 64;

    Checks(net::Poller& poller, net::Deadlines& deadlines, std::uint64_t seed, Changed changed,
           Beside beside = nullptr);
    ~Checks();
    Checks(const Checks&) = delete;
    Checks& operator=(const Checks&) = delete;

    // From now on checks `backends` on behalf of the frontend at `owner`, in place of those before;
    // a backend that stays keeps its progress. Thousands of them are taken up in several rounds of
    // the poller.
    void watch(const core::Bind& owner, std::vector<CheckedBackend> backends);
    void forget(const core::Bind& owner);

    // A real connection to it failed: unless it is known to be unhealthy it is asked after
    // fastinter, or earlier when that is due.
    void hurry(const core::Endpoint& endpoint);

    // nullopt when nobody wants this check of it.
    std::optional<Report> report(const core::Endpoint& endpoint, const core::Check& check) const;
    std::size_t watched() const;    // endpoints, each counted once for each check
    std::size_t under_way() const;  // checks at this moment

  private:
    class Inside;
    std::unique_ptr<Inside> inside_;
};

}  // namespace amba::health
