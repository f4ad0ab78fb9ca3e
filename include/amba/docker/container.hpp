// A container as the Engine tells it (GET /containers/ID/json), reduced to what a fleet asks for.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace amba::docker {

using Labels = std::map<std::string, std::string>;

// State.Health.Status; kNone where the image has no health check.
enum class Health { kNone, kStarting, kHealthy, kUnhealthy };

// A container on one network. Addresses are literals without a prefix, empty where there is none.
struct Attachment {
    std::string network_id;  // empty while the container does not run
    std::string name;
    std::string address;
    std::string address6;
    std::string gateway;  // the Engine's own address on a bridge; empty on others
    std::string gateway6;
};

// A TCP port of the container that is published on the Engine's host.
struct Published {
    std::uint16_t port = 0;    // the container's
    std::string host_address;  // 0.0.0.0 and :: stand for all of the host's
    std::uint16_t host_port = 0;
};

// A place of the container's file system that is not its own: a volume, or a directory of the host.
struct Mount {
    std::string type;         // volume, bind, tmpfs, ...
    std::string driver;       // of a volume; "local" is the Engine's own
    std::string source;       // on the Engine's host
    std::string destination;  // in the container
};

struct Container {
    std::string id;                    // 64 hexadecimal digits
    std::string name;                  // without the leading slash
    std::string image;                 // as it was asked for
    std::string image_id;              // what that was when the container was made
    std::vector<std::string> command;  // its own, or the image's
    Labels labels;
    std::string status;  // created, running, paused, restarting, removing, exited, dead
    Health health = Health::kNone;
    std::string stop_signal;        // STOPSIGNAL, as a name or a number; empty: TERM
    std::int64_t stop_seconds = 0;  // that it gets to end by itself; 0: the Engine's default
    std::int64_t created_us = 0;    // since 1970
    std::int64_t started_us = 0;    // likewise; 0 when it never ran
    std::string network_mode;       // "container:ID" in another's namespace
    std::string restart_policy;     // no, always, unless-stopped, on-failure
    std::vector<Attachment> attachments;
    std::vector<std::uint16_t> exposed;  // TCP ports of EXPOSE and `expose`, ascending
    std::vector<Published> published;
    std::vector<std::pair<std::string, std::string>> extra_hosts;  // name, address
    std::vector<Mount> mounts;

    bool running() const { return status == "running"; }
    // The label's value, or "".
    const std::string& label(const std::string& key) const;
};

// The first 12 digits, as `docker ps` shows an id.
std::string short_id(const std::string& id);

}  // namespace amba::docker
