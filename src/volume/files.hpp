// Files of the volume, a part at a time: what reads config.json without keeping it.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>

#include "amba/volume/volume.hpp"

namespace amba::volume {

struct Opened {
    net::Descriptor fd;
    Mark mark;
};

Mark mark_of(const struct stat& info);

// As read_file, before anything is read.
core::Result<std::optional<Opened>> open_file(const std::string& path);
// Bytes read; 0 at the end.
core::Result<std::size_t> read_some(const Opened& file, const std::string& path, char* into,
                                    std::size_t room);

}  // namespace amba::volume
