// Engine: a Docker Engine's API, as far as a fleet of ambassadors needs it (API 1.41, Docker 20.10,
// and later: docs.docker.com/engine/api).
//
// Every call opens a connection of its own, blocks until it is done or its time is up, and keeps
// nothing: one Engine may be used by several threads at once. Errors quote what the Engine said,
// with the host, so that a reader knows which of several it was. Nothing here runs in a sidecar.
#pragma once

#include <atomic>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "amba/core/duration.hpp"
#include "amba/core/result.hpp"
#include "amba/docker/container.hpp"
#include "amba/docker/host.hpp"

namespace amba::docker {

// A container to be made.
struct Creation {
    std::string image;
    std::vector<std::string> command;
    Labels labels;
    std::string network_mode;    // "container:ID"; empty: the Engine's default
    std::string restart_policy;  // "unless-stopped", ...; empty: none
};

struct Executed {
    int code = 0;
    std::string out;
    std::string err;
};

struct Volume {
    std::string name;
    Labels labels;
};

// What the event stream tells (GET /events).
struct Event {
    std::string type;    // container, volume, network, ...
    std::string action;  // start, die, kill, "health_status: healthy", ...
    std::string id;      // of the actor
    Labels attributes;   // of the actor; `signal` of a kill
};

class Engine {
  public:
    explicit Engine(Host host);

    const Host& host() const { return host_; }

    // The API version that is spoken: the older of the Engine's newest and ours. Asks the Engine.
    core::Result<std::string> version() const;

    // Containers that carry every label ("KEY" or "KEY=VALUE"), each inspected, ten at a time;
    // those that do not run too when `all`. One that goes meanwhile is left out.
    core::Result<std::vector<Container>> containers(const std::vector<std::string>& labels,
                                                    bool all) const;
    core::Result<Container> inspect(const std::string& id) const;

    // Returns the id. An image that the Engine does not have is pulled first.
    core::Result<std::string> create(const Creation& creation) const;
    core::Result<void> start(const std::string& id) const;
    core::Result<void> restart(const std::string& id) const;
    // With force, and with its anonymous volumes. One that is gone already is no error.
    core::Result<void> remove(const std::string& id) const;

    // Runs a command in a running container and waits for its end; the Engine does not end it when
    // the time is up, which is an error.
    core::Result<Executed> exec(const std::string& id, const std::vector<std::string>& command,
                                core::Duration time) const;

    core::Result<std::vector<Volume>> volumes(const std::vector<std::string>& labels) const;
    core::Result<void> create_volume(const Volume& volume) const;
    core::Result<void> remove_volume(const std::string& name) const;

    // Follows the events of containers and volumes until the stream breaks (the error) or `stop` is
    // asked for (no error). `opened` is called once the Engine has answered: what happens from then
    // on is told.
    core::Result<void> events(const std::function<void()>& opened,
                              const std::function<void(const Event&)>& told,
                              const std::stop_token& stop) const;

  private:
    Host host_;
    mutable std::string prefix_;  // "/v1.41", once known
};

}  // namespace amba::docker
