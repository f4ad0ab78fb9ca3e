// Which file a path leads to: two are the same while one of them is open, or bound.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <utility>

namespace amba::net {

using FileId = std::pair<dev_t, ino_t>;

inline std::optional<FileId> file_id(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return std::nullopt;
    return FileId(info.st_dev, info.st_ino);
}

}  // namespace amba::net
