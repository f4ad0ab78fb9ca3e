// A /proc of a test's own.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "support/temp_dir.hpp"

namespace amba::test {

class ProcDouble {
  public:
    ProcDouble() {
        for (const char* name : {"/proc", "/proc/self", "/proc/self/fd", "/proc/net"})
            ::mkdir((root() + name).c_str(), 0755);
        process("self", "amba", "0::/own\n");
        process("7", "amba", "0::/own\n");
        sockets({});
    }
    const std::string& root() const { return directory_.path(); }

    void process(const std::string& pid, const std::string& name, const std::string& group) {
        const std::string directory = root() + "/proc/" + pid;
        ::mkdir(directory.c_str(), 0755);
        write_in_place(directory + "/cgroup", group);
        write_in_place(directory + "/comm", name + "\n");
    }
    void ends(const std::string& pid) {
        const std::string directory = root() + "/proc/" + pid;
        ::unlink((directory + "/cgroup").c_str());
        ::unlink((directory + "/comm").c_str());
        ::rmdir(directory.c_str());
    }
    // A descriptor of this process.
    void own(int fd, const std::string& to) {
        const std::string path = root() + "/proc/self/fd/" + std::to_string(fd);
        ::unlink(path.c_str());
        EXPECT_EQ(::symlink(to.c_str(), path.c_str()), 0);
    }
    // "LOCAL STATE INODE" each.
    struct Line {
        std::string local;
        std::string state;
        std::string inode;
    };
    void sockets(const std::vector<Line>& lines, const std::string& file = "tcp") {
        std::string text =
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid"
            "  timeout inode\n";
        for (const Line& one : lines)
            text += "   0: " + one.local + " 00000000:0000 " + one.state +
                    " 00000000:00000000 00:00000000 00000000     0        0 " + one.inode +
                    " 1 0000000000000000 100 0 0 10 0\n";
        write_in_place(root() + "/proc/net/" + file, text);
    }

  private:
    TempDir directory_;
};

}  // namespace amba::test
