// Only a regular file is read: a pipe could keep its reader for ever.
#include "health/secret.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "amba/files/digest.hpp"
#include "amba/net/descriptor.hpp"

namespace amba::health {

const std::string& Secret::salted(const std::string& salt, int rounds) {
    constexpr std::size_t kMost = 256;  // servers with a salt of their own
    if (const auto known = salted_.find({salt, rounds}); known != salted_.end()) {
        return known->second;
    }
    if (salted_.size() >= kMost) salted_.clear();
    return salted_.emplace(std::pair(salt, rounds), files::hi(password, salt, rounds))
        .first->second;
}

core::Result<SecretPtr> read_secret(const std::string& path) {
    constexpr std::size_t kLongest = 1024;
    const std::string what = "cannot read the password in " + core::quote(path);
    const net::Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) return core::os_error(what, errno);
    struct stat info {};
    if (fstat(file.get(), &info) != 0) return core::os_error(what, errno);
    if (!S_ISREG(info.st_mode)) return core::error(what + ": it is not a regular file");
    std::string bytes(kLongest + 2, '\0');
    std::size_t size = 0;
    while (size < bytes.size()) {
        const ssize_t got = read(file.get(), bytes.data() + size, bytes.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return core::os_error(what, errno);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    bytes.resize(size);
    if (bytes.ends_with('\n')) bytes.pop_back();
    if (bytes.empty()) return core::error(what + ": it is empty");
    if (bytes.size() > kLongest) return core::error(what + ": it is longer than 1024 bytes");
    if (bytes.find('\0') != std::string::npos) return core::error(what + ": it holds a NUL");
    return std::make_shared<Secret>(std::move(bytes));
}

}  // namespace amba::health
