// One `amba run` in a volume of its own, and the ways to give it another table.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backend.hpp"

extern char** environ;

namespace load {

using Clock = std::chrono::steady_clock;

inline double milliseconds(Clock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

// Starts a program; its stdout and stderr go to `output`.
inline pid_t spawn(const std::vector<std::string>& words, const std::string& output) {
    std::vector<char*> arguments;
    for (const std::string& word : words)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const int flags = O_WRONLY | O_CREAT | O_APPEND;
    posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), flags, 0644);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    pid_t pid = -1;
    errno = posix_spawn(&pid, words.front().c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (errno != 0) die(words.front());
    return pid;
}

// The same for one that must not outlive this process, however it ends.
inline pid_t spawn_with_us(const std::vector<std::string>& words, const std::string& output) {
    std::vector<char*> arguments;
    for (const std::string& word : words)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0) die("fork");
    if (pid > 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int fd = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (getppid() != parent || dup2(fd, 1) < 0 || dup2(fd, 2) < 0) _exit(126);
    execv(arguments[0], arguments.data());
    dprintf(2, "%s: %s\n", arguments[0], std::strerror(errno));
    _exit(127);
}

// The exit code, or 128 and the signal.
inline int wait_for(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

inline std::string slurp(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// A port that is free on every address now.
inline std::uint16_t free_port() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in any = ipv4(INADDR_ANY, 0);
    socklen_t size = sizeof any;
    if (bind(fd, reinterpret_cast<sockaddr*>(&any), size) != 0) die("bind");
    getsockname(fd, reinterpret_cast<sockaddr*>(&any), &size);
    close(fd);
    return ntohs(any.sin_port);
}

class Ambassador {
  public:
    // Starts another process in the volume, which takes the place of this one; false when it does
    // not within a minute. The one before lives on with its connections.
    bool take_over(const std::vector<std::string>& table) {
        std::vector<std::string> words{program_, "run", "--dir", directory_, "--takeover"};
        words.insert(words.end(), table.begin(), table.end());
        before_.push_back(pid_);
        pid_ = spawn_with_us(words, log_path());
        const std::string says = "pid " + std::to_string(pid_) + " ";
        for (int i = 0; i < 6000; ++i) {
            if (slurp(directory_ + "/amba.lock").find(says) != std::string::npos) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return false;
    }
    // How many of those before have not ended. Waits for their end, at most so many seconds; the
    // exit codes of those that ended badly are added to `bad`.
    std::size_t end_of_those_before(int seconds, std::vector<int>& bad) {
        const auto until = Clock::now() + std::chrono::seconds(seconds);
        while (!before_.empty() && Clock::now() < until) {
            std::erase_if(before_, [&](pid_t pid) {
                int status = 0;
                if (waitpid(pid, &status, WNOHANG) != pid) return false;
                if (status != 0) bad.push_back(status);
                return true;
            });
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return before_.size();
    }

    // What the process holds now.
    struct Footprint {
        std::size_t descriptors = 0;
        long anonymous_kib = 0;
    };

    Ambassador(std::string program, const std::vector<std::string>& table) :
        program_(std::move(program)) {
        char name[] = "/tmp/amba-load.XXXXXX";
        if (mkdtemp(name) == nullptr) die(name);
        directory_ = name;
        std::vector<std::string> words{program_, "run", "--dir", directory_};
        words.insert(words.end(), table.begin(), table.end());
        pid_ = spawn_with_us(words, log_path());
    }
    ~Ambassador() {
        if (pid_ > 0) before_.push_back(pid_);
        for (const pid_t pid : before_) {
            kill(pid, SIGKILL);
            wait_for(pid);
        }
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    Ambassador(const Ambassador&) = delete;
    Ambassador& operator=(const Ambassador&) = delete;

    const std::string& program() const { return program_; }
    const std::string& directory() const { return directory_; }
    pid_t pid() const { return pid_; }
    std::string log_path() const { return directory_ + "/log"; }

    // Waits until it accepts at `host`:`port`; false after `seconds`.
    bool listens(std::uint32_t host, std::uint16_t port, int seconds = 60) const {
        const auto until = Clock::now() + std::chrono::seconds(seconds);
        while (Clock::now() < until) {
            if (ask("GET", "/healthz").starts_with("HTTP/1.1 200") && answers(host, port)) {
                return true;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return false;
    }

    // Replaces config.json as any tool may: another name, then rename.
    void write_config(const std::string& text) const {
        const std::string next = directory_ + "/config.json.next";
        {
            std::ofstream out(next, std::ios::binary);
            out << text;
            if (!out.flush()) die(next);
        }
        if (rename(next.c_str(), (directory_ + "/config.json").c_str()) != 0) die("rename");
    }

    // One HTTP request over amba.sock; the whole answer, or nothing within a minute.
    std::string ask(const std::string& method, const std::string& target) const {
        const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const timeval limit{60, 0};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::snprintf(address.sun_path, sizeof address.sun_path, "%s/amba.sock",
                      directory_.c_str());
        std::string answer;
        const std::string request = method + " " + target + " HTTP/1.1\r\nHost: amba\r\n\r\n";
        if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
            send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
            char buffer[4096];
            ssize_t got = 0;
            while ((got = recv(fd, buffer, sizeof buffer, 0)) > 0 || (got < 0 && errno == EINTR)) {
                if (got > 0) answer.append(buffer, static_cast<std::size_t>(got));
            }
        }
        close(fd);
        return answer;
    }

    // Runs `amba reconfigure --wait TABLE`; its exit code. What it said is in `said`.
    int reconfigure(const std::vector<std::string>& table, std::string* said = nullptr) const {
        std::vector<std::string> words{program_, "reconfigure", "--dir", directory_, "--wait=60s"};
        words.insert(words.end(), table.begin(), table.end());
        const std::string output = said ? directory_ + "/helper" : "/dev/null";
        if (said) unlink(output.c_str());
        const int code = wait_for(spawn(words, output));
        if (said) *said = slurp(output);
        return code;
    }

    Footprint footprint() const {
        const std::string proc = "/proc/" + std::to_string(pid_);
        Footprint out;
        std::error_code gone;
        for ([[maybe_unused]] const auto& fd :
             std::filesystem::directory_iterator(proc + "/fd", gone)) {
            ++out.descriptors;
        }
        const std::string status = slurp(proc + "/status");
        const std::size_t at = status.find("RssAnon:");
        if (at != std::string::npos) out.anonymous_kib = std::strtol(&status[at + 8], nullptr, 10);
        return out;
    }

    // SIGTERM; its exit code.
    int end() {
        kill(pid_, SIGTERM);
        return wait_for(std::exchange(pid_, -1));
    }

    std::string last_lines(std::size_t count) const {
        const std::string log = slurp(log_path());
        std::size_t at = log.size();
        for (std::size_t i = 0; i <= count && at != std::string::npos && at > 0; ++i) {
            at = log.rfind('\n', at - 1);
        }
        return at == std::string::npos || at == 0 ? log : log.substr(at + 1);
    }

  private:
    static bool answers(std::uint32_t host, std::uint16_t port) {
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_in address = ipv4(host, port);
        const bool up =
            connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        if (up) {  // a proper end: FIN, then whatever comes until FIN
            shutdown(fd, SHUT_WR);
            char rest[64];
            while (recv(fd, rest, sizeof rest, 0) > 0) {
            }
        }
        close(fd);
        return up;
    }

    std::string program_;
    std::string directory_;
    pid_t pid_ = -1;
    std::vector<pid_t> before_;  // which have handed over, and not ended yet
};

}  // namespace load
