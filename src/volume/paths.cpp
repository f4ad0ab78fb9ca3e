// Where the volume's files are.
#include <sys/stat.h>

#include "amba/volume/volume.hpp"

namespace amba::volume {

std::string Paths::hidden_socket() const {
    struct stat info {};
    if (::stat(state.c_str(), &info) != 0) return {};
    return "@amba." + std::to_string(info.st_dev) + "." + std::to_string(info.st_ino);
}

}  // namespace amba::volume
