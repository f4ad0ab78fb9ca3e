// An Engine that maps users, as its socket looks from within one of its containers.
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <string>

#include "docker/wire.hpp"
#include "support/temp_dir.hpp"

using namespace amba;
using namespace amba::docker;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

// What is said of a question to that host by root of a user namespace where root is uid 100000.
std::string asked_from_within(const Host& host) {
    int ready[2], mapped[2], out[2];
    if (::pipe(ready) != 0 || ::pipe(mapped) != 0 || ::pipe(out) != 0) return "no pipe";
    const pid_t child = ::fork();
    if (child == 0) {
        char byte = 0;
        std::string reason = "cannot become another user";
        const bool apart = ::unshare(CLONE_NEWUSER) == 0;
        if (::write(ready[1], "x", 1) == 1 && ::read(mapped[0], &byte, 1) == 1 && apart &&
            ::setgroups(0, nullptr) == 0 && ::setresgid(0, 0, 0) == 0 &&
            ::setresuid(0, 0, 0) == 0) {
            const auto answer = exchange(host, {.path = "/x"}, CallLimits(10s));
            reason = answer ? "it answers" : answer.error().reason;
        }
        if (::write(out[1], reason.data(), reason.size()) < 0) ::_exit(2);
        ::_exit(0);
    }
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    for (const char* map : {"uid_map", "gid_map"})
        std::ofstream("/proc/" + std::to_string(child) + "/" + map) << "0 100000 65536\n";
    EXPECT_EQ(::write(mapped[1], "x", 1), 1);
    ::close(out[1]);
    std::string reason(4096, '\0');
    const ssize_t got = ::read(out[0], reason.data(), reason.size());
    reason.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    int status = 0;
    ::waitpid(child, &status, 0);
    for (const int fd : {ready[0], ready[1], mapped[0], mapped[1], out[0]})
        ::close(fd);
    return reason;
}

}  // namespace

// Its owner is nobody there: that the user should be in the group 65534 would be no help.
TEST(UserNamespace, TheSocketIsOfNobody) {
    if (::geteuid() != 0) GTEST_SKIP() << "to map users takes root";
    const test::TempDir dir;
    ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
    Host host;
    host.path = dir / "docker.sock";
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, host.path.c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener, 1), 0);
    ASSERT_EQ(::chmod(host.path.c_str(), 0660), 0);
    const std::string reason = asked_from_within(host);
    ::close(listener);
    EXPECT_THAT(reason, HasSubstr("permission denied; the Engine maps users (userns-remap)"));
    EXPECT_THAT(reason, HasSubstr("--userns=host"));
    EXPECT_THAT(reason, testing::Not(HasSubstr("65534")));
}
