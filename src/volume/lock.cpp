// Two locks of a volume: one for the life of a daemon, one for the moment of a writer.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "amba/volume/volume.hpp"

namespace amba::volume {

using core::error;
using core::Result;
using net::Descriptor;

namespace {

std::string holder_of(int fd) {
    char text[256];
    const ssize_t got = ::pread(fd, text, sizeof text, 0);
    if (got <= 0) return "another amba";
    std::string who(text, static_cast<std::size_t>(got));
    return core::one_line(who.substr(0, who.find('\n')));
}

std::string who_am_i(const std::string& daemon) {
    char host[256] = "";
    ::gethostname(host, sizeof host - 1);
    return "amba with pid " + std::to_string(::getpid()) + " on host " + host + ", daemon " +
           daemon + ", since " + now_rfc3339();
}

}  // namespace

Result<Descriptor> lock_state(const Paths& paths, const std::string& daemon, std::string& doubt) {
    Descriptor fd(::open(paths.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!fd && errno == EACCES) fd.reset(::open(paths.lock().c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return Descriptor();  // nowhere to put a lock: whoever writes the state says so
    int code = 0;
    do {
        code = ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    } while (code == EINTR);
    if (code != 0 && code != EWOULDBLOCK) {
        doubt = core::os_error("cannot lock " + paths.lock(), code).reason;
        return Descriptor();
    }
    if (code != 0) {
        return error("the state directory " + paths.state + " is in use by " + holder_of(fd.get()));
    }
    sign_lock(fd, daemon);
    return fd;
}

void sign_lock(const Descriptor& lock, const std::string& daemon) {
    const std::string who = who_am_i(daemon) + "\n";
    if (::ftruncate(lock.get(), 0) == 0) {
        [[maybe_unused]] const ssize_t wrote = ::pwrite(lock.get(), who.data(), who.size(), 0);
    }
}

Result<Descriptor> lock_writers(const Paths& paths, int seconds) {
    using namespace std::chrono_literals;
    Descriptor fd(::open(paths.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return core::os_error("cannot open " + paths.directory, errno);
    // Several writers one after the other are not one writer that holds the lock.
    const auto progress = [&] {
        return files::mark(paths.config()).value_or(files::Mark());
    };
    files::Mark last = progress();
    auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            // A file system without locks (ENOLCK, EOPNOTSUPP): better a table than none.
            return Descriptor();
        }
        if (const files::Mark now = progress(); now != last) {
            last = now;
            until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
        }
        if (std::chrono::steady_clock::now() > until) {
            return error("cannot lock " + paths.directory + ": another writer has held it for " +
                         std::to_string(seconds) + " s");
        }
        std::this_thread::sleep_for(2ms);
    }
    return fd;
}

}  // namespace amba::volume
