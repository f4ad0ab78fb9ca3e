// Who wants which backends to be looked after: the lists of the frontends, and the subjects that
// follow from them. Lists are taken up in slices: a large one must not stall traffic.
#pragma once

#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "amba/core/bind.hpp"
#include "amba/health/checks.hpp"
#include "amba/net/slices.hpp"
#include "health/subject.hpp"

namespace amba::health {

class Register {
  public:
    // It is told of subjects that come, of those about to go, and of a new interest in one that is
    // kept.
    class Listener {
      public:
        virtual void added(Subject& subject) = 0;
        virtual void removed(Subject& subject) = 0;
        virtual void joined(Link& link) = 0;

      protected:
        ~Listener() = default;
    };

    Register(net::Poller& poller, Schedule& schedule, Listener& listener);
    ~Register();
    Register(const Register&) = delete;
    Register& operator=(const Register&) = delete;

    void want(const core::Bind& owner, std::vector<CheckedBackend> backends);
    // While held nothing changes: what is wanted meanwhile waits for the release.
    void hold() { held_ = true; }
    void release();

    Subject* find(const core::Endpoint& endpoint, Settings::const_iterator settings);
    const Settings& settings() const { return settings_; }
    std::size_t size() const { return subjects_.size(); }
    // Calls visit(Subject&) for each check of that endpoint.
    template <class Visit>
    void each(const core::Endpoint& endpoint, Visit visit) {
        const auto [from, to] = subjects_.equal_range(endpoint);
        for (auto at = from; at != to; ++at)
            visit(at->second);
    }
    template <class Visit>
    void each(Visit visit) {
        for (auto& [endpoint, subject] : subjects_)
            visit(subject);
    }

  private:
    using Links = std::deque<Link>;  // a Link stays where it is made
    struct Job {
        core::Bind owner;
        std::vector<CheckedBackend> backends;
    };

    void work();
    bool step(std::size_t index);
    void done();
    void add(CheckedBackend watched);
    void remove(Subject& subject);
    Settings::iterator settings_of(const core::Check& check);
    void release_settings(Settings::iterator settings);

    net::Slices& slices_;  // buried with the poller's means
    net::Poller& poller_;
    Schedule& schedule_;
    Listener& listener_;
    bool held_ = false;
    Settings settings_;
    std::unordered_multimap<core::Endpoint, Subject, core::EndpointHash> subjects_;
    std::unordered_map<core::Bind, Links, core::BindHash> owners_;
    std::deque<Job> jobs_;  // the first is being worked on while slices_ is busy
    // Of that one:
    std::unordered_map<core::Bind, Links, core::BindHash>::iterator owner_;
    Links before_;  // what it had
    const core::Check* last_check_ = nullptr;
    std::optional<Settings::iterator> last_settings_;  // of last_check_: most have the same
};

}  // namespace amba::health
