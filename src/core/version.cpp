// The one file that knows version and commit: the build compiles it anew for each commit.
#include "amba/core/version.hpp"

namespace amba::core {

std::string version() {
    return AMBA_VERSION;
}

std::string commit() {
    return AMBA_COMMIT;
}

}  // namespace amba::core
