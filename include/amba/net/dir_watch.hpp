// Tells when a file in a directory may have changed, however that was done: renamed over, rewritten
// in place, deleted and made again, a symbolic link swapped.
//
// The directory is watched (inotify(7)), not the file, whose watch would die with a rename. Where
// inotify is missing, fails or has run out (fs.inotify.max_user_instances, 128 by default for all
// containers of one uid), the file's stat(2) is compared every 500 ms.
#pragma once

#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <set>
#include <string>

namespace amba::net {

class DirWatch {
  public:
    // Events of names in `ignored` do not count. `force_polling` is for tests.
    DirWatch(boost::asio::io_context& loop, std::string directory, std::string file,
             std::set<std::string> ignored, std::function<void()> changed,
             bool force_polling = false);

    bool polling() const { return polling_; }

  private:
    bool start_inotify();
    void read_events();
    void fall_back(const std::string& why);
    void poll();
    std::string mark() const;  // changes when the file does

    boost::asio::posix::stream_descriptor inotify_;
    boost::asio::steady_timer timer_;
    const std::string directory_;
    const std::string path_;
    const std::set<std::string> ignored_;
    const std::function<void()> changed_;
    std::string last_mark_;
    bool polling_ = false;
};

}  // namespace amba::net
