// What is kept of an endpoint that is checked: its place in the schedule, what the results say, and
// who wants to know. There may be a hundred thousand: the size counts.
#pragma once

#include <boost/intrusive/list.hpp>
#include <map>
#include <string>
#include <utility>

#include "amba/balance/hysteresis.hpp"
#include "amba/balance/pool.hpp"
#include "amba/core/bind.hpp"
#include "amba/core/check.hpp"
#include "amba/net/deadlines.hpp"
#include "health/probe.hpp"

namespace amba::health {

struct Subject;

// The settings of checks, each once, with the number of subjects that have them.
using Settings = std::map<core::Check, std::size_t>;

// A frontend's interest in a subject.
struct Link
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    Link(const core::Bind& owner_in, balance::BackendPtr backend_in, Subject& subject_in) :
        owner(owner_in), backend(std::move(backend_in)), subject(subject_in) {}
    const core::Bind& owner;
    const balance::BackendPtr backend;
    Subject& subject;
};

// Whom a subject tells that it is due.
class Schedule {
  public:
    virtual void due(Subject& subject) = 0;

  protected:
    ~Schedule() = default;
};

struct Subject final : net::Deadline {
    Subject(Schedule& schedule_in, Settings::iterator settings_in, balance::State state,
            core::Time now) :
        schedule(schedule_in),
        settings(settings_in), hysteresis(state), looked_at(now), since(now) {}
    void on_deadline() override { schedule.due(*this); }
    const core::Check& check() const { return settings->first; }

    using Turn = boost::intrusive::list_member_hook<
        boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

    Schedule& schedule;
    const core::Endpoint* endpoint = nullptr;  // its key
    const Settings::iterator settings;
    balance::Hysteresis hysteresis;
    bool hurried = false;
    bool unasked = false;  // the last check said nothing, and that was logged
    bool refused = false;  // the last check was not accepted, and that was logged
    core::Time looked_at;
    core::Time since;
    std::string reason;
    Probe* probe = nullptr;  // under way
    Turn turn;               // linked while it is due and waits for others to end
    boost::intrusive::list<Link, boost::intrusive::constant_time_size<false>> links;
};

}  // namespace amba::health
