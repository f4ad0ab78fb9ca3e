// bench_start: from exec to the first accepted connection, in microseconds, one line a run.
//
// Usage: bench_start ADDRESS PORT RUNS COMMAND...
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "sockets.hpp"

namespace {

using namespace bench;

pid_t start(char** command) {
    const pid_t child = check(vfork(), "vfork");  // returns once the child has become the command
    if (child != 0) return child;
    const int null = open("/dev/null", O_RDWR);
    dup2(null, 1);
    dup2(null, 2);
    execvp(command[0], command);
    _exit(127);
}

bool accepts(const Place& place) {
    const int fd = connect_to(place);
    if (fd < 0) return false;
    pollfd wait{fd, POLLOUT, 0};
    const bool well = poll(&wait, 1, 1000) == 1 && (wait.revents & (POLLERR | POLLHUP)) == 0;
    close(fd);
    return well;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) fail("usage: bench_start ADDRESS PORT RUNS COMMAND...");
    const Place place{argv[1], std::atoi(argv[2])};
    for (int run = std::atoi(argv[3]); run > 0; --run) {
        const Time before = Clock::now();
        const pid_t child = start(argv + 4);
        const Time limit = before + std::chrono::seconds(5);
        while (!accepts(place)) {
            if (waitpid(child, nullptr, WNOHANG) == child) fail("the command has ended");
            if (Clock::now() > limit) fail("nobody listens after 5 s");
        }
        const auto took =
            std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - before);
        std::cout << took.count() << std::endl;
        // No backend serves: after SIGTERM it would go on trying for the connection that it has
        // accepted.
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
    }
    return 0;
}
