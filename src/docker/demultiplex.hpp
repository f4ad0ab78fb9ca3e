// The output of a process without a terminal, as the Engine interleaves it: frames of a stream's
// number (1 standard output, 2 standard error), three zeros, the length in network order, and the
// bytes (docs.docker.com/engine/api, "Attach to a container", stream format).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "amba/core/result.hpp"

namespace amba::docker {

struct Streams {
    std::string out;
    std::string err;
};

// Adds what whole frames there are to `streams`, and says how many bytes these were: what is left
// is the beginning of a frame.
core::Result<std::size_t> take_frames(std::string_view bytes, Streams& streams);

// Of the whole stream. A frame of the Engine itself (3) is its word of what went wrong: an error,
// as is a header that is none, and an end in the middle of a frame.
core::Result<Streams> demultiplex(std::string_view bytes);

}  // namespace amba::docker
