// batch: verbs for many ambassadors, told by the fleet tool on standard input. A process for each
// of hundreds of tables would cost more than all of these tables; here each is a file and a
// request.
//
//   {"id": 1, "dir": "/volumes/x", "words": ["reconfigure", "--wait=5s", "127.127.0.2:6379"]}
//   {"id": 1, "code": 0, "out": "applied as generation 1\n", "err": ""}
//
// One object a line; answers come in the order in which the verbs end. {"id": 1, "absent": true}:
// no ambassador has ever run in that directory, and nothing was done. The first line is {"ready":
// true}.
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "cli/commands.hpp"

namespace amba::cli {

namespace {

using Json = nlohmann::json;

// A task waits for a verdict most of the time: that of a paused ambassador takes 5 s.
constexpr std::size_t kAtATime = 32;
// The fleet tool may be alive and have lost its connection without a word.
constexpr int kIdleMs = 10 * 60 * 1000;
constexpr std::size_t kLongestLine = std::size_t{64} << 20;

struct Task {
    Json id;
    std::string directory;
    Arguments words;
};

// Only verbs that look at a volume, or write a table into it, and end.
core::Result<Task> parse_task(const std::string& line) {
    static const std::set<std::string> kVerbs{"reconfigure", "showconfig", "status", "healthcheck"};
    const Json root = Json::parse(line, nullptr, false);
    if (!root.is_object()) return core::error(core::quote(line) + ": expected a JSON object");
    try {
        Task task{root.at("id"), root.at("dir").get<std::string>(),
                  root.at("words").get<Arguments>()};
        if (task.words.empty() || !kVerbs.contains(task.words[0])) {
            return core::error(core::quote(line) +
                               ": expected reconfigure, showconfig, status or healthcheck");
        }
        return task;
    } catch (const Json::exception&) {
        return core::error(core::quote(line) + ": expected id, dir and words");
    }
}

// Every ambassador makes its lock before any other file.
bool has_ambassador(const std::string& directory) {
    struct stat info {};
    return ::stat(volume::Paths{directory, directory}.lock().c_str(), &info) == 0;
}

std::string done(const Task& task) {
    Json out{{"id", task.id}};
    if (!has_ambassador(task.directory)) {
        out["absent"] = true;
    } else {
        Arguments words = task.words;
        words.insert(words.begin() + 1, {"--dir", task.directory, "--state-dir", task.directory});
        const Output said = run_aside(std::move(words));
        out["code"] = said.code;
        out["out"] = said.out;
        out["err"] = said.err;
    }
    return out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// As many threads as there are tasks at a time, up to kAtATime. Its end waits for theirs.
class Workers {
  public:
    void add(Task task) {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
        if (idle_ < tasks_.size() && threads_.size() < kAtATime) {
            threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
        }
        more_.notify_one();
    }
    bool busy() {
        const std::lock_guard lock(mutex_);
        return !tasks_.empty() || idle_ < threads_.size();
    }

  private:
    void work(const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        for (;;) {
            ++idle_;
            const bool found = more_.wait(lock, stop, [this] { return !tasks_.empty(); });
            --idle_;
            if (!found) return;
            const Task task = std::move(tasks_.front());
            tasks_.pop_front();
            lock.unlock();
            say(done(task));
            lock.lock();
        }
    }

    // Whoever asks may still be writing, and not read yet: tasks are taken all the same.
    void say(const std::string& answer) {
        const std::lock_guard lock(saying_);
        print(answer);
    }

    std::mutex saying_;
    std::mutex mutex_;
    std::condition_variable_any more_;
    std::deque<Task> tasks_;
    std::size_t idle_ = 0;
    std::vector<std::jthread> threads_;  // last: they are told to stop, and end, before all else
};

// False: there is no more.
bool read_some(std::string& text, Workers& workers) {
    static std::array<char, 65536> piece;
    pollfd input{STDIN_FILENO, POLLIN, 0};
    int ready = 0;
    while ((ready = ::poll(&input, 1, kIdleMs)) <= 0) {
        if (ready == 0 && !workers.busy()) return false;
        if (ready < 0 && errno != EINTR) return false;
    }
    const ssize_t got = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) return true;
    if (got <= 0) return false;
    text.append(piece.data(), static_cast<std::size_t>(got));
    return true;
}

}  // namespace

int command_batch(Arguments arguments) {
    CLI::App app(
        "Run verbs for many ambassadors: JSON objects on standard input, one a line, and an answer "
        "to each on standard output. The fleet tool speaks to it where a process for each would "
        "cost more.",
        "batch");
    app.footer(
        "Example:\n  {\"id\": 1, \"dir\": \"/run/amba\", \"words\": [\"status\", \"--json\"]}");
    if (const auto code = parse(app, std::move(arguments))) return *code;
    std::signal(SIGPIPE, SIG_IGN);
    print("{\"ready\": true}\n");
    Workers workers;
    std::string text;
    while (read_some(text, workers)) {
        std::size_t begin = 0;
        for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos;) {
            auto task = parse_task(text.substr(begin, end - begin));
            if (!task) return fail(kWrong, task.error().reason);
            workers.add(std::move(*task));
            begin = end + 1;
        }
        text.erase(0, begin);
        if (text.size() > kLongestLine) return fail(kWrong, "a line is longer than 64 MB");
    }
    return kDone;
}

}  // namespace amba::cli
