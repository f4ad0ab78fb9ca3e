// Snapshot: what the Engines said at one moment, as the plan reads it. Data alone.
//
// The words of the labels are those of the workshop's scripts (ambassador.project, .container,
// .service, .bindaddr), so that ambassadors made by either are known to both.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "amba/docker/container.hpp"
#include "amba/fleet/shares.hpp"

namespace amba::fleet {

// On an ambassador. One that serves several names has them in one value, with commas between.
inline constexpr const char* kProjectLabel = "ambassador.project";
inline constexpr const char* kClientLabel = "ambassador.container";  // its id, 12 digits or more
inline constexpr const char* kNameLabel = "ambassador.service";
inline constexpr const char* kBindLabel = "ambassador.bindaddr";

// On an ambassador that takes the place of another one of an older image: that one's id, 12 digits.
inline constexpr const char* kReplacesLabel = "ambassador.replaces";

// Of an ambassador: it comes back with its client and with the Engine.
inline constexpr const char* kRestartPolicy = "unless-stopped";

// On a helper that asks and tells the ambassadors of its Engine.
inline constexpr const char* kWriterLabel = "ambassador.writer";

// On a client, with the name behind it: the service that this name stands for, when it is another.
inline constexpr const char* kLinkLabel = "ambassador.link.";

// On a backend: the service that it serves beside its own; its version, by default its service;
// settings of the frontend, as words of a TABLE ("balance=leastconn check=redis").
inline constexpr const char* kServesLabel = "ambassador.serves";
inline constexpr const char* kVersionLabel = "ambassador.version";
inline constexpr const char* kOptionsLabel = "ambassador.options";

// On a volume that remembers the shares of a service, which is why it exists.
inline constexpr const char* kSharesLabel = "ambassador.shares";

inline constexpr const char* kComposeProject = "com.docker.compose.project";
inline constexpr const char* kComposeService = "com.docker.compose.service";
inline constexpr const char* kComposeOneOff = "com.docker.compose.oneoff";

struct FleetContainer {
    docker::Container container;
    std::size_t site = 0;   // the Engine it runs on
    bool stopping = false;  // it has been told to stop, and still runs
    bool outdated = false;  // an ambassador of another image than one that would be made now
};

struct ServiceKey {
    std::string project;
    std::string service;
    auto operator<=>(const ServiceKey&) const = default;
};

// What one Engine said.
struct Picture {
    std::vector<FleetContainer> members;      // containers of Compose projects, running or not
    std::vector<FleetContainer> ambassadors;  // likewise
    // Ambassadors that do not serve: they have handed over, or are still to take over.
    std::vector<FleetContainer> aside;
    std::map<ServiceKey, Split> splits;
};

// What all of them said, together.
struct Snapshot : Picture {
    // For each Engine the address at which other hosts reach its published ports; empty: not known.
    std::vector<std::string> addresses;
    // Engines that do not answer: their members are those of an older picture, as others still
    // know them; there are no ambassadors, since nothing can be done there.
    std::set<std::size_t> silent;

    void add(Picture picture);
};

}  // namespace amba::fleet
