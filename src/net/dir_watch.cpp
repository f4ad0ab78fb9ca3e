#include "amba/net/dir_watch.hpp"

#include <sys/inotify.h>

#include <cerrno>
#include <cstring>

#include "amba/log/log.hpp"

namespace amba::net {

using namespace std::chrono_literals;

namespace {

constexpr auto kPollEvery = 500ms;
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE |
                                  IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |
                                  IN_ONLYDIR;

}  // namespace

DirWatch::DirWatch(boost::asio::io_context& loop, std::string directory, std::string file,
                   std::set<std::string> ignored, std::function<void()> changed,
                   bool force_polling) :
    inotify_(loop),
    timer_(loop), directory_(std::move(directory)), path_(directory_ + "/" + file),
    ignored_(std::move(ignored)), changed_(std::move(changed)), last_mark_(mark()) {
    if (force_polling) {
        fall_back("as asked for");
    } else if (!start_inotify()) {
        fall_back(std::string("inotify: ") + std::strerror(errno));
    }
}

bool DirWatch::start_inotify() {
    const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0) return false;
    if (inotify_add_watch(fd, directory_.c_str(), kEvents) < 0) {
        const int code = errno;
        ::close(fd);
        errno = code;
        return false;
    }
    inotify_.assign(fd);
    read_events();
    return true;
}

void DirWatch::read_events() {
    inotify_.async_wait(
        boost::asio::posix::stream_descriptor::wait_read,
        [this](const boost::system::error_code& error) {
            if (error) return;
            alignas(inotify_event) char buffer[4096];
            bool any = false;
            bool lost = false;
            ssize_t got = 0;
            while ((got = ::read(inotify_.native_handle(), buffer, sizeof buffer)) > 0) {
                for (const char* at = buffer; at < buffer + got;) {
                    const auto* event = reinterpret_cast<const inotify_event*>(at);
                    at += sizeof *event + event->len;
                    if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) lost = true;
                    if (event->len == 0 || !ignored_.contains(event->name)) any = true;
                }
            }
            if (lost) {
                inotify_.close();
                fall_back("the directory was moved or deleted");
            } else {
                read_events();
            }
            if (any) changed_();
        });
}

void DirWatch::fall_back(const std::string& why) {
    polling_ = true;
    log::warning("watch",
                 "polling " + path_ + " every 500 ms instead of watching it (" + why + ")");
    poll();
}

void DirWatch::poll() {
    timer_.expires_after(kPollEvery);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        std::string now = mark();
        const bool moved = now != last_mark_;
        last_mark_ = std::move(now);
        poll();
        if (moved) changed_();
    });
}

std::string DirWatch::mark() const {
    struct stat now {};
    if (::stat(path_.c_str(), &now) != 0) return "none";
    std::string out;
    for (const auto part :
         {static_cast<long long>(now.st_dev), static_cast<long long>(now.st_ino),
          static_cast<long long>(now.st_size), static_cast<long long>(now.st_mtim.tv_sec),
          static_cast<long long>(now.st_mtim.tv_nsec), static_cast<long long>(now.st_ctim.tv_sec),
          static_cast<long long>(now.st_ctim.tv_nsec)}) {
        out += std::to_string(part) + ".";
    }
    return out;
}

}  // namespace amba::net
