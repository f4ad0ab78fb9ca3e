// Which container this process is the main one of.
#pragma once

#include <string>
#include <string_view>

namespace amba::daemon {

// The directory that a container's own writes go to (overlay's `upperdir`), which is the same when
// it is started again and never another container's. Empty: this process is not the first one of
// its container, or its root is no overlay.
std::string own_container();

// The same of a text as /proc/self/mountinfo, proc(5).
std::string container_of(std::string_view mountinfo);

}  // namespace amba::daemon
