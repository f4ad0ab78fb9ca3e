// link: a Compose file whose links become addresses of ambassadors.
//
// Each link of a service becomes an entry of its `extra_hosts` in 127.127.0.0/16: the k-th link of
// a service gets 127.127.0.(k+1), as the workshop's link-to-ambassadors.py numbered them; then come
// the services of `depends_on` that are not linked. An address that a service has already stays its
// own. `links` go, and so do `volumes` that are paths of the host. `ports` lose their side of the
// host, because several of a service may run on one; with a ports.yml a service's `ports` are those
// that it lists.
//
// The text is edited, not written anew: comments, order and style of what is not touched stay, and
// what was made of itself does not change again. The new text is read and compared with what was
// meant before it is returned. Text to text: no file, no Engine, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "amba/core/result.hpp"

namespace amba::fleet {

using Ports = std::map<std::string, std::vector<std::uint16_t>>;  // service -> its TCP ports

// The TCP ports that an image exposes, or why they are not known.
using ImagePorts =
    std::function<core::Result<std::vector<std::uint16_t>>(const std::string& image)>;

// A file beside the Compose file, by its path from there, or why it cannot be read.
using ReadFile = std::function<core::Result<std::string>(const std::string& path)>;

struct LinkOptions {
    // Of a ports.yml, which alone counts where there is one. Else a service's ports are found in
    // its `expose` and `ports`; in the Dockerfile that it is built by, and the image below that; by
    // the name of an image that everybody knows; by asking for its image.
    std::optional<Ports> ports;
    ImagePorts image_ports;  // may be empty
    ReadFile read_file;      // may be empty
    // For the name of an image that Compose built: COMPOSE_PROJECT_NAME; and what the project is
    // called by its directory, where neither that nor the file's `name` says it.
    std::string project;
    std::string directory;
    // Links whose service has no known port go as well, as with the script; else they stay.
    bool drop_unknown = false;
    // The other files that Compose reads with this one (-f, -f): services, ports and addresses
    // count wherever they are written. Those before it are as `link` has made them.
    std::vector<std::string> beside;
    bool keep_ports = false;    // `ports` stay as they are, and so does what is published by them
    bool keep_volumes = false;  // paths of the host stay
};

// Something to tell the user, of a line of the input (from 1; 0: of none).
struct Remark {
    std::size_t line = 0;
    std::string text;
};

struct Linked {
    std::string text;             // the new file
    std::vector<Remark> remarks;  // by line: links that were skipped, what is gone
    std::size_t kept = 0;         // links that stay, because they could not become addresses
};

// A ports.yml: "redis: 6379" or "redis: [6379, 6380]".
core::Result<Ports> parse_ports(std::string_view text);

// What cannot be done is an error that begins with LINE:COLUMN where a line is to blame.
core::Result<Linked> link(std::string_view compose, const LinkOptions& options);

// The difference of two texts in unified form (diff -u), empty when they are the same.
std::string unified_diff(std::string_view before, std::string_view after, const std::string& from,
                         const std::string& to);

}  // namespace amba::fleet
