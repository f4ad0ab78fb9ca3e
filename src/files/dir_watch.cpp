// inotify watches inodes: which of them lead to a file by its name has to be found out after each
// event.
#include "amba/files/dir_watch.hpp"

#include <linux/magic.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <utility>

#include "amba/log/log.hpp"

namespace amba::files {

using namespace std::chrono_literals;

namespace {

constexpr auto kPollEvery = 500ms;
constexpr int kMostLinks = 40;  // as the kernel allows (path_resolution(7))
constexpr int kTries = 5;       // of a way that changes while it is being watched
constexpr std::uint32_t kDirectoryEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM |
                                           IN_CREATE | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF |
                                           IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::uint32_t kFileEvents = IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t kGone = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT;

// True: others may write to it without this kernel's knowledge.
bool is_remote(const std::string& path) {
    constexpr long kRemote[] = {NFS_SUPER_MAGIC,  SMB_SUPER_MAGIC,  CIFS_SUPER_MAGIC,
                                SMB2_SUPER_MAGIC, FUSE_SUPER_MAGIC, V9FS_MAGIC,
                                CEPH_SUPER_MAGIC, AFS_SUPER_MAGIC};
    struct statfs info {};
    if (::statfs(path.c_str(), &info) != 0) return false;
    return std::find(std::begin(kRemote), std::end(kRemote), static_cast<long>(info.f_type)) !=
           std::end(kRemote);
}

// The target of a symbolic link; empty: it is none.
std::string target_of(const std::string& path) {
    char target[4096];
    const ssize_t length = ::readlink(path.c_str(), target, sizeof target);
    return length > 0 ? std::string(target, static_cast<std::size_t>(length)) : std::string();
}

void put_first(std::deque<std::string>& names, const std::string& path) {
    std::deque<std::string> parts;
    for (std::size_t at = 0; at < path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        if (end > at) parts.push_back(path.substr(at, end - at));
        at = end + 1;
    }
    names.insert(names.begin(), parts.begin(), parts.end());
}

}  // namespace

DirWatch::DirWatch(boost::asio::io_context& loop, std::string directory, std::string file,
                   std::function<void()> changed, bool force_polling) :
    inotify_(loop),
    timer_(loop), directory_(std::move(directory)), file_(std::move(file)),
    changed_(std::move(changed)), last_mark_(file_mark()) {
    if (force_polling) {
        poll_because("as asked for");
    } else if (!start_inotify()) {
        poll_because(std::string("inotify: ") + std::strerror(errno));
    }
}

void DirWatch::keep(std::string directory, std::set<std::string> names,
                    std::function<void()> touched) {
    kept_directory_ = std::move(directory);
    kept_ = std::move(names);
    touched_ = std::move(touched);
    last_kept_ = kept_ids();
    follow();
}

bool DirWatch::start_inotify() {
    const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0) return false;
    inotify_.assign(fd);
    follow();
    read_events();
    return true;
}

// From the directory on, name by name, as the kernel would: each link is a name that matters in the
// directory that it is in, and so is the last name of all, be it there or not.
DirWatch::Way DirWatch::way() const {
    Way out;
    out[directory_];  // watched even where no name in it matters, as it may go itself
    if (!kept_directory_.empty()) out[kept_directory_].kept = true;
    std::string at = directory_;
    std::deque<std::string> names{file_};
    for (int links = 0; !names.empty() && links <= kMostLinks;) {
        const std::string name = std::move(names.front());
        names.pop_front();
        std::string path = at;
        path.append("/").append(name);
        const std::string target = target_of(path);
        if (!target.empty() || names.empty()) out[at].leading.insert(name);
        if (target.empty()) {
            at = path;
            continue;
        }
        ++links;
        if (target.front() == '/') at.clear();
        put_first(names, target);
    }
    struct stat info {};
    if (names.empty() && ::stat(at.c_str(), &info) == 0 && S_ISREG(info.st_mode)) {
        out[at].file = true;
    }
    return out;
}

