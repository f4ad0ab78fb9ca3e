// Tells when a file in a directory may have changed, however that was done: renamed over, rewritten
// in place, also through another mount of the same file, deleted and made again with its directory
// or without, a symbolic link swapped, or the file that it leads to.
//
// It watches (inotify(7)) the directories on the way to the file, one for each link, which tell of
// renames, and the file itself, whose inode tells of writes through other paths. After each event
// it finds out anew which directories are on the way. Where inotify is missing, fails or has run
// out (fs.inotify.max_user_instances, 128 by default for all containers of one uid), where the
// directory is gone, and on file systems that others write to unseen (NFS, SMB, FUSE, 9p, Ceph), it
// compares the file's stat(2) every 500 ms, instead or as well.
#pragma once

#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "amba/files/files.hpp"

namespace amba::files {

class DirWatch {
  public:
    // `force_polling` is for tests.
    DirWatch(boost::asio::io_context& loop, std::string directory, std::string file,
             std::function<void()> changed, bool force_polling = false);

    // Tells as well when one of `names` in `directory`, or the directory itself, may have gone or
    // been replaced. Where the directory is watched, all that happens in it is told.
    void keep(std::string directory, std::set<std::string> names, std::function<void()> touched);
    // Looks again for what leads to the file: inotify does not tell that a directory was removed
    // while somebody has it open.
    void follow();

    bool polling() const { return polling_; }

  private:
    // What is watched in a directory: names that lead to the file, and all names of what is kept.
    struct Watched {
        std::set<std::string> leading;
        bool kept = false;
        bool file = false;  // it is the file itself
    };
    using Way = std::map<std::string, Watched>;  // by path

    Way way() const;
    bool start_inotify();
    bool watch_all(const Way& way);
    void read_events();
    void poll_because(const std::string& why);
    void poll();
    std::optional<Mark> file_mark() const;
    std::vector<FileId> kept_ids() const;  // of what is kept, and of its directory

    boost::asio::posix::stream_descriptor inotify_;
    boost::asio::steady_timer timer_;
    const std::string directory_;
    const std::string file_;
    const std::function<void()> changed_;
    std::string kept_directory_;
    std::set<std::string> kept_;
    std::function<void()> touched_;
    std::map<int, Watched> watched_;  // by descriptor of the watch
    std::optional<Mark> last_mark_;
    std::vector<FileId> last_kept_;
    bool polling_ = false;
};

}  // namespace amba::files
