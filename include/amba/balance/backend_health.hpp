// What is known of the health of one backend, and whether it takes new connections.
//
// It is judged by two things: its checks, and the connections of clients (passive health, HAProxy's
// `observe layer4`). Checks that fail make it down. Connections that fail several times in a row
// get it ejected for a while, each time for longer (1 s, doubled up to 60 s, a fifth more or less,
// since many ambassadors see a server fail at the same moment). After that it is on trial: its
// first failure ejects it again, its first success ends the trial.
//
//   usable     neither down nor ejected: the one answer to "does it take new connections?", for the
//              choice of a backend, readiness, metrics, status and the page. When none of a pool is
//              usable, all are tried, as a check may be wrong.
//   state      what was last seen of it, for people: of its checks, or without them of its last
//              connect. One without checks whose connects fail is unhealthy and usable, until it is
//              ejected.
//   ramp       the part of its weight that it has, less than all of it during a slow start.
//
// Pure: the time and a random draw are arguments. An event changes this object alone and returns
// what it changed; the pool and the log are told by whoever took the event (balance::PoolHealth,
// proxy).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "amba/balance/policy.hpp"
#include "amba/core/duration.hpp"

namespace amba::balance {

// What its checks say; as long as nothing checks it, what the last connect said.
enum class State : std::uint8_t { kUnknown, kHealthy, kUnhealthy };

// Whose fault a failed connect was. Only the backend's own is held against it.
enum class Fault : std::uint8_t {
    kBackend,  // it refused, reset, or did not answer in a fair time
    kNetwork,  // no answer, in a time that was not fair
    kHost,     // this host lacks a port, a descriptor, memory or a route
    kClient,   // its bytes made the server reset, or it left
};

// What one event has changed. All false: nothing.
struct HealthChange {
    bool up = false;        // its checks find it healthy again
    bool down = false;      // they find it unhealthy
    bool fails = false;     // it could not be connected to, and nothing like it was known
    bool slow = false;      // no answer, for the first time in a row
    bool returned = false;  // the ejection is over
    bool ejected = false;
    bool answers = false;  // it can be connected to, and could not
    bool share = false;    // its part of new connections is another one
    bool news = false;     // connections that tried it in vain may try it anew

    bool any() const {
        return up || down || fails || slow || returned || ejected || answers || share || news;
    }
};

// Whether a failure may eject a backend.
struct EjectionTerms {
    std::uint32_t limit = 0;  // failures in a row that do; 0: it may not be ejected
    std::uint64_t draw = 0;   // any number
};

// All that is known of a health: what another process needs to go on with it.
struct HealthRecord {
    State state = State::kUnknown;
    bool down = false;
    std::uint32_t failures = 0;
    std::uint32_t resets = 0;
    std::uint32_t downs = 0;
    core::Time since{};
    std::string why;
    std::uint8_t ejections = 0;
    core::Time returns = core::Time::max();  // the end of its ejection; max(): it is not ejected
    core::Time ramp_began{};
    core::Duration ramp_length{0};  // 0: no slow start is under way
};

class BackendHealth {
  public:
    BackendHealth() = default;
    // Goes on with what is known.
    BackendHealth(const HealthRecord& known, core::Time now);
    HealthRecord record() const;

    bool usable() const { return !down_ && !ejected_; }
    State state() const { return state_; }
    bool down() const { return down_; }
    bool ejected() const { return ejected_; }
    bool on_trial() const { return ejections_ > 0 && !ejected_; }
    std::uint8_t ramp() const { return ramp_; }  // of kRampSteps

    // For status: when the state became what it is, and why; empty: nothing to say.
    core::Time since() const { return since_; }
    std::string_view why() const;
    // Times it became unhealthy or was ejected.
    std::uint32_t downs() const { return downs_; }

    // When time alone changes it: an ejection is over, a slow start goes on. max(): never.
    core::Time due() const;

    // ---- events ----

    HealthChange connected(core::Time now);
    HealthChange connect_failed(core::Time now, Fault fault, std::string_view why,
                                EjectionTerms terms);
    // No answer yet, while another backend has answered.
    HealthChange outrun(core::Time now, EjectionTerms terms);
    // It took a connection and reset it at once, before a byte.
    HealthChange reset_at_once(core::Time now, EjectionTerms terms);
    // A connection got an answer from it.
    HealthChange served(core::Time now);
    // What its checks say; `slowstart` is the length of the slow start that follows an up, or 0.
    HealthChange checked(core::Time now, bool healthy, std::string_view why,
                         core::Duration slowstart);
    // Nothing checks it any more: nobody would say that it is up again.
    HealthChange unchecked();
    HealthChange start_slowly(core::Time now, core::Duration length);
    // It left the pool, or is in it again: trusted anew. What its checks said holds.
    HealthChange removed(core::Time now);
    // Fewer backends may be ejected now: this one returns.
    HealthChange end_ejection(core::Time now);
    // The time of due() has come.
    HealthChange time_passed(core::Time now);

  private:
    // What only few backends have at a time.
    struct Detail {
        std::string why;
        core::Time returns = core::Time::max();
        core::Time ramp_began{};
        core::Duration ramp_length{0};
        core::Time ramp_steps = core::Time::max();  // the next step
    };
    Detail& detail();
    void drop_detail();
    void turn(core::Time now, std::string_view why);
    void failed(core::Time now, std::uint32_t run, std::string_view why, EjectionTerms terms,
                HealthChange& change);
    void succeeded(core::Time now, HealthChange& change);
    void end_ejection(core::Time now, HealthChange& change);
    void step_up(core::Time now);

    State state_ = State::kUnknown;
    bool down_ = false;     // by its checks
    bool ejected_ = false;  // for a while
    std::uint8_t ramp_ = kRampSteps;
    std::uint8_t ejections_ = 0;  // since it was last trusted
    std::uint32_t failures_ = 0;  // of connects, in a row
    std::uint32_t resets_ = 0;    // at once, in a row
    std::uint32_t downs_ = 0;
    core::Time since_{};
    std::unique_ptr<Detail> detail_;  // null: nothing to say, and time changes nothing
};

}  // namespace amba::balance