// Watches what leads to the file now.
void DirWatch::follow() {
    if (!inotify_.is_open()) return;
    for (int i = 0; i < kTries; ++i) {
        const Way now = way();
        const bool whole = watch_all(now);
        const int code = errno;
        const Way then = way();
        const bool same = std::equal(
            now.begin(), now.end(), then.begin(), then.end(), [](const auto& x, const auto& y) {
                return x.first == y.first && x.second.leading == y.second.leading &&
                       x.second.file == y.second.file;
            });
        if (!whole && (same || i + 1 == kTries)) return poll_because(std::strerror(code));
        if (same) break;
    }
    if (is_remote(directory_ + "/" + file_) || is_remote(directory_)) {
        return poll_because("others may write to that file system unseen");
    }
    if (!polling_) return;
    polling_ = false;
    timer_.cancel();
    log::info("watch", "watching " + directory_ + "/" + file_ + " again");
}

bool DirWatch::watch_all(const Way& way) {
    std::map<int, Watched> next;
    bool whole = true;
    int code = 0;
    for (const auto& [path, what] : way) {
        const int watch =
            inotify_add_watch(inotify_.native_handle(), path.empty() ? "/" : path.c_str(),
                              what.file ? kFileEvents : kDirectoryEvents);
        if (watch < 0) {
            code = errno;
            // When a file has gone since, the watch of its directory tells.
            whole = whole && what.file;
            continue;
        }
        Watched& known = next[watch];
        known.leading.insert(what.leading.begin(), what.leading.end());
        known.kept |= what.kept;
        known.file |= what.file;
    }
    for (const auto& [watch, what] : watched_) {
        if (!next.contains(watch)) inotify_rm_watch(inotify_.native_handle(), watch);
    }
    watched_ = std::move(next);
    errno = code;
    return whole;
}

void DirWatch::read_events() {
    inotify_.async_wait(
        boost::asio::posix::stream_descriptor::wait_read,
        [this](const boost::system::error_code& error) {
            if (error) return;
            alignas(inotify_event) char buffer[4096];
            bool changed = false;
            bool touched = false;
            ssize_t got = 0;
            while ((got = ::read(inotify_.native_handle(), buffer, sizeof buffer)) > 0) {
                for (const char* at = buffer; at < buffer + got;) {
                    const auto* event = reinterpret_cast<const inotify_event*>(at);
                    at += sizeof *event + event->len;
                    const bool lost = (event->mask & IN_Q_OVERFLOW) != 0;
                    const auto found = watched_.find(event->wd);
                    if (found == watched_.end() && !lost) continue;
                    const Watched none;
                    const Watched& what = lost ? none : found->second;
                    const std::string name = event->len > 0 ? event->name : "";
                    const bool all = lost || (event->mask & kGone) != 0;
                    // An event without a name is about the directory's own mode, or about the file.
                    changed |= all || name.empty() || what.leading.contains(name);
                    touched |= all || what.kept;
                }
            }
            read_events();
            if (changed) follow();
            if (touched && touched_) touched_();
            if (changed) changed_();
        });
}

void DirWatch::poll_because(const std::string& why) {
    if (std::exchange(polling_, true)) return;
    log::warning("watch", "polling " + directory_ + "/" + file_ +
                              " every 500 ms instead of watching it (" + why + ")");
    poll();
}

void DirWatch::poll() {
    timer_.expires_after(kPollEvery);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error || !polling_) return;
        const std::optional<Mark> now = file_mark();
        const bool moved = std::exchange(last_mark_, now) != now;
        const std::vector<FileId> kept_now = kept_ids();
        const bool kept_moved = std::exchange(last_kept_, kept_now) != kept_now;
        follow();
        // A watch that holds again does not tell what happened between the last look and its begin.
        const bool again = !polling_;
        if (polling_) poll();
        if (touched_ && (kept_moved || again)) touched_();
        if (moved || again) changed_();
    });
}

std::vector<FileId> DirWatch::kept_ids() const {
    std::vector<FileId> out{file_id(kept_directory_).value_or(FileId())};
    for (const std::string& name : kept_)
        out.push_back(file_id(kept_directory_ + "/" + name).value_or(FileId()));
    return out;
}

std::optional<Mark> DirWatch::file_mark() const {
    return mark(directory_ + "/" + file_);
}

}  // namespace amba::files
