// Randomness of the kernel, as text.
#include "amba/files/id.hpp"

#include <sys/random.h>

#include <array>
#include <cstdlib>

#include "amba/files/digest.hpp"

namespace amba::files {

std::string random_id() {
    std::array<char, 16> bytes;
    // Never short for 16 bytes, and never fails once the system is up (getrandom(2)).
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got != static_cast<ssize_t>(bytes.size())) std::abort();
    return hex({bytes.data(), bytes.size()});
}

}  // namespace amba::files
