// A child process: arguments, environment, limits; its output in files; ends with the test.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "support/eventually.hpp"
#include "support/temp_dir.hpp"

namespace amba::test {

class Process {
  public:
    struct Options {
        std::map<std::string, std::string> environment;  // beside that of the test
        std::string input;                               // standard input
        std::optional<unsigned> descriptors;             // RLIMIT_NOFILE, soft and hard
        std::optional<unsigned> soft_descriptors;        // the soft one alone
        std::optional<uid_t> uid;
        std::string cgroup;        // its directory; empty: that of the test
        std::optional<int> error;  // standard error, instead of a file; -1: closed
    };

    Process(const std::vector<std::string>& command, const Options& options);
    ~Process();  // SIGKILL, when it still runs
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    pid_t pid() const { return pid_; }
    bool running();
    void signal(int number);
    // The exit code, or 128 plus the number of the signal that ended it, as a shell says. Throws
    // when it does not end in time.
    int wait(Milliseconds at_most = kPatience);

    std::string out() const { return read_file(files_ / "out"); }
    std::string err() const { return read_file(files_ / "err"); }

    std::size_t descriptors() const;   // open ones
    std::size_t anonymous_kb() const;  // RssAnon: without pages of files, which come and go
    // Built with AddressSanitizer: it keeps freed memory, so that growth says nothing.
    bool sanitized() const;

  private:
    void reap(int flags);

    TempDir files_;
    pid_t pid_ = -1;
    std::optional<int> status_;
};

}  // namespace amba::test
