// Engine: a Docker Engine's API, as far as a fleet of ambassadors needs it (API 1.41, Docker 20.10,
// and later: docs.docker.com/engine/api).
//
//   const auto host = docker::host_of_environment();
//   const docker::Engine engine(*host);
//   const auto containers = engine.containers({"amba.role=ambassador"}, false);
//
// Every call opens a connection of its own, blocks until it is done or its time is up, and keeps
// nothing but the version that was agreed on: one Engine may be used by several threads at once,
// and a copy is as good. An id may be a name or the beginning of an id wherever one is wanted.
// Errors quote what the Engine said, with the host, so that a reader knows which of several it was;
// no call throws. Nothing here runs in a sidecar.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "amba/core/duration.hpp"
#include "amba/core/result.hpp"
#include "amba/docker/attached.hpp"
#include "amba/docker/container.hpp"
#include "amba/docker/host.hpp"

namespace amba::docker {

struct CallLimits;
struct EngineRequest;
struct EngineResponse;

// What makes a container a helper: it lives as long as the one conversation that it is made for,
// and is removed at its end. It has no network but the one that is named, no log, no check, a root
// that it cannot write, and no capability but those that are named.
struct Helper {
    std::string user;      // empty: the image's
    std::string pid_mode;  // "container:ID"; empty: its own
    std::vector<std::string> capabilities;
    // A directory of the host and where it is seen; without what is mounted below it.
    std::optional<std::pair<std::string, std::string>> directory;
};

// A container to be made.
struct Creation {
    std::string image;
    std::vector<std::string> command;  // empty: the image's
    Labels labels;
    std::string network_mode;    // "container:ID"; empty: the Engine's default
    std::string restart_policy;  // "unless-stopped", ...; empty: none
    std::optional<Helper> helper = {};
    std::string volumes_from = {};              // a container; empty: volumes of its own
    std::vector<std::string> environment = {};  // NAME=VALUE
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
struct EngineEvent {
    std::string type;          // container, volume, network, ...
    std::string action;        // start, die, kill, "health_status: healthy", ...
    std::string id;            // of the actor; a volume's name
    Labels attributes;         // of the actor; `signal` of a kill
    std::int64_t time_us = 0;  // since 1970, by the Engine's clock
};

class Engine {
  public:
    // `time` is for each question that the Engine answers at once. What waits for a container
    // (start, restart, remove) has 2 minutes at least, and a pull 10.
    explicit Engine(Host host, core::Duration time = std::chrono::seconds(30));

    const Host& host() const { return host_; }

    // The API version that is spoken: the older of the Engine's newest and ours. Asks the Engine
    // until it has answered once, and again after an Engine of another version took its place.
    core::Result<std::string> version() const;

    // Containers that carry every label ("KEY" or "KEY=VALUE"), each inspected, ten at a time;
    // those that do not run too when `all`. One that goes meanwhile is left out. By name.
    core::Result<std::vector<Container>> containers(const std::vector<std::string>& labels,
                                                    bool all) const;
    core::Result<Container> inspect(const std::string& id) const;

    // Returns the id. An image that the Engine does not have is pulled first, with the password
    // that `docker login` has left in config.json, when there is one. Does not start it.
    core::Result<std::string> create(const Creation& creation) const;
    // One that runs already is no error.
    core::Result<void> start(const std::string& id) const;
    core::Result<void> restart(const std::string& id) const;  // at once: it gets no time to end
    // From now on; "no": nothing starts it again.
    core::Result<void> set_restart_policy(const std::string& id, const std::string& policy) const;
    // With force, and with its anonymous volumes. One that is gone already is no error.
    core::Result<void> remove(const std::string& id) const;

    // Runs a command in a running container and waits for its end; the Engine does not end it when
    // the time is up, which is an error. A command that ends with another code than 0 is none; of
    // one that cannot be started some Engines make an error, and others code 126 or 127.
    core::Result<Executed> exec(const std::string& id, const std::vector<std::string>& command,
                                core::Duration time) const;

    // The standard streams of a container, made with a Helper, that has not been started yet.
    core::Result<std::unique_ptr<Attached>> attach(const std::string& id) const;

    // The TCP ports that an image exposes, ascending; none of an image that the Engine does not
    // have. Pulls nothing.
    core::Result<std::vector<std::uint16_t>> image_ports(const std::string& image) const;

    // What that name stands for now, as Container::image_id; empty where the Engine has no such
    // image. Pulls nothing.
    core::Result<std::string> image_id(const std::string& image) const;

    // Volumes that carry every label, by name.
    core::Result<std::vector<Volume>> volumes(const std::vector<std::string>& labels) const;
    // One of that name that is there already stays as it is, with its labels, and is no error.
    core::Result<void> create_volume(const Volume& volume) const;
    // One that is gone already is no error; one that a container uses is.
    core::Result<void> remove_volume(const std::string& name) const;

    // Follows the events of containers and volumes until the stream breaks (the error) or `stop` is
    // asked for (no error; within milliseconds). `opened` is called once the Engine has answered:
    // what happens from then on is told. Both functions are called from the caller's thread.
    core::Result<void> events(const std::function<void()>& opened,
                              const std::function<void(const EngineEvent&)>& told,
                              const std::stop_token& stop) const;

  private:
    struct ApiVersion;

    core::Result<std::string> negotiate(const CallLimits& limits) const;
    // The request, with the version that is spoken.
    core::Result<EngineRequest> versioned(const EngineRequest& request,
                                          const CallLimits& limits) const;
    // The answer, whatever its status; ask() makes an error of one that is not well.
    core::Result<EngineResponse> call(const EngineRequest& request, const CallLimits& limits) const;
    core::Result<EngineResponse> ask(const EngineRequest& request, const CallLimits& limits) const;
    core::Error refused(const EngineRequest& request, const EngineResponse& response) const;
    core::Result<void> pull(const std::string& image) const;
    core::Result<std::string> since(const CallLimits& limits) const;

    Host host_;
    core::Duration time_;
    std::shared_ptr<ApiVersion> spoken_;
};

}  // namespace amba::docker
