#include "support/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

extern char** environ;

namespace amba::test {

namespace {

std::vector<std::string> environment_with(const std::map<std::string, std::string>& more) {
    std::vector<std::string> out;
    for (char** at = environ; *at != nullptr; ++at) {
        const std::string entry = *at;
        if (!more.contains(entry.substr(0, entry.find('=')))) out.push_back(entry);
    }
    for (const auto& [name, value] : more)
        out.push_back(name + "=" + value);
    return out;
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
    std::vector<char*> out;
    for (const std::string& word : words)
        out.push_back(const_cast<char*>(word.c_str()));
    out.push_back(nullptr);
    return out;
}

int open_file(const std::string& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
    if (fd < 0) throw std::runtime_error("cannot open " + path);
    return fd;
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const Options& options) {
    write_in_place(files_ / "in", options.input);
    const int in = open_file(files_ / "in", O_RDONLY);
    const int out = open_file(files_ / "out", O_WRONLY | O_CREAT | O_APPEND);
    const int err = open_file(files_ / "err", O_WRONLY | O_CREAT | O_APPEND);
    // Made before the fork: a child of a program with threads may not allocate.
    const std::vector<std::string> variables = environment_with(options.environment);
    const std::vector<char*> argv = pointers(command);
    const std::vector<char*> envp = pointers(variables);
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves nothing behind
        ::dup2(in, 0);
        ::dup2(out, 1);
        ::dup2(options.error.value_or(err), 2);
        if (options.error == -1) ::close(2);
        if (!options.cgroup.empty()) {
            const int procs = ::open((options.cgroup + "/cgroup.procs").c_str(), O_WRONLY);
            if (::write(procs, "0", 1) != 1) _exit(126);  // the one that writes (cgroups(7))
            ::close(procs);
        }
        if (options.descriptors) {
            const rlimit limit{*options.descriptors, *options.descriptors};
            ::setrlimit(RLIMIT_NOFILE, &limit);
        }
        if (options.soft_descriptors) {
            rlimit limit{};
            ::getrlimit(RLIMIT_NOFILE, &limit);
            limit.rlim_cur = *options.soft_descriptors;
            ::setrlimit(RLIMIT_NOFILE, &limit);
        }
        if (options.uid && (::setgid(*options.uid) != 0 || ::setuid(*options.uid) != 0)) _exit(126);
        ::execve(argv[0], argv.data(), envp.data());
        _exit(127);
    }
    for (const int fd : {in, out, err})
        ::close(fd);
    if (pid_ < 0) throw std::runtime_error("fork");
}

Process::~Process() {
    if (!running()) return;
    ::kill(pid_, SIGKILL);
    reap(0);
}

void Process::reap(int flags) {
    int status = 0;
    if (status_ || ::waitpid(pid_, &status, flags) != pid_) return;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool Process::running() {
    reap(WNOHANG);
    return !status_;
}

void Process::signal(int number) {
    if (running()) ::kill(pid_, number);
}

int Process::wait(Milliseconds at_most) {
    if (!eventually([&] { return !running(); }, at_most)) {
        throw std::runtime_error("process " + std::to_string(pid_) + " does not end; it said:\n" +
                                 out() + err());
    }
    return *status_;
}

std::size_t Process::descriptors() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/fd"))
        ++count;
    return count;
}

std::size_t Process::anonymous_kb() const {
    std::ifstream in("/proc/" + std::to_string(pid_) + "/status");
    std::string word;
    while (in >> word) {
        std::size_t kb = 0;
        if (word == "RssAnon:" && in >> kb) return kb;
    }
    throw std::runtime_error("no RssAnon");
}

bool Process::sanitized() const {
    std::ifstream in("/proc/" + std::to_string(pid_) + "/maps");
    const std::string maps((std::istreambuf_iterator<char>(in)), {});
    return maps.find("/libasan.so") != std::string::npos;
}

}  // namespace amba::test
